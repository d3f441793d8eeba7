/** How the values of types become bytes: one part. */
export * from "./composite-codecs.ts";
export * from "./scalar-codecs.ts";
export { decodeValue, encodeValue } from "./value-bytes.ts";
