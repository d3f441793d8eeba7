import { expect, test } from "vitest";
import { Duration } from "../../core/lib/duration.ts";
import { JobError } from "../../core/lib/errors.ts";
import { timestampsAndWatermarksFactory } from "../../core/operators/timestamps-and-watermarks-operator.ts";
import type { OperatorFactory } from "../../core/operators/operator.ts";
import { OperatorHarness } from "../../core/testing/operator-harness.ts";
import { type WatermarkGenerator } from "../../core/time/watermark-generator.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { check, showOutput } from "./play.ts";

const bounded = (): WatermarkStrategy<number> =>
  WatermarkStrategy.forBoundedOutOfOrderness<number>(Duration.ofMillis(2)).withTimestampAssigner((n: number) => n);

const of = (strategy: WatermarkStrategy<number>) => (): OperatorFactory => timestampsAndWatermarksFactory(strategy);

test("a watermark follows right behind the record that advances it", () =>
  check({
    factory: of(bounded()),
    steps: [
      [["record", 10], "10@10", "wm 7"],
      [["record", 8, 99], "8@8"],
      [["record", 11], "11@11", "wm 8"],
      [["watermark", 500]],
      [["idle", true]],
      [["watermark", Infinity], "wm Infinity"],
    ],
  }));

test("without an assigner records keep their timestamps", () =>
  check({
    factory: of(WatermarkStrategy.forMonotonousTimestamps<number>()),
    steps: [
      [["record", 1, 10], "1@10", "wm 9"],
      [["record", 2], "2"],
      [["record", 3, 12], "3@12", "wm 11"],
    ],
  }));

test("the assigner sees the timestamp that the record has", () =>
  check({
    factory: of(WatermarkStrategy.noWatermarks<number>().withTimestampAssigner((n: number, previous) => n + Math.max(previous, 0))),
    steps: [
      [["record", 1, 10], "1@11"],
      [["record", 2], "2@2"],
      [["watermark", Infinity], "wm Infinity"],
    ],
  }));

test("periodic emission waits for the clock", () =>
  check({
    factory: of(bounded().emitPeriodically(Duration.ofMillis(50))),
    steps: [
      [["record", 10], "10@10"],
      [["time", 50], "wm 7"],
      [["record", 12], "12@12"],
      [["watermark", Infinity], "wm Infinity"],
      [["time", 500]],
    ],
  }));

test("BATCH assigns timestamps only", () =>
  check({
    factory: of(bounded().emitPeriodically(Duration.ofMillis(50)).withIdleness(Duration.ofMillis(10))),
    options: { mode: "BATCH" },
    steps: [
      [["record", 10, 1], "10@10"],
      [["time", 500]],
      [["record", 20, 1], "20@20"],
      [["watermark", Infinity], "wm Infinity"],
    ],
  }));

test("an input that is quiet for the timeout turns idle, and active before its next record", () => {
  const harness = new OperatorHarness(of(bounded().withIdleness(Duration.ofMillis(80)))());
  harness.open();
  harness.element(10);
  for (let time = 10; time <= 80; time += 10) harness.setProcessingTime(time);
  expect(harness.takeOutput().map(showOutput)).toEqual(["10@10", "wm 7"]);
  harness.setProcessingTime(90);
  expect(harness.takeOutput().map(showOutput)).toEqual(["idle"]);
  harness.setProcessingTime(900);
  harness.element(10);
  harness.element(11);
  expect(harness.takeOutput().map(showOutput)).toEqual(["active", "10@10", "11@11", "wm 8"]);
});

test("idleness survives a restore", () => {
  const strategy = bounded().withIdleness(Duration.ofMillis(8));
  const harness = new OperatorHarness(of(strategy)());
  harness.open();
  for (let time = 1; time <= 8; time += 1) harness.setProcessingTime(time);
  expect(harness.takeOutput().map(showOutput)).toEqual(["idle"]);
  const restored = OperatorHarness.restore(of(strategy)(), harness.snapshot(1), { processingTime: 100 });
  restored.open();
  for (let time = 100; time <= 200; time += 1) restored.setProcessingTime(time);
  restored.element(10);
  expect(restored.takeOutput().map(showOutput)).toEqual(["active", "10@10", "wm 7"]);
});

test("neither a clock that jumps nor backpressure is idleness", () => {
  const strategy = bounded().withIdleness(Duration.ofMillis(80));
  const asleep = new OperatorHarness(of(strategy)());
  asleep.open();
  for (let hour = 1; hour <= 7; hour += 1) asleep.setProcessingTime(hour * 3_600_000);
  expect(asleep.takeOutput()).toEqual([]);

  const pressed = new OperatorHarness(of(strategy)(), { continueBudget: 0 });
  pressed.open();
  for (let time = 1; time <= 1_000; time += 1) pressed.setProcessingTime(time);
  expect(pressed.takeOutput()).toEqual([]);
});

/** Punctuated, as a user writes it: no snapshot, and idle where a record says so. */
function punctuated(): WatermarkGenerator<number> {
  return {
    onEvent(n, timestamp, output) {
      if (n % 10 === 0) output.emitWatermark(timestamp);
      if (n % 10 === 9) output.markIdle();
    },
  };
}

test("a generator of the user may emit, turn idle and start fresh; the watermark never falls", () =>
  check({
    factory: of(WatermarkStrategy.forGenerator(punctuated)),
    steps: [
      [["record", 10, 10], "10@10", "wm 10"],
      [["record", 19, 5], "19@5", "idle"],
      [["record", 20, 5], "20@5"],
      [["record", 30, 30], "30@30", "active", "wm 30"],
    ],
  }));

test("a timestamp that is none names operator, subtask and record", () => {
  for (const wrong of [NaN, Infinity, undefined, "12", new Date(0)]) {
    const strategy = WatermarkStrategy.noWatermarks<number>().withTimestampAssigner(() => wrong as number);
    const harness = new OperatorHarness(of(strategy)(), { name: "times" });
    harness.open();
    let error: unknown;
    try {
      harness.element(7);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(JobError);
    expect([(error as JobError).code, (error as JobError).place]).toEqual([
      "INVALID_TIMESTAMP",
      { operator: "times", subtask: 0, parallelism: 1, record: "7" },
    ]);
  }
});

test("explain names the strategy", () => {
  expect(of(bounded())().details).toEqual({ watermarks: "bounded out-of-orderness 2ms, emitted on event" });
});
