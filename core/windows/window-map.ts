/** What is filed by its span. */
export interface Spanned {
  readonly start: number;
  readonly end: number;
}

/**
 * A map by span. Windows of one start mostly have one end, so the look-up is by start alone; where sessions start
 * together, a second one by end follows.
 */
export class WindowMap<V extends Spanned> {
  readonly #byStart = new Map<number, V | Map<number, V>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(start: number, end: number): V | undefined {
    const found = this.#byStart.get(start);
    if (found instanceof Map) return found.get(end);
    return found !== undefined && found.end === end ? found : undefined;
  }

  /** Adds an item whose span no other item has. */
  add(item: V): void {
    const present = this.#byStart.get(item.start);
    if (present === undefined) this.#byStart.set(item.start, item);
    else if (present instanceof Map) present.set(item.end, item);
    else this.#byStart.set(item.start, new Map([[present.end, present], [item.end, item]]));
    this.#size += 1;
  }

  /** Removes an item that is there. */
  remove(item: V): void {
    this.#size -= 1;
    const present = this.#byStart.get(item.start);
    if (present instanceof Map) {
      present.delete(item.end);
      if (0 < present.size) return;
    }
    this.#byStart.delete(item.start);
  }

  *[Symbol.iterator](): IterableIterator<V> {
    for (const found of this.#byStart.values()) {
      if (found instanceof Map) yield* found.values();
      else yield found;
    }
  }
}
