import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { KeyId } from "../../core/data/key.ts";
import { KeyMap } from "../../core/data/key-map.ts";

type Step = { readonly kind: "set" | "delete"; readonly key: KeyId } | { readonly kind: "renew" };

const ids = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 2_147_483_500, max: 2_147_483_647 }), fc.integer({ min: -2_147_483_648, max: -2_147_483_500 }));
const odd = fc.constantFrom<KeyId[]>("a", "", "7", NaN, 0.5, true, false, Infinity, 2 ** 31, 2 ** 32 + 7, -(2 ** 31) - 1, -1);
const keys: fc.Arbitrary<readonly Step[]> = fc.tuple(fc.nat({ max: 3 }), fc.nat()).chain(([spread, drift]) =>
  fc.array(
    fc.oneof(
      { weight: 20, arbitrary: fc.tuple(fc.constantFrom("set" as const, "set" as const, "delete" as const), fc.nat({ max: 200 })).map(([kind, id]) => ({ kind, key: (id * (1 + spread * spread * 50) + (drift % 1000)) | 0 })) },
      { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom("set" as const, "delete" as const), key: fc.oneof(ids, odd) }) },
      { weight: 1, arbitrary: fc.constant({ kind: "renew" as const }) },
    ),
    { maxLength: 600, size: "max" },
  ),
);

test("holds what a Map holds", () => {
  fc.assert(
    fc.property(keys, (steps) => {
      let expected = new Map<KeyId, number>();
      let map = new KeyMap<number>();
      for (const [index, step] of steps.entries()) {
        if (step.kind === "renew") {
          expected = new Map();
          map = new KeyMap<number>(map);
        } else if (step.kind === "set") {
          expected.set(step.key, index);
          map.set(step.key, index);
        } else {
          expect(map.delete(step.key)).toBe(expected.delete(step.key));
        }
        if (map.size !== expected.size || (step.kind !== "renew" && map.get(step.key) !== expected.get(step.key))) expect.unreachable(`step ${index}`);
      }
      const held = new Map<KeyId, number>();
      map.forEach((value, key) => held.set(key, value));
      expect(held).toEqual(expected);
      for (const [key, value] of expected) expect(map.get(key)).toBe(value);
    }),
    { numRuns: 100, seed: 4 },
  );
});

test("ids that go up for ever stay few", () => {
  const map = new KeyMap<number>();
  for (let id = 0; id < 5_000; id += 1) {
    map.set(id, id);
    if (100 <= id) expect(map.delete(id - 100)).toBe(true);
  }
  expect(map.size).toBe(100);
});

test("integers on both sides of where 32 bits wrap around are told as they are", () => {
  const map = new KeyMap<number>();
  for (let key = 2 ** 31 - 200; key < 2 ** 31; key += 1) map.set(key, key);
  map.set(-(2 ** 31), -(2 ** 31));
  map.forEach((value, key) => expect(key).toBe(value));
});
