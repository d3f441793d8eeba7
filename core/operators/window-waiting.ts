import { BatchCursor } from "../data/batch-cursor.ts";
import { BufferBuilder, BufferReader, DONE } from "../data/channel-buffer.ts";
import { ColumnBatch, NO_WATERMARKS } from "../data/column-batch.ts";
import { MIN_WATERMARK } from "../time/timestamp.ts";
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

/** What former subtasks have left, or this one. */
export interface StoredWaiting {
  /** One of each, without bytes where nothing waited. */
  readonly buffers: readonly Uint8Array[];
  /** The least watermark that any of them stood at behind what waited. */
  readonly watermark: number;
}

/**
 * What this subtask goes on with of what waited. Where there were several, a watermark of one says nothing of the others: only the one that all had got to comes, last.
 * The input does not bring it again.
 */
export function waitingBatch({ buffers, watermark }: StoredWaiting, isOwn: (record: unknown, timestamp: number) => boolean): ColumnBatch | undefined {
  const batches = buffers.filter(({ length }) => 0 < length).map((bytes) => ownRows(readBatch(bytes), isOwn));
  const [only] = batches;
  if (only === undefined) return undefined;
  const batch = buffers.length === 1 ? only : joined(batches, watermark);
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

function joined(batches: readonly ColumnBatch[], watermark: number): ColumnBatch {
  const records: unknown[] = [];
  const timestamps: number[] = [];
  for (const batch of batches) {
    for (let index = 0; index < batch.length; index += 1) {
      const row = batch.rowOf(index);
      records.push(batch.rowAt(row));
      timestamps.push(batch.timestamps[row]!);
    }
  }
  const watermarks = watermark === MIN_WATERMARK ? NO_WATERMARKS : { rows: [records.length], watermarks: [watermark] };
  return recordBatch(records, { timestamps: Float64Array.from(timestamps), watermarks });
}
