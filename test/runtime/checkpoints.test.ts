import { expect, test } from "vitest";
import { collectSink } from "../../core/connectors/collection-sink.ts";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import type { Sink } from "../../core/connectors/sink.ts";
import { types } from "../../core/data/type.ts";
import { flatMapFactory, mapFactory } from "../../core/operators/function-factories.ts";
import { CheckpointDriver } from "../../core/testing/checkpoint-driver.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { ScriptedSource } from "../connectors/scripted-source.ts";
import { finishJob, startJob, testSink } from "./running-jobs.ts";
import { GraphWriter } from "./stream-graphs.ts";

const noWatermarks = WatermarkStrategy.noWatermarks<number>();
const COUNT = 200;
const untimed = WatermarkStrategy.noWatermarks<string>();

/** Begins a checkpoint and steps until it is complete. */
function checkpoint(driver: CheckpointDriver, step: () => boolean): void {
  const before = driver.completedCount;
  driver.begin();
  while (driver.completedCount === before && step());
  expect(driver.completedCount).toBe(before + 1);
}

test.each([true, false])("a source that has ended since the last checkpoint is not read again after a restore (chaining %s)", (chaining) => {
  const results: unknown[] = [];
  const script = new ScriptedSource({ a: ["wait", 1] });
  const build = () => {
    const writer = new GraphWriter();
    const source = writer.source(new SequenceSource(1, COUNT) as never, noWatermarks, 1);
    const map = writer.operator("map", mapFactory({ map: (n: number) => n }), source, { parallelism: 1 });
    writer.operator("sink", sinkFactory(collectSink(results)), map, { parallelism: 1 });
    writer.source(script as never, untimed, 1);
    return writer.graph({ chaining, bufferTimeoutMs: 0 });
  };
  const first = startJob(build(), { turnRecordsMax: 3 });
  const driver = new CheckpointDriver(first.job);
  while (results.length < 10) first.host.step();
  checkpoint(driver, () => first.host.step());
  expect(results.length).toBeLessThan(COUNT);
  first.host.runUntilIdle(10_000);
  expect(results).toHaveLength(COUNT);
  checkpoint(driver, () => first.host.step());
  first.job.cancel();
  const second = startJob(build(), { restore: driver.latest()! });
  script.go("a");
  finishJob(second);
  expect(results).toHaveLength(COUNT);
});

test("a barrier that comes while a subtask finishes is taken", () => {
  for (let seed = 1; seed <= 8; seed += 1) {
    for (let steps = 20; steps < 60; steps += 1) {
      const writer = new GraphWriter();
      const source = writer.source(new SequenceSource(1, 20) as never, noWatermarks, 1);
      const map = writer.operator("map", mapFactory({ map: (n: number) => n }), source, { parallelism: 1 });
      writer.operator("sink", sinkFactory(testSink(() => ({}))), map, { parallelism: 1 });
      writer.source(new ScriptedSource({ a: ["wait"] }) as never, untimed, 1);
      const run = startJob(writer.graph({ chaining: false }), { seed, turnRecordsMax: 3 });
      for (let step = 0; step < steps; step += 1) run.host.step();
      const driver = new CheckpointDriver(run.job);
      driver.begin();
      run.host.runUntilIdle(10_000);
      expect(driver.completedCount).toBe(1);
      run.job.cancel();
    }
  }
});

test("a sink that has ended is stored as it ended", () => {
  const restored: unknown[] = [];
  const sink: Sink<number, number> = {
    describe: () => "counting",
    writerStateType: types.number,
    createWriter: () => counting(0),
    restoreWriter: (_context, [count]) => {
      restored.push(count);
      return counting(count!);
    },
  };
  const counting = (start: number) => {
    let count = start;
    let ended = false;
    return {
      write: () => {
        expect(ended).toBe(false);
        count += 1;
      },
      flush: (endOfInput: boolean) => {
        expect(ended).toBe(false);
        ended = endOfInput;
      },
      snapshotState: () => [count],
      close: () => {},
    };
  };
  const script = new ScriptedSource({ a: ["wait", 1] });
  const build = () => {
    const writer = new GraphWriter();
    const source = writer.source(new SequenceSource(1, 50) as never, noWatermarks, 1);
    writer.operator("sink", sinkFactory(sink), source, { parallelism: 1 });
    writer.source(script as never, untimed, 1);
    return writer.graph();
  };
  const first = startJob(build(), { turnRecordsMax: 3 });
  const driver = new CheckpointDriver(first.job);
  checkpoint(driver, () => first.host.step());
  first.host.runUntilIdle(10_000);
  checkpoint(driver, () => first.host.step());
  first.job.cancel();
  const second = startJob(build(), { restore: driver.latest()! });
  script.go("a");
  finishJob(second);
  expect(restored).toEqual([50]);
});

test("finished subtasks let every checkpoint through, those right behind one that was given up too", () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const script = new ScriptedSource({ a: ["wait", 1] });
    const writer = new GraphWriter();
    const source = writer.source(new SequenceSource(1, 20) as never, noWatermarks, 2);
    const map = writer.operator("map", mapFactory({ map: (n: number) => n }), source, { parallelism: 2, partitioner: { kind: "rebalance" } });
    writer.operator("sink", sinkFactory(testSink(() => ({}))), map, { parallelism: 2, partitioner: { kind: "rebalance" } });
    writer.source(script as never, untimed, 1);
    const run = startJob(writer.graph(), { seed });
    run.host.runUntilIdle(10_000);
    const driver = new CheckpointDriver(run.job);
    for (let round = 0; round < 6; round += 1) {
      driver.begin();
      for (let step = 0; step < seed % 7; step += 1) run.host.step();
      driver.abort();
      const before = driver.completedCount;
      driver.begin();
      run.host.runUntilIdle(10_000);
      expect(driver.completedCount).toBe(before + 1);
    }
    script.go("a");
    finishJob(run);
  }
});

test("a checkpoint begins between two iterables, however long they are", () => {
  let records = 0;
  const writer = new GraphWriter();
  const source = writer.source(new SequenceSource(1, 1_000_000) as never, noWatermarks, 1);
  const flat = writer.operator("flat", flatMapFactory({
    *flatMap(n: number) {
      records = n;
      for (let i = 0; i < 100; i += 1) yield i;
    },
  }), source, { parallelism: 1 });
  writer.operator("sink", sinkFactory(testSink(() => ({}))), flat, { parallelism: 1 });
  const run = startJob(writer.graph({ firePanesPerTurn: 64 }), { turnRecordsMax: 1_000 });
  for (let step = 0; step < 11; step += 1) run.host.step();
  const driver = new CheckpointDriver(run.job);
  const before = records;
  driver.begin();
  for (let step = 0; step < 200 && driver.isPending; step += 1) run.host.step();
  expect(driver.completedCount).toBe(1);
  expect(records - before).toBeLessThanOrEqual(2);
  run.job.cancel();
});

test("a source takes no snapshot for a checkpoint that was given up before it began there", () => {
  const snapshots: number[] = [];
  const writer = new GraphWriter();
  const source = writer.source(new SequenceSource(1, 100_000) as never, noWatermarks, 1);
  writer.operator("sink", sinkFactory({ ...testSink<number>(() => ({ snapshotState: (id) => (snapshots.push(id), []) })), writerStateType: types.number, restoreWriter: () => testSink<number>(() => ({})).createWriter({} as never) as never } as Sink<number, number>), source, { parallelism: 1 });
  const run = startJob(writer.graph());
  const driver = new CheckpointDriver(run.job);
  run.host.step();
  driver.begin();
  driver.abort();
  driver.begin();
  while (driver.completedCount === 0) run.host.step();
  expect(snapshots).toEqual([2]);
  run.job.cancel();
});

test("a checkpoint whose enumerator has no state to give fails, and the next one may begin", () => {
  const sequence = new SequenceSource(1, 100_000);
  let broken = true;
  const source = Object.assign(Object.create(sequence) as SequenceSource, {
    createEnumerator: (context: never) => {
      const enumerator = sequence.createEnumerator(context);
      const snapshotState = enumerator.snapshotState.bind(enumerator);
      return Object.assign(enumerator, {
        snapshotState: () => {
          if (broken) throw new Error("the broker does not answer");
          return snapshotState();
        },
      });
    },
    createReader: (context: never) => sequence.createReader(context),
  });
  Object.defineProperties(source, {
    boundedness: { value: "BOUNDED" },
    splitType: { value: sequence.splitType },
    enumeratorStateType: { value: sequence.enumeratorStateType },
    describe: { value: () => "broken" },
    splitId: { value: (split: never) => sequence.splitId(split) },
  });
  const writer = new GraphWriter();
  writer.source(source as never, noWatermarks, 1);
  const run = startJob(writer.graph());
  const driver = new CheckpointDriver(run.job);
  run.host.step();
  expect(() => driver.begin()).toThrow(/broker/);
  expect(driver.isPending).toBe(false);
  broken = false;
  checkpoint(driver, () => run.host.step());
  run.job.cancel();
});
