import type { KeyId } from "./key.ts";

/** Integers get places when there are as many of them, and at most so many places for each. */
const PLACED_KEYS_MIN = 64;
const PLACES_PER_KEY_MAX = 8;

/**
 * A number above 0 for each key. Integers that lie close together, as ids do, have a place each, so that finding their numbers is one load of four bytes.
 * Whether they do is looked at whenever the keys without a place have become many more.
 */
export class KeyIndex {
  /** By key − base; 0 where there is none. */
  #places: Int32Array = new Int32Array(0);
  #base = 0;
  /** Keys that have a place. */
  #placedCount = 0;
  readonly #others = new Map<KeyId, number>();
  /** How many keys without a place are looked at next. */
  #reviewSize = PLACED_KEYS_MIN;

  /** @param like an index that probably has the same keys, as far as it is full */
  constructor(like?: KeyIndex) {
    if (like === undefined || like.#placedCount * PLACES_PER_KEY_MAX < like.#places.length) return;
    this.#base = like.#base;
    this.#places = new Int32Array(like.#places.length);
  }

  get size(): number {
    return this.#placedCount + this.#others.size;
  }

  /** 0 where there is none. */
  get(key: KeyId): number {
    if (typeof key === "number" && (key | 0) === key) {
      const place = (key - this.#base) >>> 0;
      if (place < this.#places.length) return this.#places[place]!;
    }
    return this.#others.get(key) ?? 0;
  }

  set(key: KeyId, number: number): void {
    const place = this.#placeOf(key);
    if (0 <= place) {
      if (this.#places[place] === 0) this.#placedCount += 1;
      this.#places[place] = number;
      return;
    }
    this.#others.set(key, number);
    if (this.#reviewSize <= this.#others.size) this.#review();
  }

  delete(key: KeyId): void {
    const place = this.#placeOf(key);
    if (place < 0) this.#others.delete(key);
    else if (this.#places[place] !== 0) {
      this.#places[place] = 0;
      this.#placedCount -= 1;
    }
  }

  /** −1 where the key has none. */
  #placeOf(key: KeyId): number {
    if (typeof key !== "number" || (key | 0) !== key) return -1;
    const place = (key - this.#base) >>> 0;
    return place < this.#places.length ? place : -1;
  }

  /** Visits the integers of 32 bits. */
  #forEachInteger(visit: (key: number, number: number) => void): void {
    for (let place = 0; 0 < this.#placedCount && place < this.#places.length; place += 1) {
      // Places behind the largest integer of 32 bits are those of the smallest ones, as the look-up has it.
      if (this.#places[place] !== 0) visit((this.#base + place) | 0, this.#places[place]!);
    }
    this.#others.forEach((number, key) => {
      if (typeof key === "number" && (key | 0) === key) visit(key, number);
    });
  }

  #review(): void {
    let count = 0;
    let least = Infinity;
    let most = -Infinity;
    this.#forEachInteger((key) => {
      count += 1;
      if (key < least) least = key;
      if (most < key) most = key;
    });
    const placesMax = PLACES_PER_KEY_MAX * count;
    const wanted = most - least + 1;
    if (PLACED_KEYS_MIN <= count && wanted <= placesMax) {
      // What is to spare lies where ids grow.
      this.#place(least, Math.min(2 * wanted, placesMax));
    }
    this.#reviewSize = Math.max(PLACED_KEYS_MIN, 2 * this.#others.size, this.#placedCount >> 1);
  }

  #place(base: number, count: number): void {
    const places = new Int32Array(count);
    this.#forEachInteger((key, number) => {
      places[(key - base) >>> 0] = number;
      this.#others.delete(key);
    });
    this.#placedCount = 0;
    for (const number of places) if (number !== 0) this.#placedCount += 1;
    this.#places = places;
    this.#base = base;
  }
}
