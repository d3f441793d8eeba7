import { assert } from "../lib/assert.ts";
import { TimeWindow } from "./time-window.ts";

/** Told of each group of windows that become `result`. */
export type MergeCallback = (sources: readonly TimeWindow[], result: TimeWindow) => void;

/** Finds the groups among `windows` that become one, and calls `merge` once for each. */
export type MergeWindows = (windows: readonly TimeWindow[], merge: MergeCallback) => void;

/**
 * How sessions merge: windows that overlap or touch become the one that covers them. Groups come by start; within a group windows
 * come by start, equal ones once. A window that stays alone is not reported.
 */
export function mergeTimeWindows(windows: readonly TimeWindow[], merge: MergeCallback): void {
  let sources: TimeWindow[] = [];
  let covered: TimeWindow | undefined;
  for (const window of [...windows].sort(byStart)) {
    if (covered === undefined || !covered.intersects(window)) {
      if (covered !== undefined && 1 < sources.length) merge(sources, covered);
      sources = [window];
      covered = window;
      continue;
    }
    if (sources.at(-1)!.equals(window)) continue;
    sources.push(window);
    covered = covered.cover(window);
  }
  if (covered !== undefined && 1 < sources.length) merge(sources, covered);
}

/** A window in flight, and the window under which its content is kept. */
export interface MergingEntry {
  readonly window: TimeWindow;
  readonly stateWindow: TimeWindow;
}

/**
 * What a merge did. `mergedWindows` were in flight and are replaced by `result` (the added window is not among them); the
 * contents of `mergedStateWindows` must be moved into `stateWindow`. Both ascend by start.
 */
export type MergeFunction = (
  result: TimeWindow,
  mergedWindows: readonly TimeWindow[],
  stateWindow: TimeWindow,
  mergedStateWindows: readonly TimeWindow[],
) => void;

/**
 * The windows in flight of one key where windows merge, as Flink's MergingWindowSet. A session keeps its content under the window
 * it started with (its *state window*), however it grows: so growing moves nothing. Where several sessions become one, the state
 * window of the earliest stays.
 *
 * Adding a window that is in flight already changes nothing. (Flink then forgets the state window, and with it what a session
 * merged before has held.)
 */
export class MergingWindowSet {
  /** Invariant: ascending by start; with `mergeTimeWindows` no two windows touch, so a look-up is a binary search. */
  readonly #entries: MergingEntry[];
  readonly #mergeWindows: MergeWindows;

  /** @param entries what `entries()` of another set gave */
  constructor(entries: Iterable<MergingEntry> = [], mergeWindows: MergeWindows = mergeTimeWindows) {
    this.#entries = [...entries].sort((a, b) => byStart(a.window, b.window));
    this.#mergeWindows = mergeWindows;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** The windows in flight, ascending by start: what to store, and what the constructor takes. */
  entries(): readonly MergingEntry[] {
    return this.#entries.slice();
  }

  /** The window under which the content of `window` is kept; undefined where it is not in flight. */
  getStateWindow(window: TimeWindow): TimeWindow | undefined {
    return this.#entries[this.#indexOf(window)]?.stateWindow;
  }

  /** The window that `added` would become part of; only where windows merge as sessions do. */
  mergedWith(added: TimeWindow): TimeWindow {
    assert(this.#mergeWindows === mergeTimeWindows, "who merges otherwise is asked by adding");
    return this.#touching(added).reduce((covered, window) => covered.cover(window), added);
  }

  /** Removes a window that has been dropped. */
  retireWindow(window: TimeWindow): void {
    const index = this.#indexOf(window);
    assert(0 <= index, "a window that is retired is in flight");
    this.#entries.splice(index, 1);
  }

  /**
   * Adds a window and merges what has to be merged, calling `onMerge` for each merge that changes windows in flight. Returns the
   * window that the added one is part of now: itself or a merged one.
   */
  addWindow(added: TimeWindow, onMerge: MergeFunction): TimeWindow {
    if (0 <= this.#indexOf(added)) return added;
    const isOrdinary = this.#mergeWindows === mergeTimeWindows;
    const candidates = isOrdinary ? this.#touching(added) : this.#entries.map(({ window }) => window);
    const merges: { readonly sources: readonly TimeWindow[]; readonly result: TimeWindow }[] = [];
    if (0 < candidates.length) this.#mergeWindows([...candidates, added], (sources, result) => merges.push({ sources, result }));

    let representative: TimeWindow | undefined;
    for (const { sources, result } of merges) {
      const merged = sources.filter((window) => !window.equals(added));
      if (merged.length < sources.length) representative = result;
      this.#replace(merged, result, onMerge);
    }
    if (representative !== undefined) return representative;
    this.#insert({ window: added, stateWindow: added });
    return added;
  }

  #replace(merged: readonly TimeWindow[], result: TimeWindow, onMerge: MergeFunction): void {
    const first = merged[0];
    assert(first !== undefined, "a merge has a window that was in flight");
    // The added window lies within the only one it touches: nothing changes.
    if (merged.length === 1 && first.equals(result)) return;

    const stateWindows = merged.map((window) => this.#take(window).stateWindow);
    const stateWindow = stateWindows[0]!;
    this.#insert({ window: result, stateWindow });
    onMerge(result, merged, stateWindow, stateWindows.slice(1));
  }

  #take(window: TimeWindow): MergingEntry {
    const index = this.#indexOf(window);
    assert(0 <= index, "a window that is merged is in flight");
    return this.#entries.splice(index, 1)[0]!;
  }

  #insert(entry: MergingEntry): void {
    this.#entries.splice(this.#lowerBound(entry.window), 0, entry);
  }

  #touching(added: TimeWindow): TimeWindow[] {
    const touching: TimeWindow[] = [];
    // Windows in flight do not touch each other: at most one that starts before the added one reaches it.
    let index = Math.max(0, this.#lowerBound(added) - 1);
    for (; index < this.#entries.length; index += 1) {
      const { window } = this.#entries[index]!;
      if (added.end < window.start) break;
      if (added.intersects(window)) touching.push(window);
    }
    return touching;
  }

  #indexOf(window: TimeWindow): number {
    const index = this.#lowerBound(window);
    const entry = this.#entries[index];
    return entry !== undefined && entry.window.equals(window) ? index : -1;
  }

  /** Index of the first entry that is not before `window`. */
  #lowerBound(window: TimeWindow): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (byStart(this.#entries[middle]!.window, window) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function byStart(a: TimeWindow, b: TimeWindow): number {
  return a.start - b.start || a.end - b.end;
}
