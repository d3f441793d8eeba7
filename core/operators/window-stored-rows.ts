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

/** An object of its own for each subtask: what is in state is nobody else's. */
export function noRows(): StoredRows {
  return { records: [], timestamps: [], positions: [], watermarks: [] };
}
