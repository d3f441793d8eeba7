import type { ColumnBatch } from "../data/column-batch.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";
import type { ColumnPanes } from "../windows/column-panes.ts";
import { KERNEL_ROWS_MAX } from "../windows/kernel.ts";
import type { PaneDeadlines } from "../windows/panes.ts";
import { type TimeWindow, compareWindows } from "../windows/time-window.ts";
import { CELLS_KEPT, type WindowCell, type WindowCells } from "./window-cells.ts";
import type { StoredRows } from "./window-stored-rows.ts";
import { storedRows, waitingBatch } from "./window-waiting.ts";

/** What the window operator does for rows that do not go as columns, and for watermarks. */
export interface WindowRows {
  readonly watermark: number;
  /** Takes a record of the batch as any other; it is counted already. */
  take(batch: ColumnBatch, row: number): void;
  /** A record that no window takes. */
  reject(batch: ColumnBatch, row: number): void;
  /** A record that was kept in windows that have fired: they fire again, in this order. */
  fireAgain(batch: ColumnBatch, row: number, windows: readonly TimeWindow[]): void;
  /** A watermark that no pane is due at. */
  pass(watermark: number): void;
  /** Any other watermark. Returns false where its firing is stopped; then it goes on later, and with the batch after it. */
  advance(watermark: number): boolean;
}

/** What is asked of the panes: nothing that depends on what they hold. */
type RowPanes = Pick<ColumnPanes<never, never>, "givesColumns" | "beginColumns" | "openSpan" | "addColumns" | "nextDeadline">;

export interface WindowColumnsOptions {
  /** Undefined where all rows are taken one by one. */
  readonly panes: RowPanes | undefined;
  readonly cells: WindowCells | undefined;
  readonly deadlines: PaneDeadlines;
  readonly rows: WindowRows;
  readonly metrics: OperatorMetrics;
}

/** The windows of a cell of which some have fired. */
interface LateCell {
  readonly number: number;
  /** Those that are not dropped yet. */
  readonly kept: readonly TimeWindow[];
  readonly fired: readonly TimeWindow[];
  readonly handle: number;
  /** The watermark at which another one fires or is dropped. */
  readonly validUntil: number;
}

/** Rows that are added in one call at most. */
const RUN_ROWS_MAX = KERNEL_ROWS_MAX;
const NO_LATE_CELL: LateCell = { number: NaN, kept: [], fired: [], handle: -1, validUntil: -Infinity };

/**
 * Walks over batches, row by row with the watermarks between them. Rows that are on time for all of their windows are collected, by the window or slice that
 * they fall into, and added many at a time: whatever a watermark does to windows, it does at one of their deadlines, so that such a run ends only there, or at a
 * late record that makes its window fire again.
 *
 * Firing may stop in the middle of a batch; the rest of the batch then waits here.
 */
export class WindowColumns {
  readonly #panes: RowPanes | undefined;
  readonly #cells: WindowCells | undefined;
  readonly #deadlines: PaneDeadlines;
  readonly #rows: WindowRows;
  readonly #metrics: OperatorMetrics;
  readonly #runRows = new Int32Array(RUN_ROWS_MAX);
  readonly #runSpans = new Int32Array(RUN_ROWS_MAX);
  #runCount = 0;
  /**
   * The cells whose windows are open, by their numbers, and their handles.
   *
   * Invariant: no window of an open cell has fired, since all handles are forgotten whenever a watermark reaches a deadline.
   */
  readonly #openCells = new Float64Array(CELLS_KEPT).fill(NaN);
  readonly #handles = new Int32Array(CELLS_KEPT);
  #late = NO_LATE_CELL;
  /** The batch at hand, its next record and its next watermark. */
  #batch: ColumnBatch | undefined;
  #index = 0;
  #nextWatermark = 0;
  #byColumns = false;
  /** The earliest deadline of any pane. */
  #deadline = -Infinity;

  constructor({ panes, cells, deadlines, rows, metrics }: WindowColumnsOptions) {
    this.#panes = panes;
    this.#cells = cells;
    this.#deadlines = deadlines;
    this.#rows = rows;
    this.#metrics = metrics;
  }

  /** Whether a batch, or what is left of it, waits for a firing. */
  get isWaiting(): boolean {
    return this.#batch !== undefined;
  }

  /** Returns false where firing was stopped in the middle: `resume` goes on with the rest. */
  take(batch: ColumnBatch): boolean {
    this.#batch = batch;
    this.#index = 0;
    this.#nextWatermark = 0;
    return this.resume();
  }

  resume(): boolean {
    const batch = this.#batch;
    if (batch === undefined) return true;
    this.#forgetCells();
    // Without a single record there may be no column to begin with.
    this.#byColumns = this.#cells !== undefined && 0 < batch.length && this.#panes?.beginColumns(batch) === true;
    this.#deadline = this.#byColumns ? this.#panes!.nextDeadline() : -Infinity;
    if (!this.#walk(batch)) return false;
    this.#flush(batch);
    this.#batch = undefined;
    return true;
  }

  /** What waits, as it is stored. */
  stored(): StoredRows {
    return storedRows(this.#batch === undefined ? undefined : { batch: this.#batch, index: this.#index, nextWatermark: this.#nextWatermark });
  }

  /** Lets wait what instances before this one have left of the records that are its own. */
  restore(stored: readonly StoredRows[], isOwn: (record: unknown, timestamp: number) => boolean): void {
    this.#batch = waitingBatch(stored, isOwn);
    this.#index = 0;
    this.#nextWatermark = 0;
  }

  #walk(batch: ColumnBatch): boolean {
    const { rows, watermarks } = batch.watermarks;
    const { length } = batch;
    for (;;) {
      const row = this.#index < length ? batch.rowOf(this.#index) : Infinity;
      for (; this.#nextWatermark < rows.length && rows[this.#nextWatermark]! <= row; ) {
        const watermark = watermarks[this.#nextWatermark]!;
        this.#nextWatermark += 1;
        // A restored operator knows its watermark; its input may begin again with a lower one.
        if (watermark <= this.#rows.watermark) continue;
        if (watermark < this.#deadline) this.#rows.pass(watermark);
        else if (!this.#advance(batch, watermark)) return false;
      }
      if (length <= this.#index) return true;
      const endRow = this.#nextWatermark < rows.length ? rows[this.#nextWatermark]! : batch.rowCount;
      if (this.#byColumns) this.#takeColumns(batch, endRow);
      else this.#takeRows(batch, endRow);
    }
  }

  #advance(batch: ColumnBatch, watermark: number): boolean {
    if (this.#byColumns) {
      this.#flush(batch);
      this.#forgetCells();
    }
    const isDone = this.#rows.advance(watermark);
    this.#settle();
    return isDone;
  }

  /** After something that may have changed the deadlines, or moved the panes to where columns do not reach. */
  #settle(): void {
    this.#byColumns &&= this.#panes!.givesColumns;
    this.#deadline = this.#byColumns ? this.#panes!.nextDeadline() : -Infinity;
  }

  #takeRows(batch: ColumnBatch, endRow: number): void {
    for (; this.#index < batch.length; this.#index += 1) {
      const row = batch.rowOf(this.#index);
      if (endRow <= row) return;
      this.#metrics.recordsIn += 1;
      this.#rows.take(batch, row);
    }
  }

  #takeColumns(batch: ColumnBatch, endRow: number): void {
    const { length } = batch;
    while (this.#byColumns) {
      const stoppedAt = this.#collect(batch, endRow);
      this.#metrics.recordsIn += stoppedAt - this.#index;
      this.#index = stoppedAt;
      if (stoppedAt === length) return;
      if (this.#runCount === RUN_ROWS_MAX) {
        this.#flush(batch);
        continue;
      }
      const row = batch.rowOf(stoppedAt);
      if (endRow <= row) return;
      this.#metrics.recordsIn += 1;
      this.#index = stoppedAt + 1;
      this.#takeOther(batch, row);
    }
  }

  /** Collects rows of open cells, and returns where one of another cell stands. */
  #collect(batch: ColumnBatch, endRow: number): number {
    const { timestamps, selection } = batch;
    const { sizeMs, offsetMs } = this.#cells!;
    const openCells = this.#openCells;
    const handles = this.#handles;
    const runRows = this.#runRows;
    const runSpans = this.#runSpans;
    const end = Math.min(batch.length, this.#index + RUN_ROWS_MAX - this.#runCount);
    let count = this.#runCount;
    let index = this.#index;
    for (; index < end; index += 1) {
      const row = selection === undefined ? index : selection[index]!;
      if (endRow <= row) break;
      const cell = Math.floor((timestamps[row]! - offsetMs) / sizeMs);
      const slot = cell & (CELLS_KEPT - 1);
      if (openCells[slot] !== cell) break;
      runRows[count] = row;
      runSpans[count] = handles[slot]!;
      count += 1;
    }
    this.#runCount = count;
    return index;
  }

  /** A row whose cell is not open: it is the first there, or it is late, or no record of these windows at all. */
  #takeOther(batch: ColumnBatch, row: number): void {
    const timestamp = batch.timestamps[row]!;
    const cell = this.#cells!.of(timestamp);
    const { watermark } = this.#rows;
    if (watermark < cell.firstFire) {
      const { handle } = this.#panes!.openSpan(cell.windows, timestamp, watermark);
      const slot = cell.number & (CELLS_KEPT - 1);
      this.#openCells[slot] = cell.number;
      this.#handles[slot] = handle;
      this.#append(row, handle);
      this.#deadline = this.#panes!.nextDeadline();
    } else if (Number.isNaN(cell.number)) this.#takeAlone(batch, row);
    else this.#takeLate(batch, row, cell);
  }

  #takeLate(batch: ColumnBatch, row: number, cell: WindowCell): void {
    if (this.#late.number !== cell.number || this.#late.validUntil <= this.#rows.watermark) this.#late = this.#lateCell(batch.timestamps[row]!, cell);
    const { kept, fired, handle } = this.#late;
    if (kept.length === 0) return this.#rows.reject(batch, row);
    this.#append(row, handle);
    // What the windows give now depends on all rows before this one. Where they had to be added one by one, this one was too.
    if (0 < fired.length && this.#flush(batch)) this.#rows.fireAgain(batch, row, fired);
  }

  #lateCell(timestamp: number, cell: WindowCell): LateCell {
    const { watermark } = this.#rows;
    const kept = cell.windows.filter((window) => watermark < this.#deadlines.dropTime(window));
    const fired = kept.filter((window) => this.#deadlines.fireTime(window) <= watermark).sort(compareWindows);
    let validUntil = Infinity;
    for (const window of kept) {
      const fireTime = this.#deadlines.fireTime(window);
      validUntil = Math.min(validUntil, watermark < fireTime ? fireTime : this.#deadlines.dropTime(window));
    }
    const handle = kept.length === 0 ? -1 : this.#panes!.openSpan(kept, timestamp, watermark).handle;
    this.#deadline = this.#panes!.nextDeadline();
    return { number: cell.number, kept, fired, handle, validUntil };
  }

  #takeAlone(batch: ColumnBatch, row: number): void {
    this.#flush(batch);
    this.#forgetCells();
    this.#rows.take(batch, row);
    this.#settle();
  }

  #append(row: number, handle: number): void {
    this.#runRows[this.#runCount] = row;
    this.#runSpans[this.#runCount] = handle;
    this.#runCount += 1;
  }

  /** Adds what is collected. Returns false where that went one by one. */
  #flush(batch: ColumnBatch): boolean {
    const count = this.#runCount;
    this.#runCount = 0;
    if (count === 0 || this.#panes!.addColumns(this.#runRows, this.#runSpans, count)) return true;
    this.#forgetCells();
    for (let index = 0; index < count; index += 1) this.#rows.take(batch, this.#runRows[index]!);
    this.#settle();
    return false;
  }

  #forgetCells(): void {
    this.#openCells.fill(NaN);
    this.#late = NO_LATE_CELL;
  }
}
