import { describe, expect, test } from "vitest";
import { CollectionSource } from "../../core/connectors/collection-source.ts";
import type { Source } from "../../core/connectors/source.ts";
import { assert } from "../../core/lib/assert.ts";
import { Duration } from "../../core/lib/duration.ts";
import { JobError } from "../../core/lib/errors.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { ScriptedSource, type ScriptSplit, type Step } from "./scripted-source.ts";
import { SourceHarness } from "./source-harness.ts";

const monotonous = WatermarkStrategy.forMonotonousTimestamps<string>();
const idleAfter1s = monotonous.withIdleness(Duration.ofMillis(1_000));

function failureOf(call: () => unknown): JobError {
  try {
    call();
  } catch (cause) {
    assert(cause instanceof JobError, `a JobError, not ${String(cause)}`);
    return cause;
  }
  throw new Error("nothing was thrown");
}

describe("timestamps", () => {
  const cases: readonly [string, readonly Step[], WatermarkStrategy<string>, readonly string[]][] = [
    ["the source's", [7, 9], WatermarkStrategy.noWatermarks(), ["a0@7", "a1@9"]],
    ["none", ["bare"], WatermarkStrategy.noWatermarks(), ["a0"]],
    [
      "the assigner's, which sees the source's",
      [7, "bare"],
      WatermarkStrategy.noWatermarks<string>().withTimestampAssigner((_, previous) =>
        previous === -Infinity ? 1 : previous * 2,
      ),
      ["a0@14", "a1@1"],
    ],
    ["a record goes before the watermark it causes", [7, 9], monotonous, ["a0@7", "wm 6", "a1@9", "wm 8"]],
  ];
  test.each(cases)("%s", (_, steps, strategy, expected) => {
    const harness = new SourceHarness(new ScriptedSource({ a: steps }), { strategy });
    expect(harness.drain()).toBe(true);
    expect(harness.take()).toEqual(expected);
    expect(harness.metrics().recordsOut).toBe(steps.length);
  });

  test.each([NaN, Infinity, -Infinity])("refuses %s from an assigner", (timestamp) => {
    const strategy = monotonous.withTimestampAssigner(() => timestamp);
    const failure = failureOf(() => new SourceHarness(new ScriptedSource({ a: [1] }), { strategy }).drain());
    expect(failure).toMatchObject({ code: "INVALID_TIMESTAMP", place: { operator: "source", subtask: 0, record: '"a0"' } });
  });

  test.each([NaN, Infinity, -Infinity])("refuses %s from a source", (timestamp) => {
    const failure = failureOf(() => new SourceHarness(new ScriptedSource({ a: [timestamp] })).drain());
    expect(failure).toMatchObject({ code: "INVALID_TIMESTAMP", place: { operator: "source", subtask: 0, record: '"a0"' } });
  });

  test("an assigner that throws is the user's failure, with the record", () => {
    const strategy = monotonous.withTimestampAssigner(() => {
      throw new Error("no time");
    });
    const failure = failureOf(() => new SourceHarness(new ScriptedSource({ a: [1] }), { strategy }).drain());
    expect(failure).toMatchObject({ code: "USER_FUNCTION_FAILED", place: { record: '"a0"', timestamp: 1 } });
  });
});

describe("watermarks per split", () => {
  test("a slow split holds the watermark from its assignment on, and lets go when it ends", () => {
    const source = new ScriptedSource({ fast: [10, 20, 30], slow: ["wait", 15] });
    const harness = new SourceHarness(source, { strategy: monotonous });
    harness.drain();
    expect(harness.take()).toEqual(["fast0@10", "fast1@20", "fast2@30"]);
    source.go("slow");
    expect(harness.drain()).toBe(true);
    expect(harness.take()).toEqual(["slow1@15", "wm 14"]);
  });

  test("the watermark is the minimum over the splits and never falls", () => {
    const harness = new SourceHarness(new ScriptedSource({ a: [10, 30, 40], b: [5, 20, 25] }), { strategy: monotonous });
    harness.drain();
    expect(harness.take()).toEqual(["a0@10", "b0@5", "wm 4", "a1@30", "b1@20", "wm 19", "a2@40", "b2@25", "wm 24"]);
  });
});

describe("idleness", () => {
  test("a silent source stands aside after the timeout and comes back with its next record", () => {
    const source = new ScriptedSource({ a: [10, "wait", 20] });
    const harness = new SourceHarness(source, { strategy: idleAfter1s });
    harness.drain();
    harness.take();
    harness.advanceTo(999);
    expect(harness.take()).toEqual([]);
    harness.advanceTo(1_000);
    expect(harness.take()).toEqual(["idle"]);
    harness.advanceTo(50_000);
    source.go("a");
    harness.drain();
    expect(harness.take()).toEqual(["active", "a2@20", "wm 19"]);
  });

  test("a silent split lets the others go on", () => {
    const source = new ScriptedSource({ a: [10, "wait", 20, "wait", 30], b: ["wait", 12] });
    const harness = new SourceHarness(source, { strategy: idleAfter1s });
    harness.drain();
    expect(harness.take()).toEqual(["a0@10"]);
    harness.advanceTo(600);
    source.go("a");
    harness.drain();
    expect(harness.take()).toEqual(["a2@20"]);
    harness.advanceTo(1_000);
    expect(harness.take()).toEqual(["wm 19"]);
    harness.advanceTo(1_599);
    expect(harness.take()).toEqual([]);
    harness.advanceTo(1_600);
    expect(harness.take()).toEqual(["idle"]);
  });

  test("a subtask that gets no split stands aside too", () => {
    const harness = new SourceHarness(new ScriptedSource({ a: ["wait", 1] }), { strategy: idleAfter1s, parallelism: 2 });
    harness.poll(0);
    harness.advanceTo(1_000);
    expect(harness.take(0)).toEqual(["idle"]);
  });

  test("backpressure does not count", () => {
    const harness = new SourceHarness(new ScriptedSource({ a: [10, "wait", 20] }), { strategy: idleAfter1s });
    harness.drain();
    harness.take();
    for (let time = 250; time <= 3_000; time += 250) {
      harness.metrics().backpressuredMs += 250;
      harness.advanceTo(time);
    }
    expect(harness.take()).toEqual([]);
    harness.advanceTo(4_000);
    expect(harness.take()).toEqual(["idle"]);
  });

  test("a pause of the host counts for one step at most", () => {
    const harness = new SourceHarness(new ScriptedSource({ a: [10, "wait", 20] }), { strategy: idleAfter1s });
    harness.drain();
    harness.take();
    harness.jumpTo(3_600_000);
    harness.drain();
    expect(harness.take()).toEqual([]);
    harness.advanceTo(3_600_749);
    expect(harness.take()).toEqual([]);
    harness.advanceTo(3_600_750);
    expect(harness.take()).toEqual(["idle"]);
  });
});

test("periodic emission waits for its interval and for a poll", () => {
  const source = new ScriptedSource({ a: [10, 20, "wait", 30] });
  const harness = new SourceHarness(source, { strategy: monotonous.emitPeriodically(Duration.ofMillis(200)) });
  harness.drain();
  expect(harness.take()).toEqual(["a0@10", "a1@20"]);
  harness.jumpTo(200);
  expect(harness.take()).toEqual([]);
  harness.poll();
  expect(harness.take()).toEqual(["wm 19"]);
  harness.close();
});

describe("failures", () => {
  test("a reader that throws is a SOURCE_FAILED that names the source and subtask", () => {
    const source: Source<string, ScriptSplit, unknown> = new CollectionSource(
      (function* () {
        yield "a";
        throw new Error("cable cut");
      })(),
    ) as never;
    const failure = failureOf(() => new SourceHarness(source).drain());
    expect(failure).toMatchObject({ code: "SOURCE_FAILED", place: { operator: "source", subtask: 0 } });
    expect(failure.reason).toContain("cable cut");
  });

  test("what is thrown further down the chain passes unchanged", () => {
    const thrown = new TypeError("from an operator");
    const output = {
      processRecord: () => {
        throw thrown;
      },
      processWatermark: () => {},
      processIdleness: () => {},
    };
    expect(() => new SourceHarness(new ScriptedSource({ a: [1] }), { output }).drain()).toThrow(thrown);
  });
});

test("restoring at every record changes nothing", () => {
  const scripts = { a: [10, 30, 40, 41], b: [5, 20, 25], c: [50] };
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<string>(Duration.ofMillis(2));
  const straight = new SourceHarness(new ScriptedSource(scripts), { strategy });
  straight.drain();
  const expected = straight.take();
  for (let cut = 0; cut <= 9; cut += 1) {
    const first = new SourceHarness(new ScriptedSource(scripts), { strategy });
    for (let polls = 0; polls < cut; polls += 1) first.poll();
    const snapshot = first.snapshot(1);
    const before = first.take();
    const second = new SourceHarness(new ScriptedSource(scripts), { strategy }, snapshot);
    expect(second.drain()).toBe(true);
    expect([...before, ...second.take()]).toEqual(expected);
  }
});
