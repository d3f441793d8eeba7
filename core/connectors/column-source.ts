import { types } from "../data/type.ts";
import { JobError } from "../lib/errors.ts";
import { Part } from "../lib/part.ts";
import { BATCH_ROWS } from "./batch-rows.ts";
import { checkColumns, type ColumnArray, type ColumnArrays, type RecordOfColumns } from "./column-arrays.ts";
import type { ColumnChunks, ColumnSplit } from "./column-chunks.ts";
import { splitSequence } from "./sequence-source.ts";
import { SplitQueue, splitQueueStateType, type SplitQueueState } from "./split-queue.ts";
import { SplitReader, type SplitCursor } from "./split-reader.ts";
import type { Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "./source.ts";

/** What makes batches of arrays. */
export const columnChunks = /* @__PURE__ */ new Part(() => import("./column-chunks.ts"));

const PARTS = [columnChunks] as const;
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
  readonly parts = PARTS;
  readonly columnNames: readonly string[];
  readonly #rowCount: number;
  readonly #arrays: readonly ColumnArray[];
  /** Made with the first reader, and kept for those of the next job. */
  #chunks: ColumnChunks | undefined;

  /** @throws JobError INVALID_ARGUMENT unless these are typed arrays or arrays of one length. */
  constructor(columns: C) {
    this.#rowCount = checkColumns(columns);
    this.columnNames = Object.keys(columns);
    this.#arrays = Object.values<ColumnArray>(columns);
  }

  describe(): string {
    return `columns ${this.columnNames.join(", ")} of ${this.#rowCount} rows`;
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
    if (split.end <= this.#rowCount) {
      const { ColumnChunks, ColumnCursor } = columnChunks.module;
      this.#chunks ??= new ColumnChunks(this.columnNames, this.#arrays);
      return new ColumnCursor(split, this.#chunks);
    }
    throw new JobError(
      "RESTORE_MISMATCH",
      `the columns have ${this.#rowCount} rows, but the snapshot was taken when they had ${split.end} or more; restore with the columns it was taken with`,
    );
  }
}
