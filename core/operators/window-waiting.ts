import { BatchCursor } from "../data/batch-cursor.ts";
import { BufferBuilder, BufferReader, DONE } from "../data/channel-buffer.ts";
import { ColumnBatch } from "../data/column-batch.ts";
import { recordBatch } from "../data/record-batch.ts";

/** What is left of a batch, as a channel buffer: from this record on, and from this watermark. */
export function waitingBytes(batch: ColumnBatch, index: number, nextWatermark: number): Uint8Array {
  const rows = batch.watermarks.rows.slice(nextWatermark);
  const watermarks = batch.watermarks.watermarks.slice(nextWatermark);
  const rest = new ColumnBatch({ ...batch, watermarks: { rows, watermarks } });
  const builder = new BufferBuilder();
  builder.addFrom(new BatchCursor(rest, { rows: batch.selection, from: index, to: batch.length }), batch.length);
  return builder.finish();
}

/**
 * What this subtask goes on with of what all former ones have left, a buffer each, without bytes where nothing waited. Where there were several, one watermark
 * says nothing of the others, and what the input brings next will do.
 */
export function waitingBatch(stored: readonly Uint8Array[], isOwn: (record: unknown, timestamp: number) => boolean): ColumnBatch | undefined {
  const batches = stored.filter(({ length }) => 0 < length).map((bytes) => ownRows(readBatch(bytes), isOwn));
  const [only] = batches;
  const batch = stored.length === 1 && only !== undefined ? only : joined(batches);
  return batch.length === 0 && batch.watermarks.rows.length === 0 ? undefined : batch;
}

function readBatch(bytes: Uint8Array): ColumnBatch {
  const reader = new BufferReader(bytes);
  const batch = reader.takeBatch();
  if (batch !== undefined) return batch;
  // Without a record there are no columns.
  const watermarks: number[] = [];
  while (reader.next() !== DONE) watermarks.push(reader.watermark);
  return recordBatch([], { timestamps: new Float64Array(0), watermarks: { rows: watermarks.map(() => 0), watermarks } });
}

function ownRows(batch: ColumnBatch, isOwn: (record: unknown, timestamp: number) => boolean): ColumnBatch {
  const rows: number[] = [];
  for (let row = 0; row < batch.rowCount; row += 1) if (isOwn(batch.rowAt(row), batch.timestamps[row]!)) rows.push(row);
  return rows.length === batch.rowCount ? batch : batch.select(Int32Array.from(rows));
}

function joined(batches: readonly ColumnBatch[]): ColumnBatch {
  const records: unknown[] = [];
  const timestamps: number[] = [];
  for (const batch of batches) {
    for (let index = 0; index < batch.length; index += 1) {
      const row = batch.rowOf(index);
      records.push(batch.rowAt(row));
      timestamps.push(batch.timestamps[row]!);
    }
  }
  return recordBatch(records, { timestamps: Float64Array.from(timestamps) });
}
