import { type Type, types } from "../data/type.ts";

/** What is left of a batch that waits for a firing, as it is stored: every subtask stores one, empty in most cases. */
export interface StoredRows {
  readonly records: readonly unknown[];
  readonly timestamps: readonly number[];
  /** Watermark `i` comes before record `positions[i]`. */
  readonly positions: readonly number[];
  readonly watermarks: readonly number[];
}

export const storedRowsType = types.dynamic as Type<StoredRows>;

export const NO_ROWS: StoredRows = { records: [], timestamps: [], positions: [], watermarks: [] };
