import { describe, expect, test } from "vitest";
import { Prng } from "../../core/lib/prng.ts";

describe("the generator", () => {
  test("repeats itself from a seed, and goes on from a state", () => {
    const first = new Prng(42);
    const numbers = Array.from({ length: 100 }, () => first.next());
    const second = new Prng(42);
    expect(numbers.slice(0, 50)).toEqual(Array.from({ length: 50 }, () => second.next()));
    const third = Prng.fromState(JSON.parse(JSON.stringify(second.state())) as number[]);
    expect(numbers.slice(50)).toEqual(Array.from({ length: 50 }, () => third.next()));
  });

  test("follows sfc32: its words for state 1, 2, 3 with counter 4", () => {
    const prng = Prng.fromState([1, 2, 3, 4]);
    // 1 + 2 + 4; then a = 2 ^ (2 >>> 9) = 2, b = 3 + 24 = 27, c = rotl(3, 21) + 7, counter 5: 2 + 27 + 5.
    expect([prng.uint32(), prng.uint32()]).toEqual([7, 34]);
    expect(prng.state()[3]).toBe(6);
  });

  test.each([0, 0.5, -1, 1e300])("seed %d gives numbers of its own, spread over [0, 1)", (seed) => {
    const prng = new Prng(seed);
    const buckets = new Array<number>(10).fill(0);
    for (let index = 0; index < 10_000; index += 1) {
      const value = prng.next();
      expect(0 <= value && value < 1).toBe(true);
      buckets[Math.floor(value * 10)]! += 1;
    }
    for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(150);
    expect(new Prng(seed).uint32()).not.toBe(new Prng(seed + 1e290 + 1).uint32());
  });

  test("integers and picks are within bounds and reach all of them", () => {
    const prng = new Prng(7);
    expect(new Set(Array.from({ length: 200 }, () => prng.int(7)))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
    expect(prng.int(1)).toBe(0);
    expect(prng.int(2 ** 32)).toBeLessThan(2 ** 32);
    expect(new Set(Array.from({ length: 100 }, () => prng.pick(["a", "b"])))).toEqual(new Set(["a", "b"]));
  });

  test.each([0, -1, 1.5, 2 ** 32 + 1, Number.NaN])("refuses the bound %d", (bound) => {
    expect(() => new Prng(1).int(bound)).toThrow("bound");
  });
});
