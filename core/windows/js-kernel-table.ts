/** Up to this many panes are looked through; sessions have one or two. */
const LOOKED_THROUGH_MAX = 8;
/** 2^32 divided by the golden ratio: neighbouring keys land far from each other. */
const GOLDEN = 0x9e3779b1;

const NO_INDEX = /* @__PURE__ */ new Int32Array(0);
const NO_INTS = /* @__PURE__ */ new BigInt64Array(0);

/**
 * The panes of one span: keys and words by row, in the order in which they were created, and an index by open addressing. A pane is `stride` words: its
 * position, its count, its accumulators.
 */
export class KernelTable {
  start: number;
  end: number;
  readonly stride: number;
  count = 0;
  /** Whether the rows lie by ascending position. */
  isInOrder = true;
  keys: Int32Array<ArrayBuffer>;
  words: Float64Array<ArrayBuffer>;
  /** The same words as integers; empty where no aggregate has any. */
  ints: BigInt64Array<ArrayBuffer>;
  readonly #hasInts: boolean;
  /** Pairs of key and row + 1, so that 0 is free; at most half of it is taken. Empty while the table is small. */
  #index: Int32Array = NO_INDEX;
  #shift = 0;

  /** @param capacity a power of two */
  constructor(start: number, end: number, stride: number, hasInts: boolean, capacity: number) {
    this.start = start;
    this.end = end;
    this.stride = stride;
    this.#hasInts = hasInts;
    this.keys = new Int32Array(capacity);
    this.words = new Float64Array(capacity * stride);
    this.ints = hasInts ? new BigInt64Array(this.words.buffer) : NO_INTS;
    this.#buildIndex();
  }

  get bytes(): number {
    return this.keys.byteLength + this.words.byteLength + this.#index.byteLength;
  }

  /** Makes it the empty table of another span, with the room that it has. */
  reuse(start: number, end: number): void {
    this.start = start;
    this.end = end;
    this.count = 0;
    this.isInOrder = true;
    this.#index.fill(0);
  }

  /** The row of a key, or −1. */
  find(key: number): number {
    const index = this.#index;
    if (index.length === 0) return this.#lookThrough(key);
    const mask = index.length - 1;
    for (let at = hash(key) >>> this.#shift << 1; ; at = (at + 2) & mask) {
      const row = index[at + 1]!;
      if (row === 0 || index[at] === key) return row - 1;
    }
  }

  /** A row for a key that has none; its words are the caller's to set. */
  insert(key: number): number {
    if (this.count === this.keys.length) this.#grow();
    const row = this.count;
    this.keys[row] = key;
    this.count += 1;
    if (this.#index.length !== 0) this.#enter(key, row);
    return row;
  }

  /** The last row takes the place of the removed one. */
  remove(row: number): void {
    const last = this.count - 1;
    const lastKey = this.keys[last]!;
    if (this.#index.length !== 0) {
      this.#erase(this.keys[row]!);
      if (row !== last) this.#index[this.#entryOf(lastKey) + 1] = row + 1;
    }
    if (row !== last) {
      this.isInOrder = false;
      this.keys[row] = lastKey;
      this.words.copyWithin(row * this.stride, last * this.stride, (last + 1) * this.stride);
    }
    this.count = last;
  }

  #lookThrough(key: number): number {
    for (let row = 0; row < this.count; row += 1) {
      if (this.keys[row] === key) return row;
    }
    return -1;
  }

  #grow(): void {
    const capacity = 2 * this.keys.length;
    const { keys, words } = this;
    this.keys = new Int32Array(capacity);
    this.keys.set(keys);
    this.words = new Float64Array(capacity * this.stride);
    // As bytes: a copy of numbers could change the bits of a NaN, and integers look like some.
    new Uint8Array(this.words.buffer).set(new Uint8Array(words.buffer));
    this.ints = this.#hasInts ? new BigInt64Array(this.words.buffer) : NO_INTS;
    this.#buildIndex();
  }

  #buildIndex(): void {
    const capacity = this.keys.length;
    if (capacity <= LOOKED_THROUGH_MAX) return;
    this.#index = new Int32Array(4 * capacity);
    this.#shift = Math.clz32(2 * capacity) + 1;
    for (let row = 0; row < this.count; row += 1) this.#enter(this.keys[row]!, row);
  }

  #enter(key: number, row: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let at = hash(key) >>> this.#shift << 1;
    while (index[at + 1] !== 0) at = (at + 2) & mask;
    index[at] = key;
    index[at + 1] = row + 1;
  }

  /** Where the entry of a key that is there lies. */
  #entryOf(key: number): number {
    const index = this.#index;
    const mask = index.length - 1;
    let at = hash(key) >>> this.#shift << 1;
    while (index[at] !== key || index[at + 1] === 0) at = (at + 2) & mask;
    return at;
  }

  /** Closes the gap, so that no key is cut off from where its search begins. */
  #erase(key: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let gap = this.#entryOf(key);
    for (let at = (gap + 2) & mask; index[at + 1] !== 0; at = (at + 2) & mask) {
      const home = hash(index[at]!) >>> this.#shift << 1;
      // The entry may move back only as far as its home: when the gap lies cyclically in [home, at).
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      index[gap] = index[at]!;
      index[gap + 1] = index[at + 1]!;
      gap = at;
    }
    index[gap + 1] = 0;
  }
}

/** The high half is folded in first: a product alone would keep keys apart that differ in their low bits only. */
function hash(key: number): number {
  return Math.imul(key ^ (key >>> 16), GOLDEN);
}
