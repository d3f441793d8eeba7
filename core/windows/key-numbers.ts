import type { Column, StringColumn } from "../data/column.ts";
import type { Dictionary } from "../data/dictionary.ts";
import { type KeyId, keyId } from "../data/key.ts";
import { DIRECT_KEY_MIN, FIRST_KEY_SLOT } from "./kernel.ts";
import type { KeySlots } from "./key-slots.ts";

/** Dictionaries whose strings are remembered: one for each channel that batches come from, and some more while generations change. */
const DICTIONARIES_MAX = 8;
const NO_NUMBER = 0;

/** The numbers of a dictionary's strings, while they hold. */
class DictionaryNumbers {
  /** By id; `NO_NUMBER` where it is not known. Slots are no small numbers, so 0 is free. */
  numbers = new Int32Array(256);
  /** Id + 1 by slot: where to forget a slot that was freed. */
  #ids = new Int32Array(256);

  set(id: number, number: number): void {
    const slot = number - FIRST_KEY_SLOT;
    this.makeRoom(id + 1);
    if (this.#ids.length <= slot) this.#ids = grown(this.#ids, slot + 1);
    // A string that stands twice is remembered by one of its ids, which `forget` finds again; the other one is looked up each time.
    if (this.#ids[slot] !== 0) return;
    this.numbers[id] = number;
    this.#ids[slot] = id + 1;
  }

  forget(slot: number): void {
    const place = this.#ids[slot];
    if (place === undefined || place === 0) return;
    this.numbers[place - 1] = NO_NUMBER;
    this.#ids[slot] = 0;
  }

  makeRoom(length: number): void {
    if (this.numbers.length < length) this.numbers = grown(this.numbers, length);
  }
}

/** Turns a column of keys into the numbers by which a kernel knows them, as `keyId` and `KeySlots` would one by one. */
export class KeyNumbers {
  readonly #slots: KeySlots;
  readonly #assign: (key: KeyId) => number;
  readonly #known = new Map<Dictionary, DictionaryNumbers>();

  /** @param assign gives a key that has no number yet one */
  constructor(slots: KeySlots, assign: (key: KeyId) => number) {
    this.#slots = slots;
    this.#assign = assign;
  }

  /** Whether the values of a column can be keys. */
  static takes({ kind, validity }: Column): boolean {
    return kind !== "object" && validity === undefined;
  }

  /** Writes the numbers of `count` neighbours, from `to` on; returns false where it does not know all of them yet. */
  writeKnown({ values, dictionary }: StringColumn, first: number, count: number, numbers: Int32Array, to: number): boolean {
    const known = this.#numbersOf(dictionary);
    known.makeRoom(dictionary.strings.length);
    const byId = known.numbers;
    // Negative once a number was 0, which is none: no branch a row.
    let isKnown = 0;
    for (let index = 0; index < count; index += 1) {
      const number = byId[values[first + index]!]!;
      numbers[to + index] = number;
      isKnown |= number - 1;
    }
    return 0 <= isKnown;
  }

  /** Writes the numbers of `count` rows: those of the list, or neighbours. Returns false where a row has a value that is no key. */
  write(column: Column, first: number, rows: Int32Array | undefined, count: number, numbers: Int32Array): boolean {
    switch (column.kind) {
      case "i32":
        this.#writeIntegers(column.values, first, rows, count, numbers);
        return true;
      case "f64":
        this.#writeNumbers(column.values, first, rows, count, numbers);
        return true;
      case "string":
        this.#writeStrings(column, first, rows, count, numbers);
        return true;
      case "bool":
        for (let index = 0; index < count; index += 1) numbers[index] = this.numberOf(column.values[rows === undefined ? first + index : rows[index]!] === 1);
        return true;
      case "i64":
        return this.#writeBigints(column.values, first, rows, count, numbers);
      case "object":
        return false;
    }
  }

  /** These slots may come to stand for other keys. */
  forget(slots: Int32Array): void {
    for (const known of this.#known.values()) for (let index = 0; index < slots.length; index += 1) known.forget(slots[index]!);
  }

  #writeIntegers(keys: Int32Array, first: number, rows: Int32Array | undefined, count: number, numbers: Int32Array): void {
    for (let index = 0; index < count; index += 1) {
      const key = keys[rows === undefined ? first + index : rows[index]!]!;
      numbers[index] = DIRECT_KEY_MIN <= key && key < FIRST_KEY_SLOT ? key : this.numberOf(key);
    }
  }

  #writeNumbers(keys: Float64Array, first: number, rows: Int32Array | undefined, count: number, numbers: Int32Array): void {
    for (let index = 0; index < count; index += 1) {
      const key = keys[rows === undefined ? first + index : rows[index]!]!;
      const whole = key | 0;
      // −0 equals 0 here, as it does among keys.
      numbers[index] = whole === key && DIRECT_KEY_MIN <= whole && whole < FIRST_KEY_SLOT ? whole : this.numberOf(key + 0);
    }
  }

  #writeStrings({ values, dictionary }: StringColumn, first: number, rows: Int32Array | undefined, count: number, numbers: Int32Array): void {
    const known = this.#numbersOf(dictionary);
    known.makeRoom(dictionary.strings.length);
    const byId = known.numbers;
    for (let index = 0; index < count; index += 1) {
      const id = values[rows === undefined ? first + index : rows[index]!]!;
      let number = byId[id]!;
      if (number === NO_NUMBER) {
        number = this.numberOf(keyId(dictionary.strings[id]));
        known.set(id, number);
      }
      numbers[index] = number;
    }
  }

  #writeBigints(keys: BigInt64Array, first: number, rows: Int32Array | undefined, count: number, numbers: Int32Array): boolean {
    for (let index = 0; index < count; index += 1) {
      const key = Number(keys[rows === undefined ? first + index : rows[index]!]!);
      if (!Number.isSafeInteger(key)) return false;
      numbers[index] = this.numberOf(key);
    }
    return true;
  }

  numberOf(key: KeyId): number {
    return this.#slots.find(key) ?? this.#assign(key);
  }

  #numbersOf(dictionary: Dictionary): DictionaryNumbers {
    let known = this.#known.get(dictionary);
    if (known !== undefined) return known;
    // The one that was met first goes: generations only ascend.
    for (const oldest of this.#known.keys()) {
      if (this.#known.size < DICTIONARIES_MAX) break;
      this.#known.delete(oldest);
    }
    known = new DictionaryNumbers();
    this.#known.set(dictionary, known);
    return known;
  }
}

function grown(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(length, 2 * array.length));
  larger.set(array);
  return larger;
}
