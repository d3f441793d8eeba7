import type { KeyId } from "../data/key.ts";
import type { Namespace } from "../state/keyed-state.ts";

/** Numbers of a session, by their place in its stretch of `numbers`. */
export const START = 0;
export const END = 1;
/** Where it is filed by time; NaN where it is not. */
export const DUE_AT = 2;
export const POSITION = 3;
export const STRIDE = 4;

/** Bits of `flags`. */
export const IS_THERE = 1;
export const HAS_FIRED = 2;
/** Since the last snapshot. */
export const HAS_CHANGED = 4;

const CAPACITY_MIN = 16;

/**
 * Sessions as rows: what a record needs of one lies in 32 bytes, since most of what a record costs is waiting for memory. Rows of sessions that are gone are
 * used again.
 */
export class SessionRows<Contents> {
  numbers: Float64Array = new Float64Array(CAPACITY_MIN * STRIDE);
  flags: Uint8Array = new Uint8Array(CAPACITY_MIN);
  readonly keys: KeyId[] = [];
  readonly contents: (Contents | undefined)[] = [];
  /** The address that the last snapshot knows it by. */
  readonly storedAs: (Namespace | undefined)[] = [];
  /** Older sessions of the same key, ascending by start; only where it is the key's newest. */
  readonly older: (number[] | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.keys.length - this.#free.length;
  }

  /** Rows that are there and those that are free. */
  get length(): number {
    return this.keys.length;
  }

  add(key: KeyId, start: number, end: number, position: number, contents: Contents): number {
    const row = this.#free.pop() ?? this.#next();
    const at = row * STRIDE;
    this.numbers[at + START] = start;
    this.numbers[at + END] = end;
    this.numbers[at + DUE_AT] = NaN;
    this.numbers[at + POSITION] = position;
    this.flags[row] = IS_THERE;
    this.keys[row] = key;
    this.contents[row] = contents;
    this.storedAs[row] = undefined;
    this.older[row] = undefined;
    return row;
  }

  free(row: number): void {
    this.numbers[row * STRIDE + DUE_AT] = NaN;
    this.flags[row] = 0;
    this.contents[row] = undefined;
    this.older[row] = undefined;
    this.#free.push(row);
  }

  startOf(row: number): number {
    return this.numbers[row * STRIDE + START]!;
  }

  endOf(row: number): number {
    return this.numbers[row * STRIDE + END]!;
  }

  positionOf(row: number): number {
    return this.numbers[row * STRIDE + POSITION]!;
  }

  is(row: number, flag: number): boolean {
    return (this.flags[row]! & flag) !== 0;
  }

  #next(): number {
    const row = this.keys.length;
    if (row === this.flags.length) {
      const { numbers, flags } = this;
      this.numbers = new Float64Array(2 * numbers.length);
      this.numbers.set(numbers);
      this.flags = new Uint8Array(2 * flags.length);
      this.flags.set(flags);
    }
    return row;
  }
}
