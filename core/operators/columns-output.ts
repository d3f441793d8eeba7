import type { ColumnBatch } from "../data/column-batch.ts";
import type { Output } from "./operator.ts";

/**
 * What hands a batch to an output: as it is where the output takes such batches, else row by row, each made anew. Made once for an output. It returns whether
 * nobody keeps memory of the batch.
 */
export function columnsInto(output: Output<unknown>): (batch: ColumnBatch) => boolean {
  const { processColumns, processRecords } = output;
  const byRows = rowsOfInto(output);
  const columns = processColumns === undefined ? byRows : (batch: ColumnBatch): boolean => output.processColumns!(batch) === true;
  const records = processRecords === undefined ? byRows : (batch: ColumnBatch): boolean => output.processRecords!(batch) === true;
  return columns === records ? columns : (batch) => (batch.records === undefined ? columns : records)(batch);
}

function rowsOfInto(output: Output<unknown>): (batch: ColumnBatch) => boolean {
  if (output.processRowsOf !== undefined) return (batch) => output.processRowsOf!(batch) === true;
  return (batch) => {
    rowsInto(output, batch);
    return true;
  };
}

/** Hands a batch to an output row by row, whether it takes batches or not. */
export function rowsInto(output: Output<never>, batch: ColumnBatch): void {
  batch.forEach(
    (row) => output.processRecord(batch.rowAt(row) as never, batch.timestamps[row]!),
    (watermark) => output.processWatermark(watermark),
  );
}
