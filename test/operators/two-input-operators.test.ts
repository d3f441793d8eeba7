import { expect, test } from "vitest";
import { types } from "../../core/data/type.ts";
import {
  coFlatMapFactory,
  coMapFactory,
  coProcessFactory,
  keyedCoProcessFactory,
} from "../../core/operators/function-factories.ts";
import type { OperatorFactory } from "../../core/operators/operator.ts";
import { RichCoMapFunction } from "../../core/functions/rich-functions.ts";
import { ValueStateDescriptor } from "../../core/state/descriptors.ts";
import type { ValueState } from "../../core/state/state.ts";
import { OperatorHarness } from "../../core/testing/operator-harness.ts";
import { check, showOutput, type Step } from "./play.ts";

const coMap = (): OperatorFactory => coMapFactory({ map1: (n: number) => `first ${n}`, map2: (s: string) => `second ${s}` });

test("coMap maps each input by its own method", () =>
  check({
    factory: coMap,
    steps: [
      [["record", 1, 10], "first 1@10"],
      [["record", "x", 11, 1], "second x@11"],
    ],
  }));

const time: readonly (readonly [Step, ...string[]])[] = [
  [["watermark", 5]],
  [["watermark", 3, 1], "wm 3"],
  [["watermark", 4, 1], "wm 4"],
  [["idle", true, 1], "wm 5"],
  [["watermark", 9], "wm 9"],
  [["idle", true], "idle"],
  [["idle", false, 1], "active"],
  [["watermark", 8, 1]],
  [["watermark", 10, 1], "wm 10"],
  // The first input is at 9 still: as in Flink, it holds the watermark from the moment it is back.
  [["idle", false]],
  [["watermark", 15, 1]],
  [["watermark", 12], "wm 12"],
  [["watermark", 15], "wm 15"],
  [["watermark", Infinity]],
  [["watermark", Infinity, 1], "wm Infinity"],
  [["finish"]],
];

test("time is the minimum over both inputs; an idle one does not hold it", () => {
  const factories: (() => OperatorFactory)[] = [
    coMap,
    () => coFlatMapFactory({ flatMap1() {}, flatMap2() {} }),
    () => coProcessFactory({ processElement1() {}, processElement2() {} }),
    () => keyedCoProcessFactory({ keyOf1: () => 0, keyOf2: () => 0, fn: { processElement1() {}, processElement2() {} } }),
  ];
  for (const factory of factories) check({ factory, steps: time });
});

test("coFlatMap emits and returns iterables from both inputs", () =>
  check({
    factory: () =>
      coFlatMapFactory<number, string, string>({
        flatMap1: (n) => Array.from({ length: n }, (_, index) => `${index}`),
        flatMap2: (s, out) => out.collect(s),
      }),
    options: { continueBudget: 1 },
    steps: [
      [["record", 3, 1], "0@1", "1@1", "2@1"],
      [["record", "x", 2, 1], "x@2"],
    ],
  }));

test("coProcess sees the combined watermark", () =>
  check({
    factory: () =>
      coProcessFactory<number, string, string>({
        processElement1: (n, context, out) => out.collect(`${n} wm:${context.timerService().currentWatermark()}`),
        processElement2: (s, context, out) => out.collect(`${s} ts:${context.timestamp()}`),
      }),
    steps: [
      [["watermark", 17]],
      [["watermark", 18, 1], "wm 17"],
      [["record", 5, 12], "5 wm:17@12"],
      [["record", "x", undefined, 1], "x ts:undefined"],
    ],
  }));

class Shared extends RichCoMapFunction<string, string, string> {
  #last!: ValueState<string>;

  override open(): void {
    this.#last = this.getRuntimeContext().getState(new ValueStateDescriptor("last", types.string));
  }

  override map1(record: string): string {
    return this.#swap(record);
  }

  override map2(record: string): string {
    return this.#swap(record);
  }

  #swap(record: string): string {
    const before = this.#last.value() ?? "nothing";
    this.#last.update(record);
    return `${before} then ${record}`;
  }
}

test("connected keyed streams share keyed state", () =>
  check({
    factory: () => coMapFactory(new Shared(), { keyOf1: (record: string) => record[0], keyOf2: (record: string) => record[0] }),
    steps: [
      [["record", "a1"], "nothing then a1"],
      [["record", "b1", undefined, 1], "nothing then b1"],
      [["record", "a2", undefined, 1], "a1 then a2"],
    ],
  }));

/** Sets timers of both domains at the record; the other input's records are remembered by key. */
const timed = (): OperatorFactory =>
  keyedCoProcessFactory<string, readonly [string, number], readonly [string, string], string>({
    keyOf1: ([key]) => key,
    keyOf2: ([key]) => key,
    fn: timedFunction(),
  });

function timedFunction(): Parameters<typeof keyedCoProcessFactory<string, readonly [string, number], readonly [string, string], string>>[0]["fn"] {
  let note: ValueState<string>;
  return {
    open(context) {
      note = context.getState(new ValueStateDescriptor("note", types.string));
    },
    processElement1([, at], context) {
      context.timerService().registerEventTimeTimer(at);
      context.timerService().registerProcessingTimeTimer(at);
    },
    processElement2([, text]) {
      note.update(text);
    },
    onTimer(at, context, out) {
      out.collect(`${context.getCurrentKey()} ${note.value()} ${context.timeDomain()} ${at}`);
    },
  };
}

test("both inputs share keys, state and timers", () =>
  check({
    factory: timed,
    options: { continueBudget: 1 },
    steps: [
      [["record", ["a", 5], 1]],
      [["record", ["b", 6], 1]],
      [["record", ["a", "hello"], 2, 1]],
      [["watermark", 5]],
      [["watermark", 9, 1], "a hello EVENT_TIME 5@5", "wm 5"],
      [["time", 6], "a hello PROCESSING_TIME 5", "b undefined PROCESSING_TIME 6"],
      [["watermark", 6], "b undefined EVENT_TIME 6@6", "wm 6"],
    ],
  }));

test("idleness that comes with a watermark goes on behind what the watermark fires", () =>
  check({
    factory: timed,
    options: { continueBudget: 1 },
    steps: [
      [["record", ["a", 5], 1]],
      [["record", ["b", 5], 1]],
      [["record", ["c", 5], 1]],
      [["watermark", 9]],
      [["idle", true]],
      [["idle", true, 1], "b undefined EVENT_TIME 5@5", "c undefined EVENT_TIME 5@5", "a undefined EVENT_TIME 5@5", "wm 9", "idle"],
      [["idle", false], "active"],
    ],
  }));

test("connected streams count records of both inputs", () => {
  const harness = new OperatorHarness(coMap());
  harness.open();
  harness.element(1);
  harness.element("x", 5, 1);
  expect([harness.metrics.recordsIn, harness.metrics.recordsOut, harness.takeOutput().map(showOutput).length]).toEqual([2, 2, 2]);
});
