import { assert } from "./assert.ts";

const UINT32_RANGE = 4294967296;
/** sfc32 needs some rounds until its three seed words have met. */
const WARM_UP_ROUNDS = 15;

/**
 * A seeded generator of pseudo-random numbers with a state that can be stored: sfc32 ("small fast counting") of Chris
 * Doty-Humphrey (PractRand, public domain); period at least 2^32, and it passes PractRand and BigCrush. Equal seeds give equal
 * numbers on every engine.
 */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** Any finite number is a seed; all of its bits count. */
  constructor(seed: number) {
    assert(Number.isFinite(seed), "a seed is a finite number");
    const words = new Uint32Array(new Float64Array([seed]).buffer);
    this.#a = words[0]! | 0;
    this.#b = words[1]! | 0;
    this.#c = 0x9e3779b9 | 0;
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) this.uint32();
  }

  /** Goes on where the generator stood whose `state()` this is. */
  static fromState(state: readonly number[]): Prng {
    assert(state.length === 4, "the state of a generator has four words");
    const prng = new Prng(0);
    prng.#a = state[0]! | 0;
    prng.#b = state[1]! | 0;
    prng.#c = state[2]! | 0;
    prng.#counter = state[3]! | 0;
    return prng;
  }

  /** Four unsigned 32-bit words, which `fromState` takes. */
  state(): number[] {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#counter >>> 0];
  }

  /** An integer in [0, 2^32). */
  uint32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** A number in [0, 1) with 53 random bits. */
  next(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** An integer in [0, bound), every one equally likely. */
  int(bound: number): number {
    assert(Number.isInteger(bound) && 1 <= bound && bound <= UINT32_RANGE, "the bound of a random integer is in 1…2^32");
    // Words above the largest multiple of the bound would favour small results, so they are drawn again: at most every second
    // one.
    const end = UINT32_RANGE - (UINT32_RANGE % bound);
    let word = this.uint32();
    while (end <= word) word = this.uint32();
    return word % bound;
  }

  /** One of the elements, every one equally likely. */
  pick<T>(elements: readonly T[]): T {
    assert(0 < elements.length, "there is something to pick from");
    return elements[this.int(elements.length)] as T;
  }
}
