import type { ColumnBatch } from "./column-batch.ts";
import type { PickedRows } from "./column-stage.ts";

/** Walks some records of a batch, a few at a time, and all of its watermarks: each comes between the records that it stands between in the batch. */
export class BatchCursor {
  readonly batch: ColumnBatch;
  readonly #rows: Int32Array | undefined;
  readonly #end: number;
  #next: number;
  #nextWatermark = 0;

  /** All records of the batch, or those of rows `rows[from]` to `rows[to − 1]`. */
  constructor(batch: ColumnBatch, { rows, from, to }: PickedRows = { rows: batch.selection, from: 0, to: batch.length }) {
    this.batch = batch;
    this.#rows = rows;
    this.#next = from;
    this.#end = to;
  }

  /** Records ahead. */
  get remaining(): number {
    return this.#end - this.#next;
  }

  get isDone(): boolean {
    return this.#next === this.#end && this.#nextWatermark === this.batch.watermarks.rows.length;
  }

  /** The next records, `recordsMax` at most. The cursor stays. */
  pick(recordsMax: number): PickedRows {
    return { rows: this.#rows, from: this.#next, to: Math.min(this.#end, this.#next + recordsMax) };
  }

  /** Moves on to record `to`. Each watermark on the way is told with the record that it comes before; behind the last record come all that are left. */
  move(to: number, watermark: (watermark: number, record: number) => void): void {
    const { rows, watermarks } = this.batch.watermarks;
    while (this.#nextWatermark < rows.length) {
      const row = rows[this.#nextWatermark]!;
      this.#next = this.#firstFrom(row, to);
      if (this.#next === to && to < this.#end && this.#rowOf(to) < row) break;
      watermark(watermarks[this.#nextWatermark]!, this.#next);
      this.#nextWatermark += 1;
    }
    this.#next = to;
  }

  /** The first record ahead, before `end`, that is not before a row: rows ascend, and watermarks are few. */
  #firstFrom(row: number, end: number): number {
    let [low, high] = [this.#next, end];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#rowOf(middle) < row) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #rowOf(record: number): number {
    return this.#rows === undefined ? record : this.#rows[record]!;
  }
}
