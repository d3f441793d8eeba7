import { expect, test } from "vitest";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import type { StreamGraph, StreamNode } from "../../core/graph/stream-graph.ts";
import { coMapFactory, keyedReduceFactory, mapFactory } from "../../core/operators/function-factories.ts";
import type { RestorePoint } from "../../core/runtime/local-job.ts";
import { CheckpointDriver, MemoryParts } from "../../core/testing/checkpoint-driver.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { startJob, testSink } from "./running-jobs.ts";
import { GraphWriter } from "./stream-graphs.ts";

const noWatermarks = WatermarkStrategy.noWatermarks<number>();

function checkpointOf(graph: StreamGraph, steps: number): RestorePoint {
  const run = startJob(graph);
  for (let step = 0; step < steps; step += 1) run.host.step();
  const driver = new CheckpointDriver(run.job);
  driver.begin();
  while (driver.isPending && run.host.step());
  run.job.cancel();
  return driver.latest()!;
}

function mapped(parallelism: number, sources: number): StreamGraph {
  const writer = new GraphWriter();
  const from = Array.from({ length: sources }, () => writer.source(new SequenceSource(1, 10_000) as never, noWatermarks, 1));
  const map = writer.operator("map", mapFactory({ map: (n: number) => n }), from[0]!, { parallelism, partitioner: { kind: "rebalance" } });
  const node = writer.nodes[map]!;
  const inputs = from.map((source) => ({ ...node.inputs[0]!, from: source }));
  (writer.nodes as StreamNode[])[map] = { ...node, uid: "map", inputs };
  writer.operator("sink", sinkFactory(testSink(() => ({}))), map, { parallelism: 1 });
  return writer.graph();
}

function summed(parallelism: number, maxParallelism: number): StreamGraph {
  const writer = new GraphWriter();
  const source = writer.source(new SequenceSource(1, 1_000) as never, noWatermarks, 1);
  writer.operator("sum", keyedReduceFactory<number>({ keyOf: (n) => n % 10, fn: { reduce: (a, b) => a + b } }), source, { keyed: (n: number) => n % 10, parallelism });
  return writer.graph({ maxParallelism });
}

test("a restore with another number of key groups is refused with what to do", () => {
  const point = checkpointOf(summed(2, 16), 20);
  expect(() => startJob(summed(2, 32), { restore: point })).toThrow(/call setMaxParallelism\(16\)/);
});

test("a restore of an operator that has two inputs instead of one is refused with what to do", () => {
  const writer = new GraphWriter();
  const [left, right] = [1, 1].map((parallelism) => writer.source(new SequenceSource(1, 10_000) as never, noWatermarks, parallelism));
  const map = writer.operator("map", coMapFactory({ map1: (n: number) => n, map2: (n: number) => n }), left!, { parallelism: 2, partitioner: { kind: "rebalance" } });
  const node = writer.nodes[map]!;
  (writer.nodes as StreamNode[])[map] = { ...node, uid: "map", inputs: [node.inputs[0]!, { ...node.inputs[0]!, from: right!, input: 1 }] };
  expect(() => startJob(writer.graph(), { restore: checkpointOf(mapped(2, 1), 20) })).toThrow(/"map" has other inputs/);
});

test.each([
  ["another parallelism", mapped(3, 1)],
  ["a further source", mapped(2, 2)],
])("a job goes on with %s", (_what, graph) => {
  const point = checkpointOf(mapped(2, 1), 20);
  const run = startJob(graph, { restore: point });
  while (run.host.step());
  expect(run.outcomes).toMatchObject([{ status: "FINISHED" }]);
});

test("after a restore the first checkpoint is a delta, at every parallelism", () => {
  for (const parallelism of [1, 3]) {
    const build = (): StreamGraph => {
      const writer = new GraphWriter();
      const source = writer.source(new SequenceSource(1, 100_000) as never, noWatermarks, 1);
      writer.operator("sum", keyedReduceFactory<number>({ keyOf: (n) => n % 5_000, fn: { reduce: (a, b) => a + b } }), source, { keyed: (n: number) => n % 5_000, parallelism });
      return writer.graph();
    };
    const point = checkpointOf(build(), 8_000);
    const parts = new MemoryParts();
    for (const name of Object.keys(point.manifest.parts)) parts.put(name, point.readPart(name));
    const run = startJob(build(), { restore: point });
    const driver = new CheckpointDriver(run.job, { firstId: point.manifest.checkpointId + 1, parts });
    run.host.step();
    driver.begin();
    while (driver.isPending && run.host.step());
    const before = new Set(Object.values(point.manifest.operators).flatMap(({ subtasks }) => subtasks.flatMap(({ keyed }) => keyed.groups.map(({ base }) => base[0]!.part))));
    const after = Object.values(driver.latest()!.manifest.operators).flatMap(({ subtasks }) => subtasks.flatMap(({ keyed }) => keyed.groups.map(({ base }) => base[0]!.part)));
    expect(before.size).toBe(parallelism);
    expect(after.filter((part) => before.has(part)).length).toBeGreaterThan(after.length / 2);
    run.job.cancel();
  }
});

test("a job whose enumerator cannot be restored ends, and starts no enumerator", () => {
  const log: string[] = [];
  const sequence = new SequenceSource(1, 10_000);
  const build = (): StreamGraph => {
    const writer = new GraphWriter();
    for (const name of ["a", "b"]) {
      const source = {
        boundedness: "BOUNDED",
        splitType: sequence.splitType,
        enumeratorStateType: sequence.enumeratorStateType,
        describe: () => name,
        splitId: (split: never) => sequence.splitId(split),
        createEnumerator: (context: never) => {
          log.push(`create ${name}`);
          return sequence.createEnumerator(context);
        },
        restoreEnumerator: () => {
          throw new Error("the broker is gone");
        },
        createReader: (context: never) => sequence.createReader(context),
      };
      writer.source(source as never, noWatermarks, 1);
    }
    return writer.graph();
  };
  const point = checkpointOf(build(), 5);
  log.length = 0;
  const run = startJob(build(), { restore: point });
  expect(run.outcomes).toMatchObject([{ status: "FAILED", error: { code: "SOURCE_FAILED" } }]);
  expect(log).toEqual([]);
});
