import { expect, test } from "vitest";
import { collectSink } from "../../core/connectors/collection-sink.ts";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import type { Sink, SinkWriterContext } from "../../core/connectors/sink.ts";
import { buildJobGraph } from "../../core/graph/job-graph.ts";
import type { StreamGraph } from "../../core/graph/stream-graph.ts";
import { flatMapFactory, keyedProcessFactory, keyedReduceFactory, mapFactory } from "../../core/operators/function-factories.ts";
import { LocalJob, type JobOutcome, type RestorePoint } from "../../core/runtime/local-job.ts";
import { CheckpointDriver } from "../../core/testing/checkpoint-driver.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { GraphWriter } from "./stream-graphs.ts";

interface Run {
  readonly job: LocalJob;
  readonly host: SimulatedHost;
  outcome: JobOutcome | undefined;
}

function start(graph: StreamGraph, seed: number, restore?: RestorePoint): Run {
  const host = new SimulatedHost({ seed });
  const run: { job: LocalJob; host: SimulatedHost; outcome: JobOutcome | undefined } = {
    host,
    outcome: undefined,
    job: new LocalJob(buildJobGraph(graph), {
      host,
      attempt: 0,
      restore,
      freeze: true,
      turnRecordsMax: 7,
      channelCredits: 2,
      onEnd: (outcome) => {
        run.outcome = outcome;
      },
    }),
  };
  run.job.start();
  return run;
}

function finish(run: Run): void {
  expect(run.host.runUntilIdle(10_000_000)).toBe(true);
  if (run.outcome?.status === "FAILED") throw run.outcome.error;
  expect(run.outcome).toEqual({ status: "FINISHED" });
}

const monotonous = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n);

function sums(results: unknown[], parallelism: number): StreamGraph {
  const writer = new GraphWriter();
  const source = writer.source(new SequenceSource(1, 1_000) as never, monotonous);
  const pairs = writer.operator("pairs", mapFactory({ map: (n: number) => ({ key: n % 10, sum: n }) }), source);
  const sum = writer.operator(
    "sum",
    keyedReduceFactory<{ key: number; sum: number }>({ keyOf: (r) => r.key, fn: { reduce: (a, b) => ({ key: a.key, sum: a.sum + b.sum }) } }),
    pairs,
    { keyed: (r: { key: number }) => r.key },
  );
  writer.operator("collect", sinkFactory(collectSink(results)), sum, { parallelism: 1, partitioner: { kind: "rebalance" } });
  return writer.graph({ parallelism });
}

function lastSums(results: readonly unknown[]): ReadonlyMap<number, number> {
  const last = new Map<number, number>();
  for (const { key, sum } of results as { key: number; sum: number }[]) last.set(key, Math.max(sum, last.get(key) ?? 0));
  return last;
}

const EXPECTED = new Map(Array.from({ length: 10 }, (_, key) => [key, 100 * (key === 0 ? 10 : key) + 49_500]));

test.each([1, 2, 3])("a keyed sum at parallelism %i, whatever the order of turns", (parallelism) => {
  for (let seed = 1; seed <= 10; seed += 1) {
    const results: unknown[] = [];
    finish(start(sums(results, parallelism), seed));
    expect(results).toHaveLength(1_000);
    const last = lastSums(results);
    for (let key = 0; key < 10; key += 1) expect(last.get(key)).toBe(EXPECTED.get(key)!);
  }
});

test.each([1, 2, 3])("a checkpoint at any step, then a restore, changes nothing (parallelism %i)", (parallelism) => {
  let restored = 0;
  for (let seed = 1; seed <= 30; seed += 1) {
    const results: unknown[] = [];
    const first = start(sums(results, parallelism), seed);
    const driver = new CheckpointDriver(first.job);
    for (let step = 0; step < seed * 4; step += 1) first.host.step();
    driver.begin();
    while (driver.isPending && first.host.step());
    const point = driver.latest();
    first.job.cancel();
    if (point === undefined) continue;
    restored += 1;
    results.length = 0;
    finish(start(sums(results, parallelism), seed + 1_000, point));
    const last = lastSums(results);
    for (const [key, sum] of last) expect(sum).toBe(EXPECTED.get(key)!);
  }
  expect(restored).toBe(30);
});

/** Takes one record per `every` turns of the scheduler. */
function slowSink(every: number, onRecord: (record: unknown) => void): Sink<unknown> {
  return {
    describe: () => "slow",
    createWriter: (context: SinkWriterContext) => {
      let ready = true;
      return {
        write: (record) => {
          onRecord(record);
          ready = false;
          context.at(context.now() + every, () => {
            ready = true;
            context.notifyReady();
          });
        },
        isReady: () => ready,
        flush: () => {},
        close: () => {},
      };
    },
  };
}

test("a source waits for a slow sink: buffers in flight stay bounded", () => {
  const writer = new GraphWriter();
  const source = writer.source(new SequenceSource(1, 100_000) as never, monotonous, 1);
  let taken = 0;
  let emitted = 0;
  const counted = writer.operator("count", mapFactory({ map: (n: number) => (emitted = Math.max(emitted, n)) }), source, { parallelism: 1 });
  writer.operator("slow", sinkFactory(slowSink(5, () => (taken += 1))), counted, { parallelism: 1, partitioner: { kind: "rebalance" } });
  const run = start(writer.graph(), 3);
  run.host.runUntilIdle(60_000);
  expect(run.outcome).toBeUndefined();
  expect(taken).toBeGreaterThan(100);
  // Two credits and the buffer being filled, of at most a thousand rows each.
  expect(emitted - taken).toBeLessThan(5_000);
});

test("an endless iterable of a user function is pulled only while there is credit", () => {
  const writer = new GraphWriter();
  const source = writer.source(new SequenceSource(1, 3) as never, monotonous, 1);
  let pulled = 0;
  function* endless(): Generator<number> {
    for (let i = 0; ; i += 1) {
      pulled += 1;
      yield i;
    }
  }
  const flat = writer.operator("endless", flatMapFactory({ flatMap: () => endless() }), source, { parallelism: 1 });
  let taken = 0;
  writer.operator("slow", sinkFactory(slowSink(5, () => (taken += 1))), flat, { parallelism: 1, partitioner: { kind: "rebalance" } });
  const run = start(writer.graph(), 3);
  run.host.runUntilIdle(60_000);
  expect(taken).toBeGreaterThan(100);
  expect(pulled - taken).toBeLessThan(5_000);
  run.job.cancel();
  expect(run.outcome).toEqual({ status: "CANCELED" });
});

test("timers fire in turns, with a checkpoint in the middle of the firing that fires nothing twice", () => {
  const keys = 20_000;
  const build = (onRecord: (record: unknown) => void, every: number): StreamGraph => {
    const writer = new GraphWriter();
    const source = writer.source(new SequenceSource(1, keys) as never, monotonous, 1);
    const timers = writer.operator(
      "timers",
      keyedProcessFactory<number, number, number>({
        keyOf: (n) => n,
        fn: {
          processElement: (_n, context) => context.timerService().registerEventTimeTimer(keys + 1),
          onTimer: (_time, context, out) => out.collect(context.getCurrentKey()),
        },
      }),
      source,
      { keyed: (n: number) => n, parallelism: 1 },
    );
    writer.operator("slow", sinkFactory(slowSink(every, onRecord)), timers, { parallelism: 1, partitioner: { kind: "rebalance" } });
    return writer.graph();
  };
  const before: unknown[] = [];
  const first = start(build((record) => before.push(record), 1), 5);
  const driver = new CheckpointDriver(first.job);
  while (before.length < 3_000 && first.outcome === undefined) first.host.runUntilIdle(100);
  driver.begin();
  const atBarrier = before.length;
  while (driver.completedCount === 0 && first.outcome === undefined) first.host.runUntilIdle(1);
  expect(driver.completedCount).toBe(1);
  // The barrier went through while most timers were still to fire.
  expect(before.length).toBeLessThan(keys / 2);
  expect(before.length).toBeGreaterThanOrEqual(atBarrier);
  first.job.cancel();
  const after: unknown[] = [];
  finish(start(build((record) => after.push(record), 0), 6, driver.latest()));
  // Everything before the barrier reached the sink, everything else comes after the restore, each once.
  const all = new Set([...before, ...after]);
  expect(all.size).toBe(keys);
  expect(before.length + after.length).toBe(keys);
});

