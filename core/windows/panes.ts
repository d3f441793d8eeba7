import type { KeyId } from "../data/key.ts";
import type { FiredGroups } from "./fired-groups.ts";
import type { TimeWindow } from "./time-window.ts";

/**
 * What the panes of a window operator hold and how it grows: a list of records, a reduced record, an accumulator.
 * `Contents` is what is stored.
 */
export interface PaneFunction<T, Contents> {
  readonly kind: "list" | "reduce" | "aggregate";
  /** `timestamp` is that of the record; first and last by time need it. */
  create(record: T, timestamp: number): Contents;
  /** May change and return `contents`. */
  add(contents: Contents, record: T, timestamp: number): Contents;
  /** Both parts as one, `earlier` first; undefined where the function cannot merge. */
  readonly merge: ((earlier: Contents, later: Contents) => Contents) | undefined;
  /** An independent copy to merge into; needed only where slices are summed. */
  copy?(contents: Contents): Contents;
}

/** When a window fires and when it is dropped: its fire time, and fire time + allowed lateness. */
export interface PaneDeadlines {
  /** NaN where the window never fires by time. */
  fireTime(window: TimeWindow): number;
  /** +∞ where it is kept until the end. */
  dropTime(window: TimeWindow): number;
}

/**
 * The seam that windows stand on: the content of every window for every key, and its deadlines. It knows neither watermark nor lateness:
 * the operator classifies each record and counts. Three implementations agree: over KeyedState + Timers (the meaning), on the heap, the kernel.
 *
 * Where the assigner slides, the function merges and is sliceable, contents are kept by slice and a window is summed from its slices by ascending start;
 * then a slice lives until the last window that covers it is dropped.
 *
 * Invariant: a firing emits by (last timestamp, start) of the window, then key group, then position: the order in which the keys' first records came to that
 * window. A merged pane takes the earliest of its parts' positions, a sliced window the position in its earliest slice that holds the key; snapshot and
 * restore keep positions.
 *
 * Invariant: between calls of the operator every pane with fire time ≤ the time of the last `fireDue` has fired, apart from those that a stopped
 * `fireDue` still has before it. A snapshot holds the contents, the positions, and marks for just those; `resumeFrom` derives the rest.
 */
export interface Panes<T, Contents> {
  /**
   * Adds a record to its panes; `windows` are those of the record that are not dropped yet. A new pane is due at its fire time, unless that is
   * ≤ `firedUntil`: then the caller fires it now itself, and it is only kept until its drop time.
   */
  add(key: KeyId, windows: readonly TimeWindow[], record: T, timestamp: number, firedUntil: number): void;
  /** What the pane holds (summed over its slices where it is sliced), or undefined where there is none. */
  read(key: KeyId, window: TimeWindow): Contents | undefined;
  /**
   * Makes one pane, `target`, of the panes of `sources` (ascending by start), which are gone afterwards; it is due at its fire time unless that is
   * ≤ `firedUntil`. Sources without contents are passed over; where none has any, no pane is left.
   */
  merge(key: KeyId, target: TimeWindow, sources: readonly TimeWindow[], firedUntil: number): void;
  /** The earliest fire or drop time of any pane; +∞ where there is none. */
  nextDeadline(): number;
  /**
   * Fires, in the defined order, every pane that is due at or before `time`. Stops early when `mayContinue()` says no; returns whether all have fired. A pane
   * counts as fired before `each` is called for it, so that a snapshot between two calls fires nothing twice. `contents` is undefined never.
   */
  fireDue(time: number, each: (key: KeyId, window: TimeWindow, contents: Contents) => void, mayContinue: () => boolean): boolean;
  /**
   * Drops every pane with drop time ≤ `time`, each told to `each` first; without `each`, nothing is done for each pane that can be done for many. Call it only
   * when nothing due at `time` is left to fire.
   */
  dropDue(time: number, each: ((key: KeyId, window: TimeWindow) => void) | undefined): void;
  /**
   * After a restore, once: schedules every restored pane, given the time up to which panes had fired. Key groups that had got `further` go on from where they were: what
   * they had still to fire and to drop is due at once, whatever the time is.
   */
  resumeFrom(firedUntil: number, further?: FiredGroups): void;
  /** Number of live (key, window) panes, or (key, slice) where sliced. */
  readonly size: number;
}
