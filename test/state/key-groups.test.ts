import fc from "fast-check";
import { expect, test } from "vitest";
import { keyId } from "../../core/data/key.ts";
import {
  defaultMaxParallelism,
  keyGroupOf,
  keyGroupRange,
  MAX_PARALLELISM_LIMIT,
  subtaskOf,
} from "../../core/state/key-groups.ts";

test("the ranges of all subtasks cover every key group once, and agree with subtaskOf", () => {
  const sizes = fc.integer({ min: 1, max: 300 }).chain((maxParallelism) =>
    fc.tuple(fc.constant(maxParallelism), fc.integer({ min: 1, max: maxParallelism })),
  );
  fc.assert(
    fc.property(sizes, ([maxParallelism, parallelism]) => {
      let next = 0;
      for (let subtask = 0; subtask < parallelism; subtask += 1) {
        const { first, last } = keyGroupRange(subtask, parallelism, maxParallelism);
        expect(first).toBe(next);
        for (let group = first; group <= last; group += 1) expect(subtaskOf(group, parallelism, maxParallelism)).toBe(subtask);
        next = last + 1;
      }
      expect(next).toBe(maxParallelism);
    }),
  );
});

test("every key lies in a group", () => {
  const keys = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.array(fc.integer()));
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 32768 }), (key, max) => {
      const group = keyGroupOf(keyId(key), max);
      expect(Number.isInteger(group) && 0 <= group && group < max).toBe(true);
    }),
  );
});

test("keys lie where Flink puts them", () => {
  const keys = ["user-12345", "key1", -1, 4294967296, 1.5, true];
  expect(keys.map((key) => keyGroupOf(keyId(key), 128))).toEqual([122, 41, 94, 86, 65, 77]);
});

test("the default number of key groups follows Flink's formula", () => {
  expect([1, 85, 86, 171, 30_000].map(defaultMaxParallelism)).toEqual([128, 128, 256, 256, MAX_PARALLELISM_LIMIT]);
});
