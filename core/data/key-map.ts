import type { KeyId } from "./key.ts";
import { PLACED_KEYS_MIN, PLACES_PER_KEY_MAX, placesFor } from "./key-places.ts";

/**
 * What each key has; as a Map, but for its order. Integers that lie close together, as ids do, have a place each, so that finding what they have is one load.
 * Whether they do is looked at whenever the keys without a place have become many more.
 */
export class KeyMap<V> {
  /** By key − base. */
  #places: (V | undefined)[] = [];
  #base = 0;
  /** Keys that have a place. */
  #placedCount = 0;
  readonly #others = new Map<KeyId, V>();
  /** How many keys without a place are looked at next. */
  #reviewSize = PLACED_KEYS_MIN;

  /** @param like a map that probably has the same keys, as far as it is full */
  constructor(like?: KeyMap<unknown>) {
    if (like === undefined || like.#placedCount * PLACES_PER_KEY_MAX < like.#places.length) return;
    this.#base = like.#base;
    this.#places = new Array<V | undefined>(like.#places.length).fill(undefined);
  }

  get size(): number {
    return this.#placedCount + this.#others.size;
  }

  get(key: KeyId): V | undefined {
    if (typeof key === "number" && (key | 0) === key) {
      const place = (key - this.#base) >>> 0;
      if (place < this.#places.length) return this.#places[place];
    }
    return this.#others.get(key);
  }

  set(key: KeyId, value: V & ({} | null)): void {
    const place = this.#placeOf(key);
    if (0 <= place) {
      if (this.#places[place] === undefined) this.#placedCount += 1;
      this.#places[place] = value;
      return;
    }
    this.#others.set(key, value);
    if (this.#reviewSize <= this.#others.size) this.#review();
  }

  /** Returns whether there was anything. */
  delete(key: KeyId): boolean {
    const place = this.#placeOf(key);
    if (place < 0) return this.#others.delete(key);
    if (this.#places[place] === undefined) return false;
    this.#places[place] = undefined;
    this.#placedCount -= 1;
    return true;
  }

  clear(): void {
    this.#places = [];
    this.#placedCount = 0;
    this.#others.clear();
    this.#reviewSize = PLACED_KEYS_MIN;
  }

  /** In no particular order. */
  forEach(visit: (value: V, key: KeyId) => void): void {
    for (let place = 0; 0 < this.#placedCount && place < this.#places.length; place += 1) {
      const value = this.#places[place];
      // Places behind the largest integer of 32 bits are those of the smallest ones, as the look-up has it.
      if (value !== undefined) visit(value, (this.#base + place) | 0);
    }
    this.#others.forEach(visit);
  }

  /** −1 where the key has none. */
  #placeOf(key: KeyId): number {
    if (typeof key !== "number" || (key | 0) !== key) return -1;
    const place = (key - this.#base) >>> 0;
    return place < this.#places.length ? place : -1;
  }

  #review(): void {
    const { base, count } = placesFor((visit) =>
      this.forEach((_value, key) => {
        if (typeof key === "number" && (key | 0) === key) visit(key);
      }),
    );
    if (0 < count) this.#place(base, count);
    this.#reviewSize = Math.max(PLACED_KEYS_MIN, 2 * this.#others.size, this.#placedCount >> 1);
  }

  #place(base: number, count: number): void {
    const entries: [KeyId, V][] = [];
    this.forEach((value, key) => entries.push([key, value]));
    this.#places = new Array<V | undefined>(count).fill(undefined);
    this.#base = base;
    this.#placedCount = 0;
    this.#others.clear();
    for (const [key, value] of entries) {
      const place = this.#placeOf(key);
      if (place < 0) this.#others.set(key, value);
      else {
        this.#places[place] = value;
        this.#placedCount += 1;
      }
    }
  }
}
