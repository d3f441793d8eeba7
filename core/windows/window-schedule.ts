import { assert } from "../lib/assert.ts";
import { IndexedHeap, NOT_IN_HEAP } from "../lib/heap.ts";
import type { PaneDeadlines } from "./panes.ts";
import { compareWindows, type TimeWindow } from "./time-window.ts";
import { type Spanned, WindowMap } from "./window-map.ts";

/** One of the two deadlines of a window. */
interface Deadline {
  readonly time: number;
  readonly window: TimeWindow;
  heapIndex: number;
}

interface Scheduled extends Spanned {
  readonly fire: Deadline;
  readonly drop: Deadline;
}

/** When which windows fire and are dropped. */
export class WindowSchedule {
  readonly #deadlines: PaneDeadlines;
  readonly #fires = new IndexedHeap<Deadline>(byTime);
  readonly #drops = new IndexedHeap<Deadline>(byTime);
  /** Invariant: the drop of each lies in its heap; so does the fire, unless the window has fired or never does. */
  readonly #windows = new WindowMap<Scheduled>();

  constructor(deadlines: PaneDeadlines) {
    this.#deadlines = deadlines;
  }

  /** Schedules a window that is not scheduled yet. It is fired only if its time is behind `firedUntil`. */
  add(window: TimeWindow, firedUntil: number): void {
    const { start, end } = window;
    if (this.#windows.get(start, end) !== undefined) return;
    const fire = { time: this.#deadlines.fireTime(window), window, heapIndex: NOT_IN_HEAP };
    const drop = { time: this.#deadlines.dropTime(window), window, heapIndex: NOT_IN_HEAP };
    this.#windows.add({ start, end, fire, drop });
    this.#drops.push(drop);
    // False where the window never fires: its time is NaN.
    if (firedUntil < fire.time) this.#fires.push(fire);
  }

  remove({ start, end }: TimeWindow): void {
    const scheduled = this.#windows.get(start, end);
    if (scheduled === undefined) return;
    this.#windows.remove(scheduled);
    this.#drops.remove(scheduled.drop);
    if (scheduled.fire.heapIndex !== NOT_IN_HEAP) this.#fires.remove(scheduled.fire);
  }

  nextDeadline(): number {
    return Math.min(this.#fires.peek()?.time ?? Infinity, this.#drops.peek()?.time ?? Infinity);
  }

  /** The windows whose fire time has come. They count as fired. */
  takeFires(time: number): readonly TimeWindow[] {
    return taken(this.#fires, time);
  }

  /** The windows whose drop time has come, in the order in which they fire. They are forgotten. */
  takeDrops(time: number): readonly TimeWindow[] {
    const windows = taken(this.#drops, time);
    for (const { start, end } of windows) {
      const scheduled = this.#windows.get(start, end)!;
      assert(scheduled.fire.heapIndex === NOT_IN_HEAP, "a window is dropped after it has fired");
      this.#windows.remove(scheduled);
    }
    return windows.sort(compareWindows);
  }

  /** The windows whose drop time has come; they stay. */
  dropsUntil(time: number): readonly TimeWindow[] {
    const windows: TimeWindow[] = [];
    for (const drop of this.#drops) {
      if (drop.time <= time) windows.push(drop.window);
    }
    return windows;
  }
}

function taken(heap: IndexedHeap<Deadline>, time: number): TimeWindow[] {
  const windows: TimeWindow[] = [];
  for (;;) {
    const deadline = heap.peek();
    if (deadline === undefined || time < deadline.time) return windows;
    heap.remove(deadline);
    windows.push(deadline.window);
  }
}

function byTime(a: Deadline, b: Deadline): number {
  // Not by subtraction: ∞ − ∞ is NaN.
  if (a.time === b.time) return 0;
  return a.time < b.time ? -1 : 1;
}
