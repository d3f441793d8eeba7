import { describe, expect, expectTypeOf, test } from "vitest";
import { Duration, milliseconds, minutes, seconds } from "../../core/lib/duration.ts";
import { isTimestamp, MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP } from "../../core/time/timestamp.ts";
import type { WatermarkGenerator } from "../../core/time/watermark-generator.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";

/** The timestamp of a record, or a periodic call. */
type Feed = number | "tick";
/** After which of them which watermark came. */
type Emitted = readonly [Feed, number];

function check(strategy: WatermarkStrategy<string>, feed: readonly Feed[], expected: readonly Emitted[]): void {
  const generator = strategy.createGenerator();
  expect(play(generator, feed)).toEqual(expected);
}

function play(generator: WatermarkGenerator<string>, feed: readonly Feed[]): Emitted[] {
  const seen: Emitted[] = [];
  for (const item of feed) {
    const emitWatermark = (watermark: number): number => seen.push([item, watermark]);
    const output = { emitWatermark, markIdle: () => {}, markActive: () => {} };
    if (item === "tick") generator.onPeriodicEmit?.(output);
    else generator.onEvent("record", item, output);
  }
  return seen;
}

describe("built-in generators", () => {
  test("emit on event, whenever the watermark advances", () => {
    check(WatermarkStrategy.forBoundedOutOfOrderness(milliseconds(5)), [10, 8, 10, 12], [
      [10, 4],
      [12, 6],
    ]);
    check(WatermarkStrategy.forMonotonousTimestamps(), [10, 8, 11], [
      [10, 9],
      [11, 10],
    ]);
    check(WatermarkStrategy.forBoundedOutOfOrderness(Duration.ZERO), [-3], [[-3, -4]]);
    check(WatermarkStrategy.noWatermarks(), [10, "tick"], []);
  });

  test("emit at ticks only where that is asked for", () => {
    const strategy = WatermarkStrategy.forBoundedOutOfOrderness<string>(milliseconds(5)).emitPeriodically();
    expect(strategy.periodicIntervalMs).toBe(200);
    check(strategy, ["tick", 10, 12, "tick", "tick", 11, "tick", 13, "tick"], [
      ["tick", 6],
      ["tick", 7],
    ]);
  });

  test("restore their maximum as a lower bound and promise it again", () => {
    const strategy = WatermarkStrategy.forBoundedOutOfOrderness<string>(milliseconds(5));
    const generator = strategy.createGenerator();
    play(generator, [10, 20]);
    const restored = strategy.createGenerator();
    restored.restore?.(structuredClone(generator.snapshot?.()));
    expect(play(restored, [3, 20, 21])).toEqual([
      [3, 14],
      [21, 15],
    ]);
  });

  test("merge snapshots by minimum", () => {
    const strategy = WatermarkStrategy.forMonotonousTimestamps();
    expect(strategy.mergeSnapshots([7, 3, undefined, 5])).toBe(3);
    expect(strategy.mergeSnapshots([7, NO_TIMESTAMP])).toBe(NO_TIMESTAMP);
    expect(strategy.mergeSnapshots([])).toBeUndefined();
  });
});

describe("custom generators", () => {
  /** As in Flink's documentation: notes in `onEvent`, emits in `onPeriodicEmit`. */
  function portedFromFlink(): WatermarkGenerator<unknown> {
    let maximum = NO_TIMESTAMP;
    return {
      onEvent: (_record, timestamp) => {
        maximum = Math.max(maximum, timestamp);
      },
      onPeriodicEmit: (output) => output.emitWatermark(maximum - 100),
      snapshot: () => ({ maximum }),
      restore: (snapshot) => {
        ({ maximum } = snapshot as { maximum: number });
      },
    };
  }

  test("emit on event too", () => {
    check(WatermarkStrategy.forGenerator(portedFromFlink), [500, 700], [
      [500, 400],
      [700, 600],
    ]);
  });

  test("emit at ticks where that is asked for", () => {
    const strategy = WatermarkStrategy.forGenerator<string>(portedFromFlink).emitPeriodically(seconds(1));
    check(strategy, [500, 700, "tick"], [["tick", 600]]);
  });

  test("keep their snapshot through the wrapper, and a single one through a merge", () => {
    const strategy = WatermarkStrategy.forGenerator(portedFromFlink);
    const generator = strategy.createGenerator();
    play(generator, [500]);
    const restored = strategy.createGenerator();
    restored.restore?.(strategy.mergeSnapshots([generator.snapshot?.()]));
    expect(play(restored, [1])).toEqual([[1, 400]]);
    expect(strategy.mergeSnapshots([{ maximum: 1 }, { maximum: 2 }])).toBeUndefined();
  });

  test("without snapshot start fresh", () => {
    const strategy = WatermarkStrategy.forGenerator(() => ({ onEvent: () => {} }));
    expect(strategy.createGenerator().snapshot).toBeUndefined();
  });
});

describe("strategy", () => {
  test("is immutable and describes itself", () => {
    const base = WatermarkStrategy.forBoundedOutOfOrderness<string>(minutes(30));
    const idle = base.withIdleness(seconds(10));
    expect([base.idleTimeoutMs, idle.idleTimeoutMs]).toEqual([undefined, 10_000]);
    expect(base.describe()).toBe("bounded out-of-orderness 30m, emitted on event");
    expect(idle.emitPeriodically().describe()).toBe(
      "bounded out-of-orderness 30m, idle after 10s, emitted every 200ms of wall-clock time (not reproducible)",
    );
  });

  test.each([
    ["negative bound", () => WatermarkStrategy.forBoundedOutOfOrderness(milliseconds(-1)), "must not be negative"],
    ["a number as bound", () => WatermarkStrategy.forBoundedOutOfOrderness(5 as never), "must be a Duration such as seconds(5)"],
    ["no idle timeout", () => WatermarkStrategy.noWatermarks().withIdleness(Duration.ZERO), "greater than zero"],
    ["no interval", () => WatermarkStrategy.noWatermarks().emitPeriodically(Duration.ZERO), "greater than zero"],
    ["no assigner", () => WatermarkStrategy.noWatermarks().withTimestampAssigner(undefined as never), "takes a function"],
    ["no supplier", () => WatermarkStrategy.forGenerator({} as never), "forGenerator takes a function"],
  ])("refuses %s", (_name, build, message) => {
    expect(build).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(message) }));
  });

  test("takes its record type from the stream", () => {
    interface Flight {
      readonly time: number;
    }
    const assign = (strategy: WatermarkStrategy<Flight>): WatermarkStrategy<Flight> => strategy;

    const inferred = assign(WatermarkStrategy.forBoundedOutOfOrderness(seconds(5)).withTimestampAssigner((r) => r.time));
    expect(inferred.timestampAssigner?.({ time: 7 }, NO_TIMESTAMP)).toBe(7);
    assign(WatermarkStrategy.forMonotonousTimestamps());
    assign(WatermarkStrategy.noWatermarks().withIdleness(seconds(5)));
    assign(WatermarkStrategy.forMonotonousTimestamps().withIdleness(seconds(5)).withTimestampAssigner((r) => r.time));
    assign(WatermarkStrategy.forMonotonousTimestamps<Flight>().withTimestampAssigner((r) => r.time).withIdleness(seconds(5)));
    assign(WatermarkStrategy.forGenerator(() => ({ onEvent: (r, _timestamp, output) => output.emitWatermark(r.time) })));
    // @ts-expect-error the assigner is for other records
    assign(WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner((r: { readonly date: number }) => r.date));

    const alone = WatermarkStrategy.forMonotonousTimestamps<Flight>().withTimestampAssigner((r) => r.time);
    expectTypeOf(alone).toEqualTypeOf<WatermarkStrategy<Flight>>();
  });
});

test("timestamps are finite", () => {
  expect([0, -1, 1e15].every(isTimestamp)).toBe(true);
  expect([NaN, NO_TIMESTAMP, MIN_WATERMARK, MAX_WATERMARK].some(isTimestamp)).toBe(false);
});
