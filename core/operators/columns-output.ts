import type { ColumnBatch } from "../data/column-batch.ts";
import type { Output } from "./operator.ts";

/** What hands a batch to an output: as it is where the output takes batches, else row by row, each made anew. Made once for an output. */
export function columnsInto(output: Output<unknown>): (batch: ColumnBatch) => void {
  if (output.processColumns !== undefined) return (batch) => output.processColumns!(batch);
  const watermark = (time: number): void => output.processWatermark(time);
  return (batch) => batch.forEach((row) => output.processRecord(batch.rowAt(row), batch.timestamps[row]!), watermark);
}
