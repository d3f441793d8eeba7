/** What makes bytes of values that are no records: one part. */
export { types } from "./type.ts";
export { decodeValue, encodeValue } from "./value-bytes.ts";
