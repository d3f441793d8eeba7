import { NO_TIMESTAMP } from "../time/timestamp.ts";

/** Rows of a batch that a source makes, at most. */
export const BATCH_ROWS = 4_096;

const NONE = /* @__PURE__ */ new Float64Array(BATCH_ROWS).fill(NO_TIMESTAMP);

/** The timestamps of at most `BATCH_ROWS` records that have none. Shared by all batches, which never change them. */
export function noTimestamps(count: number): Float64Array {
  return NONE.subarray(0, count);
}
