import { expect, test } from "vitest";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import type { Sink } from "../../core/connectors/sink.ts";
import { types } from "../../core/data/type.ts";
import { OutputTag } from "../../core/functions/output-tag.ts";
import type { Partitioner, StreamGraph, StreamNode } from "../../core/graph/stream-graph.ts";
import { coProcessFactory, flatMapFactory, mapFactory, processFactory } from "../../core/operators/function-factories.ts";
import type { RestorePoint } from "../../core/runtime/local-job.ts";
import { CheckpointDriver, MemoryParts } from "../../core/testing/checkpoint-driver.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { startJob } from "./running-jobs.ts";
import { GraphWriter } from "./stream-graphs.ts";

const COUNT = 120;
const REBALANCE: Partitioner = { kind: "rebalance" };
const monotonous = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n);
const ODD = new OutputTag<number>("odd");

/** Keeps what it took in its state, takes one record a millisecond, and tells the outside when the job has ended. */
function keepingSink(onEnd: (records: readonly number[]) => void): Sink<number, number> {
  const writer = (context: Parameters<Sink<number>["createWriter"]>[0], records: number[]): ReturnType<Sink<number, number>["createWriter"]> => {
    let isReady = true;
    return {
      write: (n) => {
        records.push(n);
        isReady = false;
        context.at(context.now() + 1, () => {
          isReady = true;
          context.notifyReady();
        });
      },
      isReady: () => isReady,
      flush: () => {},
      snapshotState: () => records,
      close: (clean) => {
        if (clean) onEnd(records);
      },
    };
  };
  return {
    describe: () => "keeping",
    writerStateType: types.number,
    createWriter: (context) => writer(context, []),
    restoreWriter: (context, records) => writer(context, [...records]),
  };
}

class Topology extends GraphWriter {
  /** Gives an operator these inputs instead of the one it was made with. */
  connect(id: number, inputs: readonly { readonly from: number; readonly input?: number; readonly partitioner?: Partitioner; readonly sideOutput?: string }[]): number {
    const edges = inputs.map(({ from, input = 0, partitioner = undefined, sideOutput = undefined }) => ({ from, input, partitioner, sideOutput }));
    (this.nodes as StreamNode[])[id] = { ...this.nodes[id]!, inputs: edges };
    return id;
  }

  numbers(): number {
    return this.source(new SequenceSource(1, COUNT) as never, monotonous, 2);
  }

  map(from: number, partitioner?: Partitioner): number {
    return this.operator("map", mapFactory({ map: (n: number) => n }), from, partitioner === undefined ? {} : { partitioner });
  }
}

/** Each takes the numbers to an operator that gives each number as often as `times` says. */
const TOPOLOGIES: readonly (readonly [name: string, times: (n: number) => number, build: (graph: Topology) => number])[] = [
  ["a diamond", () => 2, (graph) => {
    const source = graph.numbers();
    const arms = [graph.map(source, REBALANCE), graph.map(source, REBALANCE)];
    return graph.connect(graph.map(source), arms.map((from) => ({ from, partitioner: REBALANCE })));
  }],
  ["a stream joined to itself", () => 2, (graph) => {
    const source = graph.numbers();
    const self = graph.operator("self", coProcessFactory<number, number, number>({
      processElement1: (n, _context, out) => out.collect(n),
      processElement2: (n, _context, out) => out.collect(n),
    }), source);
    return graph.connect(self, [{ from: source, partitioner: REBALANCE }, { from: source, input: 1, partitioner: REBALANCE }]);
  }],
  ["a union of a stream with itself", () => 2, (graph) => {
    const source = graph.numbers();
    return graph.connect(graph.map(source), [{ from: source }, { from: source }]);
  }],
  ["a broadcast", () => 2, (graph) => graph.map(graph.numbers(), { kind: "broadcast" })],
  ["iterables before and behind a channel", () => 6, (graph) => {
    const flat = (from: number, times: number, partitioner?: Partitioner): number =>
      graph.operator("flat", flatMapFactory({ flatMap: (n: number) => Array<number>(times).fill(n) }), from, partitioner === undefined ? {} : { partitioner });
    return flat(flat(graph.numbers(), 3), 2, REBALANCE);
  }],
  ["side outputs, one in the chain and one over a channel", (n) => (n % 2 === 0 ? 1 : 2), (graph) => {
    const source = graph.numbers();
    const split = graph.operator("split", processFactory<number, number>({
      processElement: (n, context, out) => (n % 2 === 0 ? out.collect(n) : context.output(ODD, n)),
    }), source);
    const inChain = graph.connect(graph.map(split), [{ from: split, sideOutput: "odd" }]);
    return graph.connect(graph.map(split), [{ from: split }, { from: split, sideOutput: "odd", partitioner: REBALANCE }, { from: inChain }]);
  }],
];

test.each(TOPOLOGIES)("%s: every record once, through one credit a channel, slow sinks, checkpoints and a restore", (_name, times, build) => {
  const expected = Array.from({ length: COUNT }, (_, index) => index + 1).flatMap((n) => Array<number>(times(n)).fill(n));
  for (let seed = 1; seed <= 6; seed += 1) {
    const taken: number[] = [];
    const graph = (): StreamGraph => {
      const topology = new Topology();
      topology.operator("sink", sinkFactory(keepingSink((records) => taken.push(...records))), build(topology), { partitioner: REBALANCE });
      return topology.graph({ firePanesPerTurn: 4, bufferTimeoutMs: seed % 2 === 0 ? 0 : 3 });
    };
    const parts = new MemoryParts();
    let restore: RestorePoint | undefined;
    let firstId = 1;
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const run = startJob(graph(), { seed: seed * 10 + attempt, channelCredits: 1, ...(restore === undefined ? {} : { restore }) });
      const driver = new CheckpointDriver(run.job, { parts, firstId });
      const crashAt = attempt < 3 ? 1 : Infinity;
      while (run.outcomes.length === 0 && driver.completedCount < crashAt) {
        for (let step = 0; step < 60 + 20 * seed && run.outcomes.length === 0; step += 1) {
          if (run.host.runUntilIdle(1) && run.outcomes.length === 0) throw new Error(`it hangs (seed ${seed})`);
        }
        if (run.outcomes.length === 0 && !driver.isPending) driver.begin();
      }
      firstId = driver.nextId;
      restore = driver.latest() ?? restore;
      if (run.outcomes.length === 0) run.job.cancel();
      else {
        expect(run.outcomes).toEqual([{ status: "FINISHED" }]);
        break;
      }
    }
    expect(taken.toSorted((a, b) => a - b)).toEqual(expected);
  }
});
