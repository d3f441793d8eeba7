import { isTimestamp } from "../time/timestamp.ts";
import type { PaneDeadlines } from "../windows/panes.ts";
import type { TimeWindow, Window } from "../windows/time-window.ts";
import type { WindowAssigner, WindowAssignerContext } from "../windows/window-assigner.ts";

/** A span of timestamps whose records all have the same windows. */
export interface WindowCell {
  /** Which cell of the grid it is; NaN for none. */
  readonly number: number;
  readonly start: number;
  readonly end: number;
  readonly windows: readonly TimeWindow[];
  /** When the first of its windows fires. Until then its records are on time for all of them; −∞ where there is no window. */
  readonly firstFire: number;
}

/** Records that come out of order fall into a few cells by turns; a power of two. */
export const CELLS_KEPT = 64;
const NO_CELL: WindowCell = { number: NaN, start: NaN, end: NaN, windows: [], firstFire: -Infinity };

/** The grid that windows of event time lie on, and the windows of its cells that records fell into lately. */
export class WindowCells {
  readonly #assigner: WindowAssigner<never, Window>;
  readonly #context: WindowAssignerContext;
  readonly #deadlines: PaneDeadlines;
  readonly #kept: WindowCell[] = new Array<WindowCell>(CELLS_KEPT).fill(NO_CELL);
  /** The cell of the last record: most records fall into the same one, which a comparison finds out faster than a division. */
  #last: WindowCell = NO_CELL;
  /** NaN until the first record decides where windows begin. */
  sizeMs = NaN;
  offsetMs = NaN;

  constructor(assigner: WindowAssigner<never, Window>, context: WindowAssignerContext, deadlines: PaneDeadlines) {
    this.#assigner = assigner;
    this.#context = context;
    this.#deadlines = deadlines;
  }

  /** The cell of a timestamp; one that holds no timestamp at all where the assigner has no grid, or the timestamp is none. */
  of(timestamp: number): WindowCell {
    const last = this.#last;
    if (last.start <= timestamp && timestamp < last.end) return last;
    const number = Math.floor((timestamp - this.offsetMs) / this.sizeMs);
    const kept = this.#kept[number & (CELLS_KEPT - 1)]!;
    const found = kept.number === number ? kept : this.#find(timestamp);
    this.#last = found;
    return found;
  }

  #find(timestamp: number): WindowCell {
    if (this.#assigner.cells === undefined || !isTimestamp(timestamp)) return NO_CELL;
    if (Number.isNaN(this.sizeMs)) {
      const { sizeMs, offsetMs } = this.#assigner.cells(this.#context);
      this.sizeMs = sizeMs;
      this.offsetMs = offsetMs;
    }
    const number = Math.floor((timestamp - this.offsetMs) / this.sizeMs);
    const start = number * this.sizeMs + this.offsetMs;
    // The windows of a grid follow from the timestamp alone.
    const windows = this.#assigner.assignWindows(undefined as never, timestamp, this.#context) as readonly TimeWindow[];
    let firstFire = windows.length === 0 ? -Infinity : Infinity;
    for (const window of windows) firstFire = Math.min(firstFire, this.#deadlines.fireTime(window));
    const cell = { number, start, end: start + this.sizeMs, windows, firstFire };
    this.#kept[number & (CELLS_KEPT - 1)] = cell;
    return cell;
  }
}
