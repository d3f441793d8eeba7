/** Up to this many panes are looked through; sessions have one or two. */
const LOOKED_THROUGH_MAX = 8;
/** A direct index has at most this many places for each pane that there is room for. */
const PLACES_PER_PANE_MAX = 4;
/** 2^32 divided by the golden ratio: neighbouring keys land far from each other. */
const GOLDEN = 0x9e3779b1;

const NO_INDEX = /* @__PURE__ */ new Int32Array(0);
const NO_INTS = /* @__PURE__ */ new BigInt64Array(0);

/**
 * The panes of one span: keys and words by row, in the order in which they were created, and an index. A pane is `stride` words: its position, its count, its
 * accumulators.
 *
 * Keys that lie close together, as ids and key slots do, are looked up in a direct index: a place for every key from `base` on. Others are hashed.
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
  /** The key that the direct index begins with. */
  base = 0;
  /** Row + 1 by key − base; 0 is free. Empty where keys are hashed or looked through, or where there are none yet. */
  direct: Int32Array<ArrayBuffer> = NO_INDEX;
  readonly #hasInts: boolean;
  /** Pairs of key and row + 1, so that 0 is free; at most half of it is taken. Empty while the table is small or its index direct. */
  #hashed: Int32Array = NO_INDEX;
  #shift = 0;

  /**
   * @param capacity a power of two
   * @param like a table that probably has the same keys
   */
  constructor(start: number, end: number, stride: number, hasInts: boolean, capacity: number, like?: KernelTable) {
    this.start = start;
    this.end = end;
    this.stride = stride;
    this.#hasInts = hasInts;
    this.keys = new Int32Array(capacity);
    this.words = new Float64Array(capacity * stride);
    this.ints = hasInts ? new BigInt64Array(this.words.buffer) : NO_INTS;
    if (like !== undefined && LOOKED_THROUGH_MAX < capacity && like.direct.length <= PLACES_PER_PANE_MAX * capacity) {
      this.base = like.base;
      this.direct = new Int32Array(like.direct.length);
    }
  }

  get bytes(): number {
    return this.keys.byteLength + this.words.byteLength + this.direct.byteLength + this.#hashed.byteLength;
  }

  /** Makes it the empty table of another span, with the room that it has. */
  reuse(start: number, end: number): void {
    this.start = start;
    this.end = end;
    this.count = 0;
    this.isInOrder = true;
    this.direct.fill(0);
    this.#hashed.fill(0);
  }

  /** The row of a key, or −1. */
  find(key: number): number {
    const place = (key - this.base) >>> 0;
    if (place < this.direct.length) return this.direct[place]! - 1;
    return 0 < this.direct.length ? -1 : this.#findHashed(key);
  }

  /**
   * Sets the targets of rows, the places of their panes' first words, from `first` on, for as long as they stay in this table's span and meet
   * keys that it has. Returns where that ended. Each loop does but one thing, with its arrays in constants: else engines look at types and lengths for each row.
   */
  locate(keys: Int32Array, spans: Int32Array, span: number, first: number, count: number, targets: Int32Array): number {
    const { base, direct, stride } = this;
    if (direct.length === 0) return this.#locateHashed(keys, spans, span, first, count, targets);
    let row = first;
    for (; row < count && spans[row] === span; row += 1) {
      const place = (keys[row]! - base) >>> 0;
      const found = place < direct.length ? direct[place]! : 0;
      if (found === 0) break;
      targets[row] = (found - 1) * stride;
    }
    return row;
  }

  #locateHashed(keys: Int32Array, spans: Int32Array, span: number, first: number, count: number, targets: Int32Array): number {
    const { stride } = this;
    let row = first;
    for (; row < count && spans[row] === span; row += 1) {
      const found = this.#findHashed(keys[row]!);
      if (found < 0) break;
      targets[row] = found * stride;
    }
    return row;
  }

  /** A row for a key that has none; its words are the caller's to set. */
  insert(key: number): number {
    const row = this.count;
    if (row === this.keys.length) this.#grow();
    this.keys[row] = key;
    this.count += 1;
    const place = (key - this.base) >>> 0;
    if (place < this.direct.length) this.direct[place] = row + 1;
    else if (0 < this.#hashed.length) this.#enter(key, row);
    else if (LOOKED_THROUGH_MAX < this.keys.length) this.#widen(key);
    return row;
  }

  /** The last row takes the place of the removed one. */
  remove(row: number): void {
    const last = this.count - 1;
    const lastKey = this.keys[last]!;
    if (0 < this.direct.length) {
      this.direct[this.keys[row]! - this.base] = 0;
      if (row !== last) this.direct[lastKey - this.base] = row + 1;
    } else if (0 < this.#hashed.length) {
      this.#erase(this.keys[row]!);
      if (row !== last) this.#hashed[this.#entryOf(lastKey) + 1] = row + 1;
    }
    if (row !== last) {
      this.isInOrder = false;
      this.keys[row] = lastKey;
      this.words.copyWithin(row * this.stride, last * this.stride, (last + 1) * this.stride);
    }
    this.count = last;
  }

  #findHashed(key: number): number {
    const index = this.#hashed;
    if (index.length === 0) return this.#lookThrough(key);
    const mask = index.length - 1;
    for (let at = hash(key) >>> this.#shift << 1; ; at = (at + 2) & mask) {
      const row = index[at + 1]!;
      if (row === 0 || index[at] === key) return row - 1;
    }
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
    if (this.direct.length === 0) this.#buildIndex();
  }

  #buildIndex(): void {
    const capacity = this.keys.length;
    if (capacity <= LOOKED_THROUGH_MAX) return;
    let least = this.keys[0]!;
    let most = least;
    for (let row = 1; row < this.count; row += 1) {
      const key = this.keys[row]!;
      if (key < least) least = key;
      else if (most < key) most = key;
    }
    const places = most - least + 1;
    const wanted = placesFor(places);
    // What is to spare lies on both sides: of keys that come by chance, some more will.
    if (wanted <= PLACES_PER_PANE_MAX * capacity) this.#place(least - ((wanted - places) >> 1), wanted);
    else this.#hashAll();
  }

  /** Makes room in the direct index for a key that was just given a row, or gives the index up where that were too much. */
  #widen(key: number): void {
    const base = this.count === 1 ? key : this.base;
    const end = base + this.direct.length;
    const places = Math.max(end, key + 1) - Math.min(base, key);
    const placesMax = PLACES_PER_PANE_MAX * this.keys.length;
    if (placesMax < places) return this.#hashAll();
    const wanted = Math.min(placesFor(places), placesMax);
    this.#place(key < base ? end - wanted : base, wanted);
  }

  #place(base: number, places: number): void {
    this.base = base;
    this.direct = new Int32Array(places);
    this.#hashed = NO_INDEX;
    for (let row = 0; row < this.count; row += 1) this.direct[this.keys[row]! - base] = row + 1;
  }

  #hashAll(): void {
    const capacity = this.keys.length;
    this.direct = NO_INDEX;
    this.#hashed = new Int32Array(4 * capacity);
    this.#shift = Math.clz32(2 * capacity) + 1;
    for (let row = 0; row < this.count; row += 1) this.#enter(this.keys[row]!, row);
  }

  #enter(key: number, row: number): void {
    const index = this.#hashed;
    const mask = index.length - 1;
    let at = hash(key) >>> this.#shift << 1;
    while (index[at + 1] !== 0) at = (at + 2) & mask;
    index[at] = key;
    index[at + 1] = row + 1;
  }

  /** Where the entry of a key that is there lies. */
  #entryOf(key: number): number {
    const index = this.#hashed;
    const mask = index.length - 1;
    let at = hash(key) >>> this.#shift << 1;
    while (index[at] !== key || index[at + 1] === 0) at = (at + 2) & mask;
    return at;
  }

  /** Closes the gap, so that no key is cut off from where its search begins. */
  #erase(key: number): void {
    const index = this.#hashed;
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

/** A power of two, so that a range that goes on growing is seldom laid out anew. */
function placesFor(count: number): number {
  return count <= 1 ? 1 : 2 ** (32 - Math.clz32(count - 1));
}
