import type { ColumnBatch } from "../data/column-batch.ts";
import type { KeyId } from "../data/key.ts";
import type { KernelOutput } from "./kernel.ts";
import type { Panes } from "./panes.ts";
import type { TimeWindow } from "./time-window.ts";

/** Rows of a batch in order. */
export interface RowRun {
  /** The first of them. */
  readonly first: number;
  /** Undefined where they are neighbours, as they mostly are. */
  readonly rows: Int32Array | undefined;
}

/** The window or slice that holds a record, as panes that take columns name it. */
export interface OpenSpan {
  readonly start: number;
  readonly end: number;
  readonly handle: number;
}

/** Panes of one window that are given out together. `output` is valid until the panes are asked for anything but `keyOf`. */
export type EachPaneColumns = (window: TimeWindow, count: number, output: KernelOutput) => void;

/** Panes that take records as columns, and give results as columns. */
export interface ColumnPanes<T, Contents> extends Panes<T, Contents> {
  /** Whether panes can be given out as columns; false for good once values did not fit, so that `fireDue` gives them one by one. */
  readonly givesColumns: boolean;
  /**
   * Rows of this batch before the one that it returns can be added as columns: its key column and all aggregated columns are there, of kinds that the kernel holds,
   * without missing values; or each of its records gives such a key and such values. Asked for each batch, before `openSpan`; other rows are added by `add`.
   */
  beginColumns(batch: ColumnBatch): number;
  /**
   * The window or slice that holds a record of this timestamp, opened and its windows scheduled as `add` does it; rows name it by its handle. `windows` are
   * those of the record that are not dropped yet; where they are not sliced, just one of them: such a record is added to each of its windows. Handles are valid
   * until panes are fired, dropped, or a record is added by `add`.
   */
  openSpan(windows: readonly TimeWindow[], timestamp: number, firedUntil: number): OpenSpan;
  /**
   * Adds rows of that batch in their order, number `i` of them to the span `spans[i]`. Returns false where nothing was added, since a sum of integers may overflow
   * or a value of the key column is no key: the caller adds them one by one by `add`, which gives the right error.
   */
  addColumns(rows: RowRun, spans: Int32Array, count: number): boolean;
  /**
   * As `fireDue`, but gives panes many at a time: `output` holds `count` panes of one window in firing order, their keys as numbers that `keyOf` knows. They
   * count as fired before `each` is called. Call it where `givesColumns`; it returns false as well where that has become false meanwhile, and `fireDue` goes on
   * from there.
   */
  fireDueColumns(time: number, each: EachPaneColumns, mayContinue: () => boolean): boolean;
  /** As `read`, but the pane is row 0 of what it gives, valid until the panes are asked for anything else; undefined where only `read` can tell. */
  readRow(key: KeyId, window: TimeWindow): KernelOutput | undefined;
  /** The key that has this number in `KernelOutput.keys`. */
  keyOf(number: number): KeyId;
}
