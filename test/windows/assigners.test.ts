import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { Duration, hours, milliseconds, minutes, seconds } from "../../core/lib/duration.ts";
import { NO_TIMESTAMP } from "../../core/time/timestamp.ts";
import { GlobalWindows } from "../../core/windows/global-windows.ts";
import { EventTimeSessionWindows, ProcessingTimeSessionWindows } from "../../core/windows/session-windows.ts";
import { SlidingEventTimeWindows, SlidingProcessingTimeWindows } from "../../core/windows/sliding-windows.ts";
import { type TimeWindow, type Window } from "../../core/windows/time-window.ts";
import { TumblingEventTimeWindows, TumblingProcessingTimeWindows } from "../../core/windows/tumbling-windows.ts";
import type { WindowAssigner } from "../../core/windows/window-assigner.ts";
import { WindowStagger } from "../../core/windows/window-stagger.ts";

const ms = milliseconds;
const at = (now: number, random = 0.5) => ({ currentProcessingTime: () => now, random: () => random });

function assign<T>(assigner: WindowAssigner<T, Window>, record: T, timestamp: number, now = 0): string {
  return assigner.assignWindows(record, timestamp, at(now)).map(String).join(" ");
}

describe("assigned windows", () => {
  test.each([
    ["tumbling", TumblingEventTimeWindows.of(ms(10)), -1, "[-10, 0)"],
    ["tumbling with offset", TumblingEventTimeWindows.of(ms(10), ms(-3)), 7, "[7, 17)"],
    ["sliding", SlidingEventTimeWindows.of(ms(10), ms(5)), 12, "[10, 20) [5, 15)"],
    ["sliding, no divisor", SlidingEventTimeWindows.of(ms(10), ms(4)), 9, "[8, 18) [4, 14) [0, 10)"],
    ["sliding, no divisor", SlidingEventTimeWindows.of(ms(10), ms(4)), 10, "[8, 18) [4, 14)"],
    ["sliding with gaps, inside", SlidingEventTimeWindows.of(ms(3), ms(10)), 12, "[10, 13)"],
    ["sliding with gaps, between", SlidingEventTimeWindows.of(ms(3), ms(10)), 13, ""],
    ["session", EventTimeSessionWindows.withGap(ms(5)), 3, "[3, 8)"],
    ["global", GlobalWindows.create(), NO_TIMESTAMP, "GlobalWindow"],
  ] as const)("%s", (_name, assigner, timestamp, expected) => {
    expect(assign<unknown>(assigner, "record", timestamp)).toBe(expected);
  });

  test.each([
    ["tumbling", TumblingProcessingTimeWindows.of(ms(10)), "[10, 20)"],
    ["sliding", SlidingProcessingTimeWindows.of(ms(10), ms(5)), "[10, 20) [5, 15)"],
    ["session", ProcessingTimeSessionWindows.withGap(ms(5)), "[12, 17)"],
    ["dynamic session", ProcessingTimeSessionWindows.withDynamicGap(() => 1), "[12, 13)"],
  ] as const)("%s by the clock, without timestamps", (_name, assigner, expected) => {
    expect(assign<unknown>(assigner, "record", NO_TIMESTAMP, 12)).toBe(expected);
  });

  test("what a sliding assigner remembers of the record before changes nothing", () => {
    const parameter = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(parameter, parameter, fc.array(fc.integer({ min: -30, max: 30 })), (size, slide, times) => {
        const kept = SlidingEventTimeWindows.of(ms(size), ms(slide));
        for (const time of times) {
          const fresh = SlidingEventTimeWindows.of(ms(size), ms(slide));
          expect(assign<unknown>(kept, 0, time)).toBe(assign<unknown>(fresh, 0, time));
          for (const window of kept.assignWindows(0, time)) expect(window.start <= time && time < window.end).toBe(true);
        }
      }),
    );
  });

  test("a dynamic gap comes from the record, as Duration or in ms", () => {
    interface Click {
      readonly gap: number | Duration;
    }
    const assigner = EventTimeSessionWindows.withDynamicGap((click: Click) => click.gap);
    expectTypeOf(assigner).toExtend<WindowAssigner<Click, TimeWindow>>();
    expect(assign(assigner, { gap: 7 }, 1)).toBe("[1, 8)");
    expect(assign(assigner, { gap: seconds(1) }, 1)).toBe("[1, 1001)");
    for (const gap of [0, -1, NaN, Infinity, 1.5]) {
      expect(() => assign(assigner, { gap }, 1)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    }
  });
});

describe("refusals", () => {
  test.each([
    ["no size", () => TumblingEventTimeWindows.of(Duration.ZERO), "TumblingEventTimeWindows must satisfy 0 < size"],
    ["negative size", () => TumblingProcessingTimeWindows.of(ms(-1)), "TumblingProcessingTimeWindows must satisfy 0 < size"],
    ["offset as long as the size", () => TumblingEventTimeWindows.of(ms(5), ms(-5)), "abs(offset) < size"],
    ["unknown stagger", () => TumblingEventTimeWindows.of(ms(5), ms(0), "toString" as never), "WindowStagger.ALIGNED"],
    ["no slide", () => SlidingEventTimeWindows.of(ms(5), Duration.ZERO), "0 < slide"],
    ["offset as long as the slide", () => SlidingProcessingTimeWindows.of(ms(5), ms(2), ms(2)), "abs(offset) < slide"],
    ["too many windows", () => SlidingEventTimeWindows.of(hours(24 * 365), ms(1)), "size / slide <= 10000000"],
    ["no gap", () => EventTimeSessionWindows.withGap(Duration.ZERO), "EventTimeSessionWindows must satisfy 0 < gap"],
    ["negative gap", () => ProcessingTimeSessionWindows.withGap(ms(-1)), "ProcessingTimeSessionWindows must satisfy 0 < gap"],
    ["part of a millisecond", () => TumblingEventTimeWindows.of(ms(1.5)), "whole number of milliseconds"],
    ["a number", () => TumblingEventTimeWindows.of(5000 as never), "must be a Duration such as minutes(5), but is 5000"],
    ["no extractor", () => EventTimeSessionWindows.withDynamicGap(ms(5) as never), "takes a function"],
  ])("%s", (_name, build, message) => {
    expect(build).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(message) }));
  });

  test.each([
    TumblingEventTimeWindows.of(ms(5)),
    SlidingEventTimeWindows.of(ms(5), ms(1)),
    EventTimeSessionWindows.withGap(ms(5)),
    EventTimeSessionWindows.withDynamicGap(() => 5),
  ] as const)("a record without timestamp for $kind", (assigner) => {
    const message: unknown = expect.stringContaining("stream.assignTimestampsAndWatermarks(");
    expect(() => assign<unknown>(assigner, "record", NO_TIMESTAMP)).toThrow(
      expect.objectContaining({ code: "MISSING_TIMESTAMPS", message }),
    );
  });
});

describe("stagger", () => {
  test("NATURAL begins where the first record came", () => {
    const assigner = TumblingProcessingTimeWindows.of(ms(5000), ms(0), WindowStagger.NATURAL);
    expect(assigner.snapshot()).toBeUndefined();
    expect(assign<unknown>(assigner, 0, NO_TIMESTAMP, 10_150)).toBe("[10150, 15150)");
    expect(assign<unknown>(assigner, 0, NO_TIMESTAMP, 15_149)).toBe("[10150, 15150)");
    expect(assigner.snapshot()).toBe(150);
  });

  test("RANDOM is drawn once, for each subtask, and survives a restore", () => {
    const assigner = TumblingEventTimeWindows.of(ms(100), ms(90), WindowStagger.RANDOM);
    const subtask = assigner.forSubtask();
    expect(subtask.assignWindows(0, 0, at(0, 0.25)).map(String)).toEqual(["[-85, 15)"]);
    expect(subtask.assignWindows(0, 0, at(0, 0.75)).map(String)).toEqual(["[-85, 15)"]);
    expect([subtask.snapshot(), assigner.snapshot()]).toEqual([25, undefined]);
    const restored = assigner.forSubtask();
    restored.restore(25);
    expect(restored.gridOffsetMs(at(0, 0.75))).toBe(15);
    expect(() => restored.restore(100)).toThrow("within the size");
  });

  test("ALIGNED has nothing to remember", () => {
    const assigner = TumblingEventTimeWindows.of(ms(100), ms(10));
    assign<unknown>(assigner, 0, 0);
    expect([assigner.snapshot(), assigner.gridOffsetMs(at(0))]).toEqual([undefined, 10]);
  });
});

test("assigners describe themselves", () => {
  const assigners: readonly WindowAssigner<never, Window>[] = [
    TumblingEventTimeWindows.of(hours(1), minutes(15)),
    TumblingProcessingTimeWindows.of(seconds(5), ms(0), "RANDOM"),
    SlidingEventTimeWindows.of(minutes(10), minutes(1)),
    EventTimeSessionWindows.withGap(minutes(30)),
    ProcessingTimeSessionWindows.withDynamicGap(() => 1),
    GlobalWindows.createWithEndOfStreamTrigger(),
    GlobalWindows.create(),
  ];
  expect(assigners.map((assigner) => `${assigner.describe()} ${assigner.defaultTrigger}`)).toEqual([
    "TumblingEventTimeWindows(1h, offset 15m) eventTime",
    "TumblingProcessingTimeWindows(5s, stagger RANDOM (not reproducible)) processingTime",
    "SlidingEventTimeWindows(10m, slide 1m) eventTime",
    "EventTimeSessionWindows(gap 30m) eventTime",
    "DynamicProcessingTimeSessionWindows(gap of each record) processingTime",
    "GlobalWindows(fires at the end of the stream) endOfStream",
    "GlobalWindows() never",
  ]);
});
