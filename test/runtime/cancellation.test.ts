import { expect, test } from "vitest";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import type { SinkWriterContext } from "../../core/connectors/sink.ts";
import { flatMapFactory, mapFactory } from "../../core/operators/function-factories.ts";
import type { LocalJob } from "../../core/runtime/local-job.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { finishJob, type RunningJob, startJob, testSink } from "./running-jobs.ts";
import { ScriptedSource } from "../connectors/scripted-source.ts";
import { GraphWriter } from "./stream-graphs.ts";

const noWatermarks = WatermarkStrategy.noWatermarks<number>();

function numbers(writer: GraphWriter, count: number): number {
  return writer.source(new SequenceSource(1, count) as never, noWatermarks, 1);
}

test.each(["in one chain", "over a channel"])("a function that cancels its job: its record goes through, none follows, then everything is closed (%s)", (where) => {
  const log: string[] = [];
  let job: LocalJob | undefined;
  const writer = new GraphWriter();
  const map = writer.operator("cancels", mapFactory({
    map: (n: number) => {
      if (n === 5) job!.cancel();
      return n;
    },
    close: () => log.push("map closed"),
  }), numbers(writer, 100), { parallelism: 1 });
  const sink = testSink<number>(() => ({ write: (n) => log.push(`write ${n}`), close: (clean) => log.push(`sink closed ${clean}`) }));
  writer.operator("sink", sinkFactory(sink), map, { parallelism: 1, ...(where === "in one chain" ? {} : { partitioner: { kind: "rebalance" as const } }) });
  const run = startJob(writer.graph({ bufferTimeoutMs: 0 }), { turnRecordsMax: 1_000 });
  job = run.job;
  run.host.runUntilIdle();
  expect(run.outcomes).toEqual([{ status: "CANCELED" }]);
  expect(log.filter((entry) => entry === "map closed")).toHaveLength(1);
  expect(log.filter((entry) => entry.startsWith("sink closed"))).toEqual(["sink closed false"]);
  expect(log.indexOf("write 6")).toBe(-1);
  const closed = log.indexOf("sink closed false");
  expect(log.findLastIndex((entry) => entry.startsWith("write"))).toBeLessThan(closed);
  if (where === "in one chain") expect(log.slice(0, 5)).toEqual([1, 2, 3, 4, 5].map((n) => `write ${n}`));
});

test("an iterable is pulled no further once its job is canceled", () => {
  let job: LocalJob | undefined;
  let pulled = 0;
  let ended = 0;
  const writer = new GraphWriter();
  writer.operator("flat", flatMapFactory({
    *flatMap() {
      try {
        for (;;) {
          pulled += 1;
          if (pulled === 10) job!.cancel();
          yield pulled;
        }
      } finally {
        ended += 1;
      }
    },
  }), numbers(writer, 1), { parallelism: 1 });
  const run = startJob(writer.graph());
  job = run.job;
  run.host.runUntilIdle();
  expect(pulled).toBeLessThanOrEqual(11);
  expect(ended).toBe(1);
});

test("a sink that reports a failure inside write: the job fails with it, and the sink is closed after write has returned", () => {
  const log: string[] = [];
  const writer = new GraphWriter();
  const sink = testSink<number>((context) => ({
    write: (n) => {
      log.push(`begin ${n}`);
      if (n === 3) context.fail(new Error("disk full"));
      log.push(`end ${n}`);
    },
    close: () => log.push("closed"),
  }));
  writer.operator("sink", sinkFactory(sink), numbers(writer, 100), { parallelism: 1 });
  const run = startJob(writer.graph(), { turnRecordsMax: 1_000 });
  run.host.runUntilIdle();
  expect(run.outcomes.map((outcome) => outcome.status === "FAILED" && outcome.error.message)).toEqual([expect.stringContaining("disk full")]);
  expect(log).toEqual(["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3", "closed"]);
});

test("what throws in isReady is the sink's failure, not an invariant's", () => {
  const writer = new GraphWriter();
  let asked = 0;
  const sink = testSink<number>(() => ({
    isReady: () => {
      asked += 1;
      if (asked === 3) throw new Error("no connection");
      return true;
    },
  }));
  writer.operator("sink", sinkFactory(sink), numbers(writer, 100), { parallelism: 1 });
  const run = startJob(writer.graph());
  run.host.runUntilIdle();
  expect(run.outcomes).toMatchObject([{ status: "FAILED", error: { code: "SINK_FAILED", place: { operator: "sink" } } }]);
});

/** A job of two branches: one ends at once, the other when its script goes on. */
function twoBranches(context: (context: SinkWriterContext) => void): RunningJob & { readonly script: ScriptedSource } {
  const script = new ScriptedSource({ a: ["wait", 1] });
  const writer = new GraphWriter();
  writer.operator("sink", sinkFactory(testSink<number>((given) => (context(given), {}))), numbers(writer, 3), { parallelism: 1 });
  writer.source(script as never, WatermarkStrategy.noWatermarks<string>(), 1);
  const run = startJob(writer.graph());
  expect(run.host.runUntilIdle(10_000)).toBe(true);
  expect(run.outcomes).toEqual([]);
  return { ...run, script };
}

test("timers that are asked for after the end of a task keep no host awake", () => {
  let context: SinkWriterContext | undefined;
  const run = twoBranches((given) => (context = given));
  context!.at(1_000_000, () => {});
  run.script.go("a");
  finishJob(run);
  expect(run.host.clock.now()).toBeLessThan(1_000_000);
});

test("a sink that fails after its task has finished still fails the job", () => {
  let context: SinkWriterContext | undefined;
  const run = twoBranches((given) => (context = given));
  context!.fail(new Error("the last write was refused"));
  run.script.go("a");
  run.host.runUntilIdle();
  expect(run.outcomes).toMatchObject([{ status: "FAILED", error: { code: "SINK_FAILED" } }]);
});

test("a timer that is cancelled after its time has come, but before it has run, does not run", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const log: string[] = [];
    const writer = new GraphWriter();
    const sink = testSink<number>((context) => {
      const second = context.at(10, () => log.push("second"));
      const first = context.at(10, () => {
        log.push("first");
        second.cancel();
      });
      context.at(5, () => {
        if (seed % 2 === 0) first.cancel();
      });
      return {};
    });
    writer.operator("sink", sinkFactory(sink), numbers(writer, 1), { parallelism: 1 });
    writer.source(new ScriptedSource({ a: ["wait"] }) as never, WatermarkStrategy.noWatermarks<string>(), 1);
    const blocked = testSink<string>(() => ({ isReady: () => false }));
    writer.operator("blocked", sinkFactory(blocked), 1, { parallelism: 1 });
    const run = startJob(writer.graph(), { seed });
    run.host.advanceTo(10);
    run.host.runUntilIdle();
    run.job.cancel();
    expect(log.includes("first") && log.includes("second") && log.indexOf("first") < log.indexOf("second")).toBe(false);
  }
});
