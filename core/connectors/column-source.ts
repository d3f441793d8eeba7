import type { Column } from "../data/column.ts";
import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../data/column-batch.ts";
import { types } from "../data/type.ts";
import { JobError } from "../lib/errors.ts";
import { BATCH_ROWS, noTimestamps } from "./batch-rows.ts";
import { ArrayEncoder, checkColumns, type ColumnArray, type ColumnArrays, type RecordOfColumns } from "./column-arrays.ts";
import { splitSequence } from "./sequence-source.ts";
import { SplitQueue, splitQueueStateType, type SplitQueueState } from "./split-queue.ts";
import { SplitReader, type CursorStatus, type SplitCursor } from "./split-reader.ts";
import type { ReaderOutput, Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "./source.ts";

/** The rows from `next` up to `end`, exclusive, are still to be read. */
export interface ColumnSplit {
  readonly id: string;
  readonly next: number;
  readonly end: number;
}

const splitType = /* @__PURE__ */ types.object({ id: types.string, next: types.number, end: types.number });
const stateType = /* @__PURE__ */ splitQueueStateType(splitType);

/**
 * Records that are there as columns: a bounded stream of column batches of up to 4,096 rows, one contiguous range of rows for each
 * subtask, so all of it is in order only at parallelism 1. `Float64Array`, `Int32Array` and `BigInt64Array` are not copied; strings
 * are numbered once.
 *
 * The arrays must not change while a job reads them.
 *
 * ```ts
 * const source = new ColumnSource({ time: new Float64Array([1, 2]), room: ["kitchen", "hall"] });
 * env.fromSource(source, WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner(columnsOf<{ time: number }>()("time")), "readings");
 * ```
 */
export class ColumnSource<C extends ColumnArrays<C>> implements Source<RecordOfColumns<C>, ColumnSplit, SplitQueueState<ColumnSplit>> {
  readonly boundedness = "BOUNDED";
  readonly givesColumns = true;
  readonly splitType = splitType;
  readonly enumeratorStateType = stateType;
  readonly #names: readonly string[];
  readonly #rowCount: number;
  readonly #chunks: ColumnChunks;

  /** @throws JobError INVALID_ARGUMENT unless these are typed arrays or arrays of one length. */
  constructor(columns: C) {
    this.#rowCount = checkColumns(columns);
    this.#names = Object.keys(columns);
    this.#chunks = new ColumnChunks(this.#names, Object.values<ColumnArray>(columns));
  }

  describe(): string {
    return `columns ${this.#names.join(", ")} of ${this.#rowCount} rows`;
  }

  splitId(split: ColumnSplit): string {
    return split.id;
  }

  createEnumerator(context: SplitEnumeratorContext<ColumnSplit>): SplitQueue<ColumnSplit> {
    const count = Math.ceil(this.#rowCount / BATCH_ROWS);
    const ranges = count === 0 ? [] : splitSequence(0, count - 1, context.parallelism);
    const splits = ranges.map(({ id, next, to }) => ({ id, next: next * BATCH_ROWS, end: Math.min((to + 1) * BATCH_ROWS, this.#rowCount) }));
    return SplitQueue.of(context, splits);
  }

  restoreEnumerator(context: SplitEnumeratorContext<ColumnSplit>, state: SplitQueueState<ColumnSplit>): SplitQueue<ColumnSplit> {
    return SplitQueue.restored(context, state);
  }

  createReader(context: SourceReaderContext): SourceReader<RecordOfColumns<C>, ColumnSplit> {
    return new SplitReader(context, { idOf: ({ id }) => id, open: (split) => this.#open(split) });
  }

  #open(split: ColumnSplit): SplitCursor<RecordOfColumns<C>, ColumnSplit> {
    if (split.end <= this.#rowCount) return new ColumnCursor(split, this.#chunks);
    throw new JobError(
      "RESTORE_MISMATCH",
      `the columns have ${this.#rowCount} rows, but the snapshot was taken when they had ${split.end} or more; restore with the columns it was taken with`,
    );
  }
}

class ColumnCursor<T> implements SplitCursor<T, ColumnSplit> {
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
class ColumnChunks {
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
