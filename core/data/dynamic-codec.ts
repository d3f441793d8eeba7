/** What writes and reads values that describe themselves: one part. */
export { DynamicReader } from "./dynamic-reader.ts";
export { DynamicWriter } from "./dynamic-writer.ts";
