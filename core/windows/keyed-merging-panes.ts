import type { KeyId } from "../data/key.ts";
import { assert } from "../lib/assert.ts";
import { type KeyedState, NO_NAMESPACE, type StateTable } from "../state/keyed-state.ts";
import type { FiredGroups } from "./fired-groups.ts";
import type { MergingDeadlines, MergingPanes, MergingTime } from "./merging-panes.ts";
import { MERGING_WINDOWS } from "./merging-state.ts";
import { MergingWindowSet } from "./merging-window-set.ts";
import type { Panes } from "./panes.ts";
import { TimeWindow } from "./time-window.ts";

export interface KeyedMergingPanesOptions<T, Contents> {
  /** Holds the windows in flight of every key. */
  readonly state: KeyedState;
  readonly panes: Panes<T, Contents>;
  readonly time: MergingTime;
  readonly deadlines: MergingDeadlines;
  readonly allowedLatenessMs: number;
}

/** Windows that merge, over keyed state and panes of any kind: a set of the windows in flight of each key, with which panes move. This is what they mean. */
export class KeyedMergingPanes<T, Contents> implements MergingPanes<T, Contents> {
  readonly #sets: StateTable<MergingWindowSet>;
  readonly #panes: Panes<T, Contents>;
  readonly #time: MergingTime;
  readonly #fireDelayMs: number;
  readonly #allowedLatenessMs: number;
  /** Key groups that had got further when they were restored. */
  #further: FiredGroups | undefined;

  constructor({ state, panes, time, deadlines, allowedLatenessMs }: KeyedMergingPanesOptions<T, Contents>) {
    this.#sets = state.table(MERGING_WINDOWS);
    this.#panes = panes;
    this.#time = time;
    this.#fireDelayMs = deadlines.fireDelayMs;
    this.#allowedLatenessMs = allowedLatenessMs;
  }

  get size(): number {
    return this.#panes.size;
  }

  add(key: KeyId, start: number, end: number, record: T, timestamp: number): boolean | TimeWindow {
    const { firedUntil, lateUntil } = this.#time;
    const added = new TimeWindow(start, end);
    const set = this.#sets.get(key, NO_NAMESPACE) ?? new MergingWindowSet();
    const further = this.#further;
    if (set.mergedWith(added).maxTimestamp() + this.#allowedLatenessMs <= (further === undefined ? lateUntil : Math.max(lateUntil, further.of(key)))) return false;
    const sizeBefore = set.size;
    let hasMerged = false;
    const window = set.addWindow(added, (result, merged) => {
      hasMerged = true;
      this.#panes.merge(key, result, merged, firedUntil);
    });
    if (hasMerged || set.size !== sizeBefore) this.#sets.put(key, NO_NAMESPACE, set);
    this.#panes.add(key, [window], record, timestamp, firedUntil);
    const fireTime = window.maxTimestamp() + this.#fireDelayMs;
    return fireTime <= firedUntil || further?.haveReached(key, fireTime) === true ? window : true;
  }

  read(key: KeyId, window: TimeWindow): Contents | undefined {
    return this.#panes.read(key, window);
  }

  nextDeadline(): number {
    return this.#panes.nextDeadline();
  }

  fireDue(time: number, each: (key: KeyId, window: TimeWindow, contents: Contents) => void, mayContinue: () => boolean): boolean {
    return this.#panes.fireDue(time, each, mayContinue);
  }

  dropDue(time: number, each: (key: KeyId, window: TimeWindow) => void): void {
    this.#panes.dropDue(time, (key, window) => {
      this.#retire(key, window);
      each(key, window);
    });
  }

  resumeFrom(firedUntil: number, further?: FiredGroups): void {
    this.#further = further;
    this.#panes.resumeFrom(firedUntil, further);
  }

  #retire(key: KeyId, window: TimeWindow): void {
    const set = this.#sets.get(key, NO_NAMESPACE);
    assert(set !== undefined, "a key with a window to retire has a set of windows");
    set.retireWindow(window);
    if (set.size === 0) this.#sets.remove(key, NO_NAMESPACE);
    else this.#sets.put(key, NO_NAMESPACE, set);
  }
}
