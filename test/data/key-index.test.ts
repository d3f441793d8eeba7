import * as fc from "fast-check";
import { expect, test } from "vitest";
import { KeyIndex } from "../../core/data/key-index.ts";
import type { KeyId } from "../../core/data/key.ts";

type Step = { readonly kind: "set" | "delete"; readonly key: KeyId } | { readonly kind: "renew" };

const kinds = fc.constantFrom("set" as const, "set" as const, "delete" as const);
const keys = fc.oneof(
  { weight: 20, arbitrary: fc.tuple(fc.nat({ max: 200 }), fc.constantFrom(1, 51, 201)).map(([id, spread]): KeyId => id * spread) },
  { weight: 3, arbitrary: fc.constantFrom<KeyId[]>("a", "", "7", NaN, 0.5, true, false, Infinity, 2 ** 31, 2 ** 32 + 7, -(2 ** 31) - 1, -1) },
  { weight: 3, arbitrary: fc.oneof(fc.integer({ min: 2 ** 31 - 150, max: 2 ** 31 - 1 }), fc.integer({ min: -(2 ** 31), max: -(2 ** 31) + 150 })) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 50, arbitrary: fc.record({ kind: kinds, key: keys }) },
  { weight: 1, arbitrary: fc.constant({ kind: "renew" as const }) },
);

test("knows the numbers that a Map knows", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 800, size: "max" }), (steps) => {
      let expected = new Map<KeyId, number>();
      let index = new KeyIndex();
      for (const [at, step] of steps.entries()) {
        if (step.kind === "renew") {
          expected = new Map();
          index = new KeyIndex(index);
        } else if (step.kind === "set") {
          expected.set(step.key, at + 1);
          index.set(step.key, at + 1);
        } else {
          expected.delete(step.key);
          index.delete(step.key);
        }
        if (index.size !== expected.size) expect.unreachable(`step ${at}`);
      }
      for (const [key, number] of expected) expect(index.get(key)).toBe(number);
      for (const step of steps) if (step.kind !== "renew") expect(index.get(step.key)).toBe(expected.get(step.key) ?? 0);
    }),
    { numRuns: 200, seed: 5 },
  );
});

test("ids that go up for ever are found, and those that have gone are not", () => {
  const index = new KeyIndex();
  for (let id = 0; id < 5_000; id += 1) {
    index.set(id, id + 1);
    if (100 <= id) index.delete(id - 100);
  }
  expect(index.size).toBe(100);
  for (let id = 0; id < 5_000; id += 1) expect(index.get(id)).toBe(id < 4_900 ? 0 : id + 1);
});
