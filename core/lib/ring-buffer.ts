const CAPACITY_MIN = 16;

/**
 * A first-in-first-out queue in one array that grows as needed: no garbage per element, O(1) at both ends. It has no bound of
 * its own; whoever owns the queue names it.
 */
export class RingBuffer<T> {
  /** Its length is a power of two, so that an index wraps by masking. */
  #slots: (T | undefined)[] = new Array<T | undefined>(CAPACITY_MIN).fill(undefined);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item;
    this.#length += 1;
  }

  /** The oldest element, which stays. */
  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#head];
  }

  /** The oldest element, which leaves. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    // A slot that kept its element would keep a whole buffer alive.
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length -= 1;
    return item;
  }

  /** Forgets everything, and gives back the memory of a queue that has grown. */
  clear(): void {
    this.#slots = new Array<T | undefined>(CAPACITY_MIN).fill(undefined);
    this.#head = 0;
    this.#length = 0;
  }

  /** From the oldest to the newest. The queue must not change meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let index = 0; index < this.#length; index += 1) {
      yield this.#slots[(this.#head + index) & (this.#slots.length - 1)] as T;
    }
  }

  #grow(): void {
    const grown = new Array<T | undefined>(2 * this.#slots.length).fill(undefined);
    for (let index = 0; index < this.#length; index += 1) {
      grown[index] = this.#slots[(this.#head + index) & (this.#slots.length - 1)];
    }
    this.#slots = grown;
    this.#head = 0;
  }
}
