import type { KeyId } from "../data/key.ts";
import type { Type } from "../data/type.ts";
import type { PaneFunction, Panes } from "./panes.ts";
import type { TimeWindow } from "./time-window.ts";

/** When windows that merge fire and are dropped: that long after their last timestamp. */
export interface MergingDeadlines {
  /** 0 for windows that fire by time; +∞ where they fire at the end of the input, NaN where never. */
  readonly fireDelayMs: number;
  /** +∞ where they are kept until the end. */
  readonly dropDelayMs: number;
}

/** How far time has come, as the operator knows it. */
export interface MergingTime {
  /** A window that is due at or before it is fired by the caller of `add`; −∞ where the clock fires. */
  readonly firedUntil: number;
  /** A window is too late where its last timestamp + allowed lateness is not behind it; −∞ where none is. */
  readonly lateUntil: number;
}

/** What every implementation of `MergingPanes` is told. */
export interface MergingPanesOptions<T, Contents> {
  readonly time: MergingTime;
  readonly deadlines: MergingDeadlines;
  readonly allowedLatenessMs: number;
  readonly contents: PaneFunction<T, Contents>;
  readonly contentsType: Type<Contents>;
}

/**
 * The panes of windows that merge, with the windows in flight of every key: both in one, since a record may grow its window. Everything else is as in `Panes`,
 * snapshots included. Two implementations agree: over keyed state (the meaning), and on the heap.
 */
export interface MergingPanes<T, Contents> extends Pick<Panes<T, Contents>, "read" | "fireDue" | "dropDue" | "resumeFrom" | "size"> {
  /**
   * Adds a record to the window that `[start, end)` becomes part of: of those in flight that it touches and itself. Their contents are merged by ascending
   * start, then the record is added; the pane takes the earliest of their positions. Returns false, and changes nothing, where that window is too late. Returns
   * the window where its time has passed: the caller fires it now. Otherwise returns true: it is due at its fire time.
   */
  add(key: KeyId, start: number, end: number, record: T, timestamp: number): boolean | TimeWindow;
  /** No later than the earliest fire or drop time of any pane; +∞ where there is none. */
  nextDeadline(): number;
}
