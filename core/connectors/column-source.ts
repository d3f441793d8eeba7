import { types } from "../data/type.ts";
import { Part } from "../lib/part.ts";
import { checkColumns, type ColumnArrays, type RecordOfColumns } from "./column-arrays.ts";
import type { ColumnReading } from "./column-chunks.ts";
import { SplitQueue, splitQueueStateType, type SplitQueueState } from "./split-queue.ts";
import { SplitReader } from "./split-reader.ts";
import type { Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "./source.ts";

/** What makes batches of arrays. */
export const columnChunks = /* @__PURE__ */ new Part(() => import("./column-chunks.ts"));

/** The rows from `next` up to `end`, exclusive, are still to be read. */
export interface RowRange {
  readonly next: number;
  readonly end: number;
}

/** One of equal shares of the rows, counted from 0. */
export interface ColumnSplit {
  readonly share: number;
  readonly shares: number;
  /** Null until it is opened: before columns are loaded nobody knows how many rows there are. */
  readonly rows: RowRange | null;
}

/** Gives columns where and when they are read. */
export type ColumnLoader<C> = () => C | PromiseLike<C>;
/** A function is no columns, though it has no field that is none either. */
export type NotLoader<C> = C extends (...args: never) => unknown ? never : unknown;

const PARTS = [columnChunks] as const;
const rangeType = /* @__PURE__ */ types.object({ next: types.number, end: types.number });
const splitType = /* @__PURE__ */ types.object({ share: types.number, shares: types.number, rows: types.nullable(rangeType) });
const stateType = /* @__PURE__ */ splitQueueStateType(splitType);

/**
 * Records that are there as columns: a bounded stream of column batches of up to 4,096 rows, one contiguous range of rows for each
 * subtask, so all of it is in order only at parallelism 1. `Float64Array`, `Int32Array` and `BigInt64Array` are not copied; strings
 * are numbered once.
 *
 * A function that gives the columns, or a promise of them, is called by the first subtask that reads, and never where none does: a job
 * module that many workers import loads its data in those that read it. Subtasks of one worker share what it gives; those of several
 * call it once in each, and it must give the same every time. Where only one is to load, set the source's parallelism to 1.
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
  /** Undefined where the columns are loaded when the job runs. */
  readonly columnNames: readonly string[] | undefined;
  readonly #columns: ColumnArrays<C> | ColumnLoader<C>;
  readonly #rowCount: number | undefined;
  /** Made with the first reader, and kept for those of the next job. */
  #reading: ColumnReading | undefined;

  constructor(load: ColumnLoader<C>);
  /** @throws JobError INVALID_ARGUMENT unless these are typed arrays or arrays of one length; of columns that are loaded, the job fails with it. */
  constructor(columns: C & NotLoader<C>);
  constructor(columns: ColumnArrays<C> | ColumnLoader<C>) {
    this.#columns = columns;
    if (typeof columns === "function") return;
    this.#rowCount = checkColumns(columns);
    this.columnNames = Object.keys(columns);
  }

  describe(): string {
    if (typeof this.#columns === "function") return `columns from ${this.#columns.name || "a function"}`;
    return `columns ${this.columnNames?.join(", ")} of ${this.#rowCount} rows`;
  }

  splitId({ share }: ColumnSplit): string {
    return String(share);
  }

  createEnumerator(context: SplitEnumeratorContext<ColumnSplit>): SplitQueue<ColumnSplit> {
    const shares = context.parallelism;
    return SplitQueue.of(
      context,
      Array.from({ length: shares }, (_, share) => ({ share, shares, rows: null })),
    );
  }

  restoreEnumerator(context: SplitEnumeratorContext<ColumnSplit>, state: SplitQueueState<ColumnSplit>): SplitQueue<ColumnSplit> {
    return SplitQueue.restored(context, state);
  }

  createReader(context: SourceReaderContext): SourceReader<RecordOfColumns<C>, ColumnSplit> {
    const reading = (this.#reading ??= new columnChunks.module.ColumnReading(this.#columns));
    return new SplitReader(context, { idOf: this.splitId, open: (split) => reading.open(split, context) });
  }
}
