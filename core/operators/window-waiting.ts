import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../data/column-batch.ts";
import { objectColumn } from "../data/column.ts";
import { copied } from "../data/copied.ts";
import { noRows, type StoredRows } from "./window-stored-rows.ts";

export interface WaitingRows {
  readonly batch: ColumnBatch;
  /** Of the next record and the next watermark. */
  readonly index: number;
  readonly nextWatermark: number;
}

export function storedRows(waiting: WaitingRows | undefined): StoredRows {
  if (waiting === undefined) return noRows();
  const { batch, index: first, nextWatermark } = waiting;
  const rows = Array.from({ length: batch.length - first }, (_, index) => batch.rowOf(first + index));
  const watermarkRows = batch.watermarks.rows.slice(nextWatermark);
  let position = 0;
  const positions = watermarkRows.map((before) => {
    while (position < rows.length && rows[position]! < before) position += 1;
    return position;
  });
  return {
    // What is in state is nobody else's.
    records: rows.map((row) => copied(batch.rowAt(row))),
    timestamps: rows.map((row) => batch.timestamps[row]!),
    positions,
    watermarks: batch.watermarks.watermarks.slice(nextWatermark),
  };
}

/**
 * What this subtask goes on with of what all former ones have left. Where there were several, one watermark says nothing of the others, and what the input
 * brings next will do.
 */
export function waitingBatch(stored: readonly StoredRows[], isOwn: (record: unknown, timestamp: number) => boolean): ColumnBatch | undefined {
  const records: unknown[] = [];
  const timestamps: number[] = [];
  const rows: number[] = [];
  const watermarks: number[] = [];
  for (const rest of stored) {
    let next = 0;
    for (let index = 0; index <= rest.records.length; index += 1) {
      for (; next < rest.positions.length && rest.positions[next]! <= index; next += 1) {
        rows.push(records.length);
        watermarks.push(rest.watermarks[next]!);
      }
      if (index === rest.records.length || !isOwn(rest.records[index], rest.timestamps[index]!)) continue;
      records.push(rest.records[index]);
      timestamps.push(rest.timestamps[index]!);
    }
  }
  if (records.length === 0 && rows.length === 0) return undefined;
  return new ColumnBatch({
    layout: new BatchLayout(undefined),
    rowCount: records.length,
    columns: [objectColumn(records)],
    timestamps: Float64Array.from(timestamps),
    watermarks: stored.length === 1 ? { rows, watermarks } : NO_WATERMARKS,
    selection: undefined,
  });
}
