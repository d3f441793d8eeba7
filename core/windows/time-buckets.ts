import { KeyMap } from "../data/key-map.ts";
import { IndexedHeap, NOT_IN_HEAP } from "../lib/heap.ts";

/** The items of one time. */
export interface TimeBucket<Item> {
  readonly time: number;
  readonly items: Item[];
  heapIndex: number;
}

/**
 * Items by the time at which they are to be looked at. An item is never removed: whoever takes it sees whether it still matters. Times are few where many
 * items lie close together, so that adding one costs a look-up, and nothing grows with the number of items.
 */
export class TimeBuckets<Item> {
  /** By ms since `#origin`, where they are whole and not too many: they lie close together. */
  readonly #near = new KeyMap<TimeBucket<Item>>();
  readonly #far = new Map<number, TimeBucket<Item>>();
  readonly #heap = new IndexedHeap<TimeBucket<Item>>(earlier);
  /** The first whole time. */
  #origin = NaN;

  add(item: Item, time: number): void {
    const offset = time - this.#origin;
    const bucket = isNear(offset, time) ? this.#near.get(offset) : this.#far.get(time);
    if (bucket === undefined) this.#open(item, time);
    else bucket.items.push(item);
  }

  /** +∞ where there is none. */
  nextTime(): number {
    return this.#heap.peek()?.time ?? Infinity;
  }

  /** Takes the items of the earliest time, where that is not behind `time`. */
  takeUntil(time: number): TimeBucket<Item> | undefined {
    const bucket = this.#heap.peek();
    if (bucket === undefined || time < bucket.time) return undefined;
    this.#heap.remove(bucket);
    const offset = bucket.time - this.#origin;
    if (isNear(offset, bucket.time)) this.#near.delete(offset);
    else this.#far.delete(bucket.time);
    return bucket;
  }

  #open(item: Item, time: number): void {
    const bucket = { time, items: [item], heapIndex: NOT_IN_HEAP };
    if (Number.isNaN(this.#origin) && Number.isInteger(time)) this.#origin = time;
    const offset = time - this.#origin;
    if (isNear(offset, time)) this.#near.set(offset, bucket);
    else this.#far.set(time, bucket);
    this.#heap.push(bucket);
  }
}

/** Whether no other time has this offset: a difference of whole numbers is exact where it is small. */
function isNear(offset: number, time: number): boolean {
  return (offset | 0) === offset && Number.isInteger(time);
}

function earlier(a: { readonly time: number }, b: { readonly time: number }): number {
  // Not by subtraction: ∞ − ∞ is NaN.
  if (a.time === b.time) return 0;
  return a.time < b.time ? -1 : 1;
}
