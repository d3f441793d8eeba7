import { assert } from "../lib/assert.ts";
import { ColumnBatch, NO_WATERMARKS } from "../data/column-batch.ts";
import type { Output } from "../operators/operator.ts";

/** Gives a batch of one channel to an operator with other watermarks: those by which all of its channels advance, each where the channel's own has led to it. */
export class BatchMerger {
  readonly #output: Output<unknown>;
  #batch: ColumnBatch | undefined;
  /** Rows before it have been handed on. */
  #first = 0;
  /** Where the channel's watermark at hand lies. */
  #row = 0;
  #rows: number[] = [];
  #watermarks: number[] = [];
  #isFree = true;

  constructor(output: Output<unknown>) {
    this.#output = output;
  }

  get isMerging(): boolean {
    return this.#batch !== undefined;
  }

  /**
   * Shows `process` the watermarks of the batch, one after the other; what comes of them is told by `addWatermark` and `cut`. Returns whether nobody keeps
   * memory of the batch.
   */
  merge(batch: ColumnBatch, process: (watermark: number) => void): boolean {
    assert(this.#batch === undefined, "one batch is merged at a time");
    const { rows, watermarks } = batch.watermarks;
    if (rows.length === 0) return this.#output.processColumns!(batch) === true;
    this.#batch = batch;
    this.#isFree = true;
    this.#first = 0;
    for (let index = 0; index < rows.length; index += 1) {
      this.#row = rows[index]!;
      process(watermarks[index]!);
    }
    this.#handOn(batch, batch.rowCount);
    this.#batch = undefined;
    return this.#isFree;
  }

  addWatermark(watermark: number): void {
    this.#rows.push(this.#row);
    this.#watermarks.push(watermark);
  }

  /** Hands on what lies before the watermark at hand. */
  cut(): void {
    this.#handOn(this.#batch!, this.#row);
  }

  #handOn(batch: ColumnBatch, end: number): void {
    const rows = this.#rows;
    const watermarks = this.#watermarks;
    const hasWatermarks = 0 < rows.length;
    if (hasWatermarks) {
      this.#rows = [];
      this.#watermarks = [];
    }
    const { layout, rowCount, columns, timestamps } = batch;
    const selection = this.#first === 0 && end === rowCount ? batch.selection : rowsWithin(batch, this.#first, end);
    this.#first = end;
    const part = new ColumnBatch({ layout, rowCount, columns, timestamps, watermarks: hasWatermarks ? { rows, watermarks } : NO_WATERMARKS, selection });
    if (0 < part.length) this.#isFree = this.#output.processColumns!(part) === true && this.#isFree;
    else for (const watermark of watermarks) this.#output.processWatermark(watermark);
  }
}

/** The selected rows from `first` to `end − 1`. */
function rowsWithin(batch: ColumnBatch, first: number, end: number): Int32Array {
  const rows = batch.selection ?? Int32Array.from({ length: batch.rowCount }, (_, row) => row);
  return rows.filter((row) => first <= row && row < end);
}
