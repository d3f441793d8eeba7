import type { ColumnBatch } from "../data/column-batch.ts";
import type { KeyId } from "../data/key.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";
import type { ColumnPanes } from "../windows/column-panes.ts";
import { KERNEL_ROWS_MAX } from "../windows/kernel.ts";
import type { PaneDeadlines } from "../windows/panes.ts";
import { type TimeWindow, compareWindows } from "../windows/time-window.ts";
import { CELLS_KEPT, type WindowCell, type WindowCells } from "./window-cells.ts";
import { MAX_WATERMARK } from "../time/timestamp.ts";
import { type StoredWaiting, waitingBatch, waitingBytes } from "./window-waiting.ts";

/** What the window operator does for rows that do not go as columns, and for watermarks. */
export interface WindowRows {
  readonly watermark: number;
  /** Takes a record of the batch as any other; it is counted already. */
  take(batch: ColumnBatch, row: number): void;
  /** A record that no window takes. */
  reject(batch: ColumnBatch, row: number): void;
  /** Undefined where the key column holds something that is no key. */
  keyAt(batch: ColumnBatch, row: number): KeyId | undefined;
  /** Records that were kept in windows that have fired. Those of the first key fire again in the order of the list beside it, then those of the next one. */
  fireAgain(keys: readonly KeyId[], windows: readonly (readonly TimeWindow[])[]): void;
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
/** Where cells meet, so many rows are asked one by one before all that follow are thought to be of one cell again. */
const MIXED_ROWS = 128;
/** Below, a loop is quicker than `fill`. */
const FILLED_ROWS_MIN = 32;
/** A power of two. */
const LATE_CELLS_KEPT = 8;
const NO_LATE_CELL: LateCell = { number: NaN, kept: [], fired: [], handle: -1, validUntil: -Infinity };

/**
 * Walks over batches, row by row with the watermarks between them. Rows are collected, by the window or slice that they fall into, and added many at a time:
 * whatever a watermark does to windows, it does at one of their deadlines, so that such a run of rows that are on time ends only there.
 *
 * A late record that makes windows fire again is collected as well, and they fire behind the run: what they give for its key depends on no other row of the run,
 * as long as no two such records have one key, and rows that are on time fall into no window that has fired. The run ends before anything else is emitted.
 *
 * Firing may stop in the middle of a batch; the rest of the batch then waits here.
 */
export class WindowColumns {
  readonly #panes: RowPanes | undefined;
  readonly #cells: WindowCells | undefined;
  readonly #deadlines: PaneDeadlines;
  readonly #rows: WindowRows;
  readonly #metrics: OperatorMetrics;
  /** The rows of the run: as long as they are neighbours, the first of them says it all. */
  readonly #runRows = new Int32Array(RUN_ROWS_MAX);
  #runFirst = 0;
  #runIsDense = true;
  readonly #runSpans = new Int32Array(RUN_ROWS_MAX);
  #runCount = 0;
  /**
   * The cells whose windows are open, by their numbers, and their handles.
   *
   * Invariant: no window of an open cell has fired, since all handles are forgotten whenever a watermark reaches a deadline.
   */
  readonly #openCells = new Float64Array(CELLS_KEPT).fill(NaN);
  readonly #handles = new Int32Array(CELLS_KEPT);
  /** The open cell that rows fell into last: those behind them mostly do too, which comparisons find out faster than divisions. NaN: none. */
  #cellStart = NaN;
  #cellEnd = NaN;
  #cellHandle = -1;
  /** Those that late records fell into lately, by their numbers. */
  readonly #late: LateCell[] = new Array<LateCell>(LATE_CELLS_KEPT).fill(NO_LATE_CELL);
  /** The keys of late records that make windows fire again behind the run, and those windows. */
  #againKeys: KeyId[] = [];
  #againWindows: (readonly TimeWindow[])[] = [];
  readonly #hasAgain = new Set<KeyId>();
  /** The batch at hand, its next record and its next watermark. */
  #batch: ColumnBatch | undefined;
  #index = 0;
  #nextWatermark = 0;
  /** That of the operator, for as long as the batch is at hand. */
  #watermark = NaN;
  /** The last batch of which is known that it can be stored. */
  #storable: ColumnBatch | undefined;
  /** Rows from here on are taken one by one. */
  #columnsEnd = 0;
  #byColumns = false;
  /** The earliest deadline of any pane. */
  #deadline = -Infinity;
  /** The number of the first watermark of the batch that reaches this deadline. */
  #due = 0;
  #dueFor = NaN;

  constructor({ panes, cells, deadlines, rows, metrics }: WindowColumnsOptions) {
    this.#panes = panes;
    this.#cells = cells;
    this.#deadlines = deadlines;
    this.#rows = rows;
    this.#metrics = metrics;
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
    this.#watermark = this.#rows.watermark;
    this.#forgetCells();
    this.#dueFor = NaN;
    // Without a single record there may be no column to begin with.
    this.#columnsEnd = this.#cells === undefined || batch.length === 0 ? 0 : (this.#panes?.beginColumns(batch) ?? 0);
    this.#byColumns = this.#index < batch.length && batch.rowOf(this.#index) < this.#columnsEnd;
    this.#deadline = this.#byColumns ? this.#panes!.nextDeadline() : -Infinity;
    if (!this.#walk(batch)) return false;
    this.#flush(batch);
    this.#batch = undefined;
    return true;
  }

  /** Whether what waits can be stored. Records that nobody wanted as bytes before may hold anything. */
  get isStorable(): boolean {
    if (this.#batch?.records === undefined || this.#storable === this.#batch) return true;
    try {
      this.stored();
    } catch {
      return false;
    }
    this.#storable = this.#batch;
    return true;
  }

  /** The last watermark of what waits. */
  get lastWatermark(): number | undefined {
    return this.#batch?.watermarks.watermarks.at(-1);
  }

  /** What waits, as it is stored. */
  stored(): Uint8Array | undefined {
    return this.#batch === undefined ? undefined : waitingBytes(this.#batch, this.#index, this.#nextWatermark);
  }

  /** Lets wait what instances before this one have left of the records that are its own; returns whether there is any. */
  restore(stored: StoredWaiting, isOwn: (record: unknown, timestamp: number) => boolean): boolean {
    this.#batch = waitingBatch(stored, isOwn);
    this.#index = 0;
    this.#nextWatermark = 0;
    return this.#batch !== undefined;
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
        if (watermark <= this.#watermark && watermark !== MAX_WATERMARK) continue;
        if (0 < this.#againKeys.length) this.#flush(batch);
        this.#watermark = watermark;
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
    this.#dueFor = NaN;
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
      const stoppedAt = this.#collect(batch, Math.min(this.#dueRow(batch), this.#columnsEnd));
      this.#metrics.recordsIn += stoppedAt - this.#index;
      this.#index = stoppedAt;
      if (stoppedAt === length) return;
      if (this.#columnsEnd <= batch.rowOf(stoppedAt)) return this.#endColumns(batch);
      if (this.#runCount === RUN_ROWS_MAX) {
        this.#flush(batch);
        continue;
      }
      // Rows of open cells may come before watermarks that nothing is due at: neither shows in the other. Any other row is judged by the watermark before it.
      const row = batch.rowOf(stoppedAt);
      if (endRow <= row) return;
      this.#metrics.recordsIn += 1;
      this.#index = stoppedAt + 1;
      this.#takeOther(batch, row);
    }
  }

  #endColumns(batch: ColumnBatch): void {
    this.#flush(batch);
    this.#forgetCells();
    this.#byColumns = false;
    this.#settle();
  }

  /** Where the next watermark stands that reaches a deadline. */
  #dueRow({ watermarks: { rows, watermarks }, rowCount }: ColumnBatch): number {
    if (this.#dueFor !== this.#deadline) {
      this.#dueFor = this.#deadline;
      this.#due = this.#nextWatermark;
      while (this.#due < rows.length && watermarks[this.#due]! < this.#deadline) this.#due += 1;
    }
    return this.#due < rows.length ? rows[this.#due]! : rowCount;
  }

  /** Collects rows of open cells, and returns where one of another cell stands. */
  #collect(batch: ColumnBatch, endRow: number): number {
    const { selection } = batch;
    const start = this.#index;
    const room = start + RUN_ROWS_MAX - this.#runCount;
    if (selection !== undefined) return this.#collectSelected(batch, selection, Math.min(selection.length, room), endRow);
    this.#goOnWith(start);
    const stoppedAt = this.#collectNeighbours(batch, start, Math.min(endRow, room));
    if (!this.#runIsDense) for (let row = start; row < stoppedAt; row += 1) this.#runRows[this.#runCount + row - start] = row;
    this.#runCount += stoppedAt - start;
    return stoppedAt;
  }

  /** Mostly all rows of a batch fall into one cell; where two meet, each row is asked. */
  #collectNeighbours({ timestamps, times }: ColumnBatch, start: number, end: number): number {
    const { sizeMs, offsetMs } = this.#cells!;
    const openCells = this.#openCells;
    const handles = this.#handles;
    const runSpans = this.#runSpans;
    // Row `row` comes to this place behind it in the run.
    const shift = this.#runCount - start;
    let row = start;
    while (row < end) {
      const from = row;
      const isWithin = times !== undefined && this.#cellStart <= times.earliest && times.latest < this.#cellEnd;
      row = isWithin ? end : firstOutside(timestamps, row, end, this.#cellStart, this.#cellEnd);
      if (FILLED_ROWS_MIN <= row - from) runSpans.fill(this.#cellHandle, from + shift, row + shift);
      else for (let at = from; at < row; at += 1) runSpans[at + shift] = this.#cellHandle;
      const mixedEnd = Math.min(end, row + MIXED_ROWS);
      let cell = NaN;
      let handle = -1;
      for (; row < mixedEnd; row += 1) {
        cell = Math.floor((timestamps[row]! - offsetMs) / sizeMs);
        const slot = cell & (CELLS_KEPT - 1);
        if (openCells[slot] !== cell) return row;
        handle = handles[slot]!;
        runSpans[row + shift] = handle;
      }
      if (handle !== -1) this.#enterCell(cell * sizeMs + offsetMs, handle);
    }
    return row;
  }

  #collectSelected({ timestamps }: ColumnBatch, selection: Int32Array, end: number, endRow: number): number {
    const { sizeMs, offsetMs } = this.#cells!;
    if (this.#runIsDense) this.#listRows();
    const shift = this.#runCount - this.#index;
    let index = this.#index;
    for (; index < end; index += 1) {
      const row = selection[index]!;
      if (endRow <= row) break;
      const cell = Math.floor((timestamps[row]! - offsetMs) / sizeMs);
      const slot = cell & (CELLS_KEPT - 1);
      if (this.#openCells[slot] !== cell) break;
      this.#runRows[index + shift] = row;
      this.#runSpans[index + shift] = this.#handles[slot]!;
    }
    this.#runCount = index + shift;
    return index;
  }

  #enterCell(start: number, handle: number): void {
    this.#cellStart = start;
    this.#cellEnd = start + this.#cells!.sizeMs;
    this.#cellHandle = handle;
  }

  /** This row comes next in the run. */
  #goOnWith(row: number): void {
    if (this.#runCount === 0) {
      this.#runFirst = row;
      this.#runIsDense = true;
    } else if (this.#runIsDense && this.#runFirst + this.#runCount !== row) this.#listRows();
  }

  /** From here on the rows of the run are no neighbours. */
  #listRows(): void {
    this.#runIsDense = false;
    for (let index = 0; index < this.#runCount; index += 1) this.#runRows[index] = this.#runFirst + index;
  }

  /** A row whose cell is not open: it is the first there, or it is late, or no record of these windows at all. */
  #takeOther(batch: ColumnBatch, row: number): void {
    const timestamp = batch.timestamps[row]!;
    const cell = this.#cells!.of(timestamp);
    const watermark = this.#watermark;
    if (watermark < cell.firstFire) {
      const { handle } = this.#panes!.openSpan(cell.windows, timestamp, watermark);
      const slot = cell.number & (CELLS_KEPT - 1);
      this.#openCells[slot] = cell.number;
      this.#handles[slot] = handle;
      this.#enterCell(cell.start, handle);
      this.#append(row, handle);
      this.#deadline = this.#panes!.nextDeadline();
    } else if (Number.isNaN(cell.number)) this.#takeAlone(batch, row);
    else this.#takeLate(batch, row, cell);
  }

  #takeLate(batch: ColumnBatch, row: number, cell: WindowCell): void {
    const slot = cell.number & (LATE_CELLS_KEPT - 1);
    const known = this.#late[slot]!;
    const isKnown = known.number === cell.number && this.#watermark < known.validUntil;
    const { kept, fired, handle } = isKnown ? known : (this.#late[slot] = this.#lateCell(batch.timestamps[row]!, cell));
    if (kept.length === 0) {
      // What comes too late is emitted too, if anywhere: behind what fires again before it.
      if (0 < this.#againKeys.length && !this.#flush(batch)) return this.#takeAlone(batch, row);
      return this.#rows.reject(batch, row);
    }
    if (0 < fired.length) {
      const key = this.#rows.keyAt(batch, row);
      if (key === undefined || (this.#hasAgain.has(key) && !this.#flush(batch))) return this.#takeAlone(batch, row);
      this.#hasAgain.add(key);
      this.#againKeys.push(key);
      this.#againWindows.push(fired);
    }
    this.#append(row, handle);
  }

  #lateCell(timestamp: number, cell: WindowCell): LateCell {
    const watermark = this.#watermark;
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
    this.#goOnWith(row);
    if (!this.#runIsDense) this.#runRows[this.#runCount] = row;
    this.#runSpans[this.#runCount] = handle;
    this.#runCount += 1;
  }

  /** Adds what is collected, and fires what fires again. Returns false where that went one by one. */
  #flush(batch: ColumnBatch): boolean {
    const count = this.#runCount;
    this.#runCount = 0;
    if (count === 0) return true;
    const keys = this.#againKeys;
    const windows = this.#againWindows;
    if (0 < keys.length) {
      this.#againKeys = [];
      this.#againWindows = [];
      this.#hasAgain.clear();
    }
    const isDense = this.#runIsDense;
    if (this.#panes!.addColumns({ first: this.#runFirst, rows: isDense ? undefined : this.#runRows }, this.#runSpans, count)) {
      if (0 < keys.length) this.#rows.fireAgain(keys, windows);
      return true;
    }
    this.#forgetCells();
    for (let index = 0; index < count; index += 1) this.#rows.take(batch, isDense ? this.#runFirst + index : this.#runRows[index]!);
    this.#settle();
    return false;
  }

  #forgetCells(): void {
    this.#openCells.fill(NaN);
    this.#cellStart = NaN;
    this.#late.fill(NO_LATE_CELL);
  }
}

/** The first row from `row` on that is not within [start, end); `rowEnd` where there is none. */
function firstOutside(timestamps: Float64Array, row: number, rowEnd: number, start: number, end: number): number {
  let at = row;
  while (at < rowEnd && start <= timestamps[at]! && timestamps[at]! < end) at += 1;
  return at;
}
