import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import { Duration } from "../../core/lib/duration.ts";
import { JobError } from "../../core/lib/errors.ts";
import type { Output } from "../../core/operators/operator.ts";
import { BatchEncoder } from "../../core/connectors/array-encoder.ts";
import type { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { columnsOf } from "../../core/data/expression.ts";
import { STRATEGIES, timedBatch, type Timed } from "../time/timed-batches.ts";
import { BatchScript, type Emits } from "./batch-script.ts";
import { SourceHarness, type SourceSnapshot } from "./source-harness.ts";

type Splits = Readonly<Record<string, readonly ColumnBatch[]>>;
type Action = readonly ["poll"] | readonly ["time", number] | readonly ["restore"];

/** What came out, step by step, however it went in. */
function play(splits: Splits, emits: Emits, strategy: WatermarkStrategy<Timed>, actions: readonly Action[]): unknown[] {
  const make = (from?: SourceSnapshot): SourceHarness<unknown, unknown, unknown> =>
    new SourceHarness(new BatchScript(splits, emits) as never, { strategy: strategy as WatermarkStrategy<unknown> }, from);
  const seen: unknown[] = [];
  let harness = make();
  let now = 0;
  try {
    for (const [index, action] of actions.entries()) {
      if (action[0] === "poll") seen.push(harness.poll());
      else if (action[0] === "time") harness.jumpTo((now += action[1]));
      else {
        const snapshot = harness.snapshot(index + 1);
        harness.close();
        harness = make(snapshot);
        now = 0;
      }
      seen.push(harness.take(), harness.metrics().recordsOut, harness.metrics().currentWatermark);
    }
    seen.push(harness.drain());
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    seen.push(error.code, error.message, error.place);
  }
  seen.push(harness.take(), harness.metrics().recordsOut, harness.metrics().currentWatermark);
  return seen;
}

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Action>(["poll"]) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 30 }).map((ms): Action => ["time", ms]) },
  { weight: 1, arbitrary: fc.constant<Action>(["restore"]) },
);
const splits: fc.Arbitrary<Splits> = fc.integer({ min: 1, max: 3 }).chain((count) =>
  fc.array(fc.array(timedBatch, { maxLength: 4 }), { minLength: count, maxLength: count }).map((all) => Object.fromEntries(all.map((batches, index) => [`s${index}`, batches]))),
);

describe("a batch means its records one by one: timestamps, watermarks at their places, idleness, failures, restores", () => {
  for (const idle of [false, true]) {
    test.each(STRATEGIES)(`%s${idle ? ", with idleness" : ""}`, (_, strategy) => {
      const whole = idle ? strategy.withIdleness(Duration.ofMillis(50)) : strategy;
      fc.assert(
        fc.property(splits, fc.array(action, { maxLength: 24 }), (given, actions) => {
          const expected = play(given, "rows", whole, actions);
          expect(play(given, "columns", whole, actions)).toEqual(expected);
          expect(play(given, "together", whole, actions)).toEqual(expected);
        }),
        { seed: 20_250_801, numRuns: 150 },
      );
    });
  }
});

/** The batches that a source emits, for an output that takes them. */
function batchesOf(splits: Splits, strategy: WatermarkStrategy<Timed>): ColumnBatch[] {
  const taken: ColumnBatch[] = [];
  const output: Output<unknown> = {
    processRecord: () => {},
    processWatermark: () => {},
    processIdleness: () => {},
    processColumns: (batch) => void taken.push(batch),
  };
  new SourceHarness(new BatchScript(splits, "columns") as never, { strategy: strategy as WatermarkStrategy<unknown>, output }).drain();
  return taken;
}

const four = (): ColumnBatch => new BatchEncoder().encode({ time: new Float64Array([10, 30, 20, 40]), sign: [0, 1, 2, 0] });
const strategyNamed = (name: string): WatermarkStrategy<Timed> => STRATEGIES.find(([given]) => given === name)![1];

test("a column of times is the timestamps, without a copy, and one batch stays one", () => {
  const batch = four();
  const [taken, ...more] = batchesOf({ a: [batch] }, strategyNamed("bounded, of a column"));
  expect(more).toEqual([]);
  expect(taken!.timestamps).toBe(batch.column("time")!.values);
  expect(taken!.columns[0]).toBe(batch.columns[0]);
  expect(taken!.watermarks).toEqual({ rows: [1, 2, 4], watermarks: [2, 22, 32] });
});

test("only where a generator turns idle is a batch cut", () => {
  const taken = batchesOf({ a: [four()] }, strategyNamed("the user's, punctuated"));
  expect(taken.map(({ length, watermarks }) => [length, watermarks.rows])).toEqual([[3, [2]], [1, []]]);
});

test("with several splits a batch carries the watermark of them all", () => {
  const batch = (times: readonly number[]): ColumnBatch => new BatchEncoder().encode({ time: Float64Array.from(times), sign: times.map(() => 0) });
  const taken = batchesOf({ a: [batch([10, 20])], b: [batch([5, 12, 30])] }, strategyNamed("monotonous, of a column"));
  expect(taken.map(({ watermarks }) => watermarks)).toEqual([
    { rows: [], watermarks: [] },
    { rows: [1, 2, 3], watermarks: [4, 11, 19] },
  ]);
});

test("a reader's batch has no watermarks of its own", () => {
  const [watermarked] = batchesOf({ a: [four()] }, strategyNamed("bounded, of a column"));
  const source = new BatchScript({ a: [watermarked!] }, "columns");
  expect(() => new SourceHarness(source).drain()).toThrow("the reader emitted a column batch with watermarks in it");
});

test("a time that is none is refused in the words of rows, with the record", () => {
  const strategy = strategyNamed("bounded, of a column").withTimestampAssigner(columnsOf<{ tmie: number }>()("tmie") as never);
  const source = new BatchScript({ a: [four()] }, "columns");
  expect(() => new SourceHarness(source, { strategy: strategy as never }).drain()).toThrow(
    /the timestamp assigner returned undefined as a timestamp; .*: check the name of the field[^]*\{"time":10,"sign":0\}/,
  );
});
