import { IntegerIndex } from "./integer-index.ts";
import type { KeyId } from "./key.ts";
import { PLACED_KEYS_MIN, PLACES_PER_KEY_MAX, placesFor } from "./key-places.ts";

/** Integers that lie far apart are looked at again when they are as many as could lie close together, or when they have become so many times as many. */
const REVIEW_GROWTH_MAX = 16;

/**
 * A number above 0 for each key. Integers that lie close together, as ids do, have a place each, so that finding their numbers is one load of four bytes.
 * Whether they do is looked at whenever the integers without a place have become many more.
 */
export class KeyIndex {
  /** By key − base; 0 where there is none. */
  #places: Int32Array = new Int32Array(0);
  #base = 0;
  /** Keys that have a place. */
  #placedCount = 0;
  /** Those of 32 bits without a place. */
  #integers: IntegerIndex;
  readonly #others = new Map<KeyId, number>();
  /** How many integers without a place are looked at next. */
  #reviewSize = PLACED_KEYS_MIN;

  /** @param like an index that probably has the same keys, as far as it is full */
  constructor(like?: KeyIndex) {
    this.#integers = new IntegerIndex(like === undefined ? 0 : like.#integers.size);
    if (like === undefined || like.#placedCount * PLACES_PER_KEY_MAX < like.#places.length) return;
    this.#base = like.#base;
    this.#places = new Int32Array(like.#places.length);
  }

  get size(): number {
    return this.#placedCount + this.#integers.size + this.#others.size;
  }

  /** 0 where there is none. */
  get(key: KeyId): number {
    if (!isInteger(key)) return this.#others.get(key) ?? 0;
    const place = (key - this.#base) >>> 0;
    return place < this.#places.length ? this.#places[place]! : this.#integers.get(key);
  }

  set(key: KeyId, number: number): void {
    if (!isInteger(key)) {
      this.#others.set(key, number);
      return;
    }
    const place = (key - this.#base) >>> 0;
    if (place < this.#places.length) {
      if (this.#places[place] === 0) this.#placedCount += 1;
      this.#places[place] = number;
      return;
    }
    this.#integers.set(key, number);
    if (this.#reviewSize <= this.#integers.size) this.#review();
  }

  delete(key: KeyId): void {
    if (!isInteger(key)) {
      this.#others.delete(key);
      return;
    }
    const place = (key - this.#base) >>> 0;
    if (this.#places.length <= place) this.#integers.delete(key);
    else if (this.#places[place] !== 0) {
      this.#places[place] = 0;
      this.#placedCount -= 1;
    }
  }

  /** Visits the integers of 32 bits. */
  #forEachInteger(visit: (key: number, number: number) => void): void {
    for (let place = 0; 0 < this.#placedCount && place < this.#places.length; place += 1) {
      // Places behind the largest integer of 32 bits are those of the smallest ones, as the look-up has it.
      if (this.#places[place] !== 0) visit((this.#base + place) | 0, this.#places[place]!);
    }
    this.#integers.forEach(visit);
  }

  #review(): void {
    const { base, count, wanted } = placesFor((visit) => this.#forEachInteger(visit));
    if (0 < count) this.#place(base, count);
    const { size } = this.#integers;
    this.#reviewSize = Math.max(PLACED_KEYS_MIN, 2 * size, Math.min(wanted / PLACES_PER_KEY_MAX, REVIEW_GROWTH_MAX * size), this.#placedCount >> 1);
  }

  #place(base: number, count: number): void {
    const places = new Int32Array(count);
    let placedCount = 0;
    this.#forEachInteger((key, number) => {
      places[(key - base) >>> 0] = number;
      placedCount += 1;
    });
    this.#integers = new IntegerIndex(0);
    this.#placedCount = placedCount;
    this.#places = places;
    this.#base = base;
  }
}

/** Of 32 bits. */
function isInteger(key: KeyId): key is number {
  return typeof key === "number" && (key | 0) === key;
}
