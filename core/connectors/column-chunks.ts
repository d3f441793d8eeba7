import type { Column } from "../data/column.ts";
import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../data/column-batch.ts";
import { ArrayEncoder } from "./array-encoder.ts";
import { BATCH_ROWS, noTimestamps } from "./batch-rows.ts";
import type { ColumnArray } from "./column-arrays.ts";
import type { ReaderOutput } from "./source.ts";
import type { CursorStatus, SplitCursor } from "./split-reader.ts";

/** The rows from `next` up to `end`, exclusive, are still to be read. */
export interface ColumnSplit {
  readonly id: string;
  readonly next: number;
  readonly end: number;
}

/** Reads the rows of one split. */
export class ColumnCursor<T> implements SplitCursor<T, ColumnSplit> {
  readonly #split: ColumnSplit;
  readonly #chunks: ColumnChunks;
  #next: number;

  constructor(split: ColumnSplit, chunks: ColumnChunks) {
    this.#split = split;
    this.#chunks = chunks;
    this.#next = split.next;
  }

  next(output: ReaderOutput<T>): CursorStatus {
    const start = this.#next;
    if (this.#split.end <= start) return "done";
    this.#next = Math.min(start + BATCH_ROWS, this.#split.end);
    output.collectColumns(this.#chunks.batch(start, this.#next));
    return "emitted";
  }

  position(): ColumnSplit {
    return { ...this.#split, next: this.#next };
  }

  close(): void {}
}

/** The columns in spans that start at a multiple of `BATCH_ROWS`. */
export class ColumnChunks {
  readonly #layout: BatchLayout;
  readonly #arrays: readonly ColumnArray[];
  readonly #encoders: readonly ArrayEncoder[];
  /** By column and number of the span, where a restart or the next run of the job need not make it again. */
  readonly #encoded: readonly Map<number, Column>[];

  constructor(names: readonly string[], arrays: readonly ColumnArray[]) {
    this.#layout = new BatchLayout(names);
    this.#arrays = arrays;
    this.#encoders = arrays.map(() => new ArrayEncoder(BATCH_ROWS));
    this.#encoded = arrays.map(() => new Map());
  }

  batch(start: number, end: number): ColumnBatch {
    return new ColumnBatch({
      layout: this.#layout,
      rowCount: end - start,
      columns: this.#arrays.map((array, index) => this.#column(index, array, start, end)),
      timestamps: noTimestamps(end - start),
      watermarks: NO_WATERMARKS,
      selection: undefined,
    });
  }

  #column(index: number, array: ColumnArray, start: number, end: number): Column {
    const known = this.#encoded[index]!.get(start);
    if (known !== undefined) return known;
    const encoder = this.#encoders[index]!;
    const column = encoder.encode(array, start, end);
    if (encoder.encodes(array)) this.#encoded[index]!.set(start, column);
    return column;
  }
}
