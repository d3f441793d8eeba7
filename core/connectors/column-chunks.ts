import type { Column } from "../data/column.ts";
import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../data/column-batch.ts";
import { JobError } from "../lib/errors.ts";
import { isThenable } from "../lib/thenable.ts";
import { ArrayEncoder } from "./array-encoder.ts";
import { BATCH_ROWS, noTimestamps } from "./batch-rows.ts";
import { checkColumns, type ColumnArray } from "./column-arrays.ts";
import type { ColumnSplit, RowRange } from "./column-source.ts";
import { splitSequence } from "./sequence-source.ts";
import type { ReaderOutput, SourceReaderContext } from "./source.ts";
import type { CursorStatus, SplitCursor } from "./split-reader.ts";

/** What the readers of one source in one place read: columns, or those of a function, which is called once; again only after it has failed. */
export class ColumnReading {
  readonly #load: () => unknown;
  #chunks: ColumnChunks | PromiseLike<ColumnChunks> | undefined;

  constructor(columns: unknown) {
    this.#load = typeof columns === "function" ? (columns as () => unknown) : () => columns;
  }

  open<T>(split: ColumnSplit, context: SourceReaderContext): SplitCursor<T, ColumnSplit> {
    return new ColumnCursor(split, () => this.#loaded(), context);
  }

  /** What the function throws is thrown, and what it gives is checked as columns are. */
  #loaded(): ColumnChunks | PromiseLike<ColumnChunks> {
    if (this.#chunks !== undefined) return this.#chunks;
    const columns = this.#load();
    this.#chunks = isThenable(columns) ? this.#awaited(columns) : new ColumnChunks(columns);
    return this.#chunks;
  }

  #awaited(columns: PromiseLike<unknown>): PromiseLike<ColumnChunks> {
    return columns
      .then((loaded) => (this.#chunks = new ColumnChunks(loaded)))
      .then(undefined, (cause: unknown) => {
        this.#chunks = undefined;
        throw cause;
      });
  }
}

/** Reads the rows of one split, as soon as there are any. */
class ColumnCursor<T> implements SplitCursor<T, ColumnSplit> {
  readonly #split: ColumnSplit;
  readonly #load: () => ColumnChunks | PromiseLike<ColumnChunks>;
  readonly #context: SourceReaderContext;
  #open: { readonly chunks: ColumnChunks; next: number; readonly end: number } | undefined;
  #isWaiting = false;
  #closed = false;

  constructor(split: ColumnSplit, load: () => ColumnChunks | PromiseLike<ColumnChunks>, context: SourceReaderContext) {
    this.#split = split;
    this.#load = load;
    this.#context = context;
  }

  next(output: ReaderOutput<T>): CursorStatus {
    if (this.#open === undefined) this.#begin();
    const open = this.#open;
    if (open === undefined) return "waiting";
    const start = open.next;
    if (open.end <= start) return "done";
    open.next = Math.min(start + BATCH_ROWS, open.end);
    output.collectColumns(open.chunks.batch(start, open.next));
    return "emitted";
  }

  position(): ColumnSplit {
    if (this.#open === undefined) return this.#split;
    const { next, end } = this.#open;
    return { ...this.#split, rows: { next, end } };
  }

  close(): void {
    this.#closed = true;
  }

  /** @throws JobError RESTORE_MISMATCH where the columns are shorter than they were. */
  #begin(): void {
    if (this.#isWaiting) return;
    const chunks = this.#load();
    if (chunks instanceof ColumnChunks) {
      this.#open = { chunks, ...chunks.rowsOf(this.#split) };
      return;
    }
    this.#isWaiting = true;
    chunks.then(
      () => {
        this.#isWaiting = false;
        if (!this.#closed) this.#context.notifyAvailable();
      },
      (cause: unknown) => {
        if (!this.#closed) this.#context.fail(cause);
      },
    );
  }
}

/** The columns in spans that start at a multiple of `BATCH_ROWS`. */
class ColumnChunks {
  readonly #rowCount: number;
  readonly #layout: BatchLayout;
  readonly #arrays: readonly ColumnArray[];
  readonly #encoders: readonly ArrayEncoder[];
  /** By column and number of the span, where a restart or the next run of the job need not make it again. */
  readonly #encoded: readonly Map<number, Column>[];

  /** @throws JobError INVALID_ARGUMENT unless these are typed arrays or arrays of one length. */
  constructor(columns: unknown) {
    this.#rowCount = checkColumns(columns);
    const arrays = Object.values(columns as Readonly<Record<string, ColumnArray>>);
    this.#layout = new BatchLayout(Object.keys(columns as object));
    this.#arrays = arrays;
    this.#encoders = arrays.map(() => new ArrayEncoder(BATCH_ROWS));
    this.#encoded = arrays.map(() => new Map());
  }

  /** @throws JobError RESTORE_MISMATCH where they are not there. */
  rowsOf({ share, shares, rows }: ColumnSplit): RowRange {
    if (rows === null) return rangeOf(share, shares, this.#rowCount);
    if (rows.end <= this.#rowCount) return rows;
    throw new JobError(
      "RESTORE_MISMATCH",
      `the columns have ${this.#rowCount} rows, but the snapshot was taken when they had ${rows.end} or more; restore with the columns it was taken with`,
    );
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

/** Each range starts with a batch, so that batches are the same at any parallelism; where there are few rows, the last are empty. */
function rangeOf(share: number, shares: number, rowCount: number): RowRange {
  const batches = splitSequence(1, Math.ceil(rowCount / BATCH_ROWS), shares);
  const range = batches[share];
  if (range === undefined) return { next: 0, end: 0 };
  return { next: (range.next - 1) * BATCH_ROWS, end: Math.min(range.to * BATCH_ROWS, rowCount) };
}
