import { expect, test } from "vitest";
import { types } from "../../core/data/type.ts";
import { keyedReduceFactory } from "../../core/operators/function-factories.ts";
import type { OperatorFactory } from "../../core/operators/operator.ts";
import { OperatorHarness } from "../../core/testing/operator-harness.ts";
import { check, showOutput } from "./play.ts";

type Pair = readonly [string, number];

const sum = (): OperatorFactory =>
  keyedReduceFactory<Pair>({ keyOf: ([key]) => key, fn: { reduce: ([key, a], [, b]) => [key, a + b] } });

test("STREAMING emits every update with the timestamp of its record", () =>
  check({
    factory: sum,
    steps: [
      [["record", ["a", 1], 1], '["a",1]@1'],
      [["record", ["b", 5], 2], '["b",5]@2'],
      [["watermark", 2], "wm 2"],
      [["record", ["a", 2], 3], '["a",3]@3'],
      [["record", ["a", 3]], '["a",6]'],
    ],
  }));

test("a declared type is what is stored", () =>
  check({
    factory: () => keyedReduceFactory<number>({ keyOf: () => "all", fn: { reduce: (a, b) => a + b }, type: types.int }),
    steps: [
      [["record", 1], "1"],
      [["record", 2], "3"],
    ],
  }));

test("BATCH emits the final value of each key", () => {
  const harness = new OperatorHarness(sum(), { mode: "BATCH" });
  harness.open();
  for (const [index, record] of [["a", 1], ["a", 2]].entries()) harness.element(record, index);
  harness.endKey();
  harness.element(["b", 5], 9);
  harness.endKey();
  harness.watermark(Infinity);
  expect(harness.takeOutput().map(showOutput)).toEqual(['["a",3]@1', '["b",5]@9', "wm Infinity"]);
  expect([harness.metrics.recordsIn, harness.metrics.recordsOut]).toEqual([3, 2]);
});

test("a reduce without a return is told so", () => {
  const harness = new OperatorHarness(keyedReduceFactory<number>({ keyOf: () => 1, fn: { reduce: (() => {}) as never } }));
  harness.open();
  harness.element(1);
  expect(() => harness.element(2)).toThrow("reduce returned undefined");
});
