import { expect, test } from "vitest";
import { collectSink } from "../../core/connectors/collection-sink.ts";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import { types } from "../../core/data/type.ts";
import type { StreamGraph } from "../../core/graph/stream-graph.ts";
import { windowFactory } from "../../core/operators/window-factory.ts";
import { CheckpointDriver } from "../../core/testing/checkpoint-driver.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { builtInAggregates } from "../../core/windows/built-in-aggregates.ts";
import { count, sum } from "../../core/windows/aggregates.ts";
import { aggregatePane } from "../../core/windows/pane-functions.ts";
import { TumblingEventTimeWindows } from "../../core/windows/tumbling-windows.ts";
import { milliseconds } from "../../core/lib/duration.ts";
import { loadKernelModule } from "../../node/kernel-module.ts";
import { finishJob, startJob } from "./running-jobs.ts";
import { GraphWriter } from "./stream-graphs.ts";

const kernel = await loadKernelModule();
const KEYS = 6_000;
const COUNT = 4 * KEYS;

/** One window with many keys in a kernel; each key comes four times. */
function manyKeys(results: unknown[]): StreamGraph {
  const writer = new GraphWriter();
  const strategy = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n);
  const source = writer.source(new SequenceSource(1, COUNT) as never, strategy, 1);
  const sums = windowFactory<number, number, unknown, unknown, unknown>({
    keyOf: (n) => n % KEYS,
    assigner: TumblingEventTimeWindows.of(milliseconds(2 * COUNT)),
    contents: aggregatePane(builtInAggregates({ count: count(), sum: sum((n) => n as number) })) as never,
    contentsType: types.dynamic as never,
    emit: { kind: "values" },
    allowedLatenessMs: 0,
    lateTag: undefined,
  });
  const windows = writer.operator("windows", sums, source, { parallelism: 1, keyed: (n: number) => n % KEYS });
  writer.operator("sink", sinkFactory(collectSink(results)), windows, { parallelism: 1 });
  return writer.graph();
}

test("a large snapshot is written between records, as the state was when it was taken", () => {
  const expected: unknown[] = [];
  finishJob(startJob(manyKeys(expected), { kernel, turnRecordsMax: 50 }));
  expect(expected).toHaveLength(KEYS);

  const first = startJob(manyKeys([]), { kernel, turnRecordsMax: 50 });
  const driver = new CheckpointDriver(first.job);
  const metrics = first.job.tasks.flat()[0]!.chain.links[1]!.context.metrics;
  for (const target of [2 * KEYS, 3 * KEYS]) {
    while (metrics.recordsIn < target) first.host.step();
    const before = driver.completedCount;
    driver.begin();
    const taken = metrics.recordsIn;
    let steps = 0;
    for (; driver.completedCount === before; steps += 1) first.host.step();
    // The full one and the one of what has changed take a turn for each thousand panes, and records come meanwhile.
    expect(steps).toBeGreaterThan(5);
    expect(metrics.recordsIn).toBeGreaterThan(taken + 5 * 50 - 1);
  }
  first.job.cancel();

  const restored: unknown[] = [];
  finishJob(startJob(manyKeys(restored), { kernel, restore: driver.latest()!, turnRecordsMax: 50 }));
  expect(restored).toEqual(expected);
});

test("a job that ends while a snapshot is being written writes it to the end first", () => {
  const first = startJob(manyKeys([]), { kernel, turnRecordsMax: 2_000 });
  const driver = new CheckpointDriver(first.job);
  const metrics = first.job.tasks.flat()[0]!.chain.links[1]!.context.metrics;
  while (metrics.recordsIn < COUNT - 2_000) first.host.step();
  driver.begin();
  finishJob(first);
  expect(driver.completedCount).toBe(1);
});
