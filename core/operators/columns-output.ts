import type { ColumnBatch } from "../data/column-batch.ts";
import type { Output } from "./operator.ts";

/** What hands a batch to an output: as it is where the output takes batches, else row by row, each made anew. Made once for an output. */
export function columnsInto(output: Output<unknown>): (batch: ColumnBatch) => void {
  if (output.processColumns !== undefined) return (batch) => output.processColumns!(batch);
  if (output.processRowsOf !== undefined) return (batch) => output.processRowsOf!(batch);
  return (batch) => rowsInto(output, batch);
}

/** Hands a batch to an output row by row, whether it takes batches or not. */
export function rowsInto(output: Output<never>, batch: ColumnBatch): void {
  batch.forEach(
    (row) => output.processRecord(batch.rowAt(row) as never, batch.timestamps[row]!),
    (watermark) => output.processWatermark(watermark),
  );
}
