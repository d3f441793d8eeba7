import type { KeyId } from "../data/key.ts";
import { assert } from "../lib/assert.ts";
import { DIRECT_KEY_MIN, FIRST_KEY_SLOT } from "./kernel.ts";

/** How many times slots may stay although they could be freed, and below how many they may in any case. */
const WAITS_MAX = 64;
const KEPT_MIN = 1_024;

/** The number by which a kernel knows a key: small integers are their own, every other key gets a slot, which is used again some time after its last pane has gone. */
export class KeySlots {
  readonly #slots = new Map<KeyId, number>();
  readonly #keys: (KeyId | undefined)[] = [];
  readonly #free: number[] = [];
  /** While keys are frozen, those that have lost their slots since. */
  #lost: Map<number, KeyId> | undefined;
  #waits = 0;
  #sizeMax = KEPT_MIN;

  /** Number of keys that have a slot. */
  get size(): number {
    return this.#slots.size;
  }

  /** The number of a key, or undefined where it has none yet. */
  find(key: KeyId): number | undefined {
    if (isDirect(key)) return key;
    const slot = this.#slots.get(key);
    return slot === undefined ? undefined : FIRST_KEY_SLOT + slot;
  }

  /** Gives a key that `find` does not know a slot. */
  assign(key: KeyId): number {
    const slot = this.#free.pop() ?? this.#keys.length;
    assert(slot < FIRST_KEY_SLOT, "a kernel holds fewer than 2^30 keys");
    this.#slots.set(key, slot);
    this.#keys[slot] = key;
    return slot;
  }

  keyOf(number: number): KeyId {
    if (number < FIRST_KEY_SLOT) return number;
    const key = this.#keys[number - FIRST_KEY_SLOT];
    assert(key !== undefined, "a kernel holds only keys that have a slot");
    return key;
  }

  /**
   * Whether it is time to free slots whose last pane has gone. Most keys come again in the next window, and as long as nobody has freed their slots they need no
   * new ones: so it is time now and then only, or where that could be many.
   */
  isTimeToFree(): boolean {
    this.#waits += 1;
    return WAITS_MAX < this.#waits || this.#sizeMax <= this.#slots.size;
  }

  free(slots: Int32Array): void {
    for (const slot of slots) {
      const key = this.#keys[slot];
      assert(key !== undefined, "a key slot is freed once");
      // A slot that is used anew loses its key only after it has got it.
      if (this.#lost !== undefined && !this.#lost.has(slot)) this.#lost.set(slot, key);
      this.#slots.delete(key);
      this.#keys[slot] = undefined;
      this.#free.push(slot);
    }
    this.#waits = 0;
    this.#sizeMax = KEPT_MIN + 2 * this.#slots.size;
  }

  /** Keys by their slots as they are now, until `thaw`. No copy is made: what is lost meanwhile is put aside. */
  freeze(): (slot: number) => KeyId | undefined {
    const lost = new Map<number, KeyId>();
    this.#lost = lost;
    return (slot) => lost.get(slot) ?? this.#keys[slot];
  }

  thaw(): void {
    this.#lost = undefined;
  }

  /** Visits every key that has a slot. */
  forEach(visit: (slot: number, key: KeyId) => void): void {
    for (const [key, slot] of this.#slots) visit(slot, key);
  }
}

/** Whether a key is its own number. */
export function isDirect(key: unknown): key is number {
  return typeof key === "number" && (key | 0) === key && DIRECT_KEY_MIN <= key && key < FIRST_KEY_SLOT;
}
