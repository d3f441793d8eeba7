import { BatchLayout, type BatchTimes, ColumnBatch, NO_WATERMARKS, type WatermarkPositions } from "./column-batch.ts";
import { objectColumn } from "./column.ts";

/** Records as they are, in a single column of objects. */
const RECORDS = /* @__PURE__ */ new BatchLayout(undefined);

export interface RecordBatchOptions {
  /** One a record, or more; −Infinity where it has none. */
  readonly timestamps: Float64Array;
  readonly times?: BatchTimes | undefined;
  readonly watermarks?: WatermarkPositions;
}

/** A batch that holds these very records: `batch.records`. The array must not change for as long as the batch is in use. */
export function recordBatch(records: readonly unknown[], { timestamps, times, watermarks = NO_WATERMARKS }: RecordBatchOptions): ColumnBatch {
  return new ColumnBatch({ layout: RECORDS, rowCount: records.length, columns: [objectColumn(records)], timestamps, times, watermarks, selection: undefined });
}
