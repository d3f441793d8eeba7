import { expect, test } from "vitest";
import { types } from "../../core/data/type.ts";
import type { Collector } from "../../core/functions/collector.ts";
import { OutputTag } from "../../core/functions/output-tag.ts";
import { RichMapFunction } from "../../core/functions/rich-functions.ts";
import { JobError } from "../../core/lib/errors.ts";
import { filterFactory, flatMapFactory, mapFactory, processFactory } from "../../core/operators/function-factories.ts";
import { ValueStateDescriptor } from "../../core/state/descriptors.ts";
import type { ValueState } from "../../core/state/state.ts";
import { OperatorHarness } from "../../core/testing/operator-harness.ts";
import { check, showOutput } from "./play.ts";

/** The error that the call throws. */
function errorOf(call: () => void): JobError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(JobError);
    return error as JobError;
  }
  throw new Error("nothing was thrown");
}

test("map keeps timestamps, watermarks and idleness", () =>
  check({
    factory: () => mapFactory({ map: (n: number) => n * 2 }),
    steps: [
      [["record", 1, 10], "2@10"],
      [["watermark", 5], "wm 5"],
      [["record", 2], "4"],
      [["idle", true], "idle"],
      [["idle", false], "active"],
      [["watermark", Infinity], "wm Infinity"],
      [["finish"]],
    ],
  }));

test("filter keeps what passes", () =>
  check({
    factory: () => filterFactory({ filter: (n: number) => n % 2 === 0 }),
    steps: [
      [["record", 1, 10]],
      [["record", 2, 11], "2@11"],
      [["watermark", 11], "wm 11"],
    ],
  }));

test("flatMap emits through the collector, then what it returns", () =>
  check({
    factory: () =>
      flatMapFactory({
        flatMap(word: string, out: Collector<string>) {
          out.collect(word);
          return word === "" ? undefined : [...word];
        },
      }),
    steps: [
      [["record", "ab", 3], "ab@3", "a@3", "b@3"],
      [["record", "", 4], "@4"],
      [["watermark", 4], "wm 4"],
    ],
  }));

test("map, filter and flatMap count records", () => {
  const harness = new OperatorHarness(flatMapFactory({ flatMap: (n: number) => Array.from({ length: n }, (_, i) => i) }));
  harness.open();
  for (const n of [0, 1, 3]) harness.element(n);
  expect([harness.metrics.recordsIn, harness.metrics.recordsOut]).toEqual([3, 4]);
});

test("an endless iterable is pulled while the outputs have credit, and closed in the end", () => {
  let closed = 0;
  const factory = flatMapFactory({
    *flatMap(from: number): Generator<number> {
      try {
        for (let n = from; ; n += 1) yield n;
      } finally {
        closed += 1;
      }
    },
  });
  const harness = new OperatorHarness(factory, { continueBudget: 2 });
  harness.open();
  harness.element(5, 1);
  expect(harness.takeOutput().map(showOutput)).toEqual(["5@1", "6@1", "7@1"]);
  expect(harness.isSuspended).toBe(true);
  expect(harness.isSnapshotable).toBe(false);
  expect(harness.resume()).toBe(false);
  expect(harness.takeOutput().map(showOutput)).toEqual(["8@1", "9@1"]);
  expect(errorOf(() => harness.element(1)).reason).toContain("resume()");
  expect(closed).toBe(0);
  harness.close();
  expect(closed).toBe(1);
});

test("an iterable that ends with the credit does not suspend", () => {
  const harness = new OperatorHarness(flatMapFactory({ flatMap: (n: number) => [n, n] }), { continueBudget: 1 });
  harness.open();
  harness.element(5);
  expect(harness.isSuspended).toBe(false);
  expect(harness.takeOutput()).toHaveLength(2);
});

test("an error of the user names operator, subtask, record and timestamp", () => {
  const boom = (): never => {
    throw new RangeError("boom");
  };
  const factories = [
    mapFactory({ map: boom }),
    filterFactory({ filter: boom }),
    flatMapFactory({ flatMap: boom }),
    flatMapFactory({
      *flatMap(): Generator<number> {
        yield boom();
      },
    }),
    processFactory({ processElement: boom }),
    mapFactory({ map: (n: number) => n }, boom),
  ];
  for (const factory of factories) {
    const harness = new OperatorHarness(factory, { name: "my op", subtask: 1, parallelism: 2 });
    harness.open();
    const error = errorOf(() => harness.element(7, 42));
    expect(error.code).toBe("USER_FUNCTION_FAILED");
    expect(error.place).toEqual({ operator: "my op", subtask: 1, parallelism: 2, record: "7", timestamp: 42 });
    expect(error.reason).toContain("boom");
  }
});

test("a flatMap that returns something else is told what to return", () => {
  const harness = new OperatorHarness(flatMapFactory({ flatMap: (() => Promise.resolve([1])) as never }));
  harness.open();
  expect(errorOf(() => harness.element(1)).reason).toContain("cannot be async");
});

test("an error in open names the operator", () => {
  const harness = new OperatorHarness(
    mapFactory({
      open() {
        throw new Error("no database");
      },
      map: (n: number) => n,
    }),
  );
  const error = errorOf(() => harness.open());
  expect([error.code, error.place.operator]).toEqual(["USER_FUNCTION_FAILED", "operator"]);
});

test("process sees time and side outputs", () => {
  const big = new OutputTag<number>("big");
  return check({
    options: { sideOutputs: [big] },
    factory: () =>
      processFactory<number, string>({
        processElement(n, context, out) {
          const time = context.timerService();
          out.collect(`${n} ts:${context.timestamp()} wm:${time.currentWatermark()} pt:${time.currentProcessingTime()}`);
          if (10 < n) context.output(big, n);
        },
      }),
    steps: [
      [["record", 5], "5 ts:undefined wm:-Infinity pt:0"],
      [["watermark", 17], "wm 17"],
      [["time", 40]],
      [["record", 11, 12], "11 ts:12 wm:17 pt:40@12", "big:11@12"],
    ],
  });
});

test("timers and keyed state are refused without keys, with what to do", () => {
  const timer = new OperatorHarness(processFactory<number, never>({ processElement: (n, context) => context.timerService().registerEventTimeTimer(n) }));
  timer.open();
  expect(errorOf(() => timer.element(1)).reason).toContain("keyBy");

  const state = new OperatorHarness(
    processFactory<number, never>({ open: (context) => void context.getState(new ValueStateDescriptor("x")), processElement() {} }),
  );
  const error = errorOf(() => state.open());
  expect([error.code, error.place.operator]).toEqual(["STATE_NOT_AVAILABLE", "operator"]);
  expect(error.reason).toContain("keyBy");
});

class Numbered extends RichMapFunction<string, string> {
  #count!: ValueState<number>;

  override open(): void {
    this.#count = this.getRuntimeContext().getState(new ValueStateDescriptor("count", types.number));
  }

  override map(word: string): string {
    this.#count.update((this.#count.value() ?? 0) + 1);
    return `${word}${this.#count.value()}`;
  }
}

test("a rich map on a keyed stream has keyed state", () =>
  check({
    factory: () => mapFactory(new Numbered(), (word: string) => word),
    steps: [
      [["record", "a", 1], "a1@1"],
      [["record", "b", 2], "b1@2"],
      [["record", "a", 3], "a2@3"],
      [["watermark", 3], "wm 3"],
      [["record", "a", 4], "a3@4"],
    ],
  }));

test("in BATCH the state of a key ends with it", () => {
  const harness = new OperatorHarness(mapFactory(new Numbered(), (word: string) => word), { mode: "BATCH" });
  harness.open();
  harness.element("a");
  harness.element("a");
  harness.endKey();
  harness.element("a");
  expect(harness.takeOutput().map(showOutput)).toEqual(["a1", "a2", "a1"]);
});

test("the runtime context is refused before open", () => {
  expect(errorOf(() => new Numbered().getRuntimeContext()).reason).toContain("Numbered");
});
