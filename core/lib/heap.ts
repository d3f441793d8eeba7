import { assert } from "./assert.ts";

/** The heap index of an item that lies in no heap. */
export const NOT_IN_HEAP = -1;

/**
 * A binary min-heap whose items know where they lie, so that any of them can be removed in O(log n): timers are deleted as
 * often as they fire. An item lies in at most one heap at a time.
 *
 * Invariant: `items[i].heapIndex === i`; an item that has left the heap has `heapIndex === NOT_IN_HEAP`.
 */
export class IndexedHeap<T extends { heapIndex: number }> {
  readonly #compare: (a: T, b: T) => number;
  readonly #items: T[] = [];

  /** `compare` is negative where `a` comes out before `b`. It must be a total order wherever the order of equals matters. */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    assert(item.heapIndex === NOT_IN_HEAP, "an item that enters a heap lies in none");
    this.#items.push(item);
    this.#siftUp(item, this.#items.length - 1);
  }

  /** The smallest item, which stays. */
  peek(): T | undefined {
    return this.#items[0];
  }

  /** The smallest item, which leaves. */
  pop(): T | undefined {
    const top = this.#items[0];
    if (top !== undefined) this.remove(top);
    return top;
  }

  remove(item: T): void {
    const index = item.heapIndex;
    assert(this.#items[index] === item, "an item that is removed lies in this heap");
    item.heapIndex = NOT_IN_HEAP;
    const last = this.#items.pop();
    if (last === item || last === undefined) return;
    // The last item fills the gap; it may have to move either way, since it comes from another branch.
    if (0 < index && this.#compare(last, this.#items[(index - 1) >> 1]!) < 0) this.#siftUp(last, index);
    else this.#siftDown(last, index);
  }

  clear(): void {
    for (const item of this.#items) item.heapIndex = NOT_IN_HEAP;
    this.#items.length = 0;
  }

  /** The items in no particular order. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#items[Symbol.iterator]();
  }

  /** A copy of the items in no particular order. */
  toArray(): T[] {
    return this.#items.slice();
  }

  #siftUp(item: T, from: number): void {
    const items = this.#items;
    let index = from;
    while (0 < index) {
      const parentIndex = (index - 1) >> 1;
      const parent = items[parentIndex]!;
      if (this.#compare(parent, item) <= 0) break;
      items[index] = parent;
      parent.heapIndex = index;
      index = parentIndex;
    }
    items[index] = item;
    item.heapIndex = index;
  }

  #siftDown(item: T, from: number): void {
    const items = this.#items;
    const size = items.length;
    let index = from;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (size <= childIndex) break;
      if (childIndex + 1 < size && this.#compare(items[childIndex + 1]!, items[childIndex]!) < 0) childIndex += 1;
      const child = items[childIndex]!;
      if (this.#compare(item, child) <= 0) break;
      items[index] = child;
      child.heapIndex = index;
      index = childIndex;
    }
    items[index] = item;
    item.heapIndex = index;
  }
}
