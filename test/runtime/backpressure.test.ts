import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import type { Sink, SinkWriterContext } from "../../core/connectors/sink.ts";
import { types } from "../../core/data/type.ts";
import { buildJobGraph } from "../../core/graph/job-graph.ts";
import type { StreamGraph } from "../../core/graph/stream-graph.ts";
import { milliseconds } from "../../core/lib/duration.ts";
import type { OperatorMetrics } from "../../core/metrics/operator-metrics.ts";
import { windowFactory } from "../../core/operators/window-factory.ts";
import { BUFFER_ROWS_MAX } from "../../core/runtime/buffer-bounds.ts";
import { LocalJob, type JobOutcome, type RestorePoint } from "../../core/runtime/local-job.ts";
import { CheckpointDriver } from "../../core/testing/checkpoint-driver.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { reducePane } from "../../core/windows/pane-functions.ts";
import { TumblingEventTimeWindows } from "../../core/windows/tumbling-windows.ts";
import { GraphWriter } from "./stream-graphs.ts";

const KEYS = 2_000_000;
const CREDITS = 4;
const PANES_PER_TURN = 1_024;
/** What may lie between the panes and the sink: buffers with credit, the one being filled, and what one turn fires. */
const IN_FLIGHT_MAX = (CREDITS + 1) * BUFFER_ROWS_MAX + PANES_PER_TURN;
/** Far below what 2 M results take, far above the noise of a heap of that size. */
const HEAP_GROWTH_MAX = 48 * 1024 * 1024;

/** What a sink had taken: how many rows, and how often each key. */
interface Taken {
  readonly count: number;
  readonly ofKey: Uint8Array;
}

/** Counts how often each key came, and takes `rowsPerMs` rows per millisecond of the virtual clock. */
class SlowSink implements Sink<number> {
  readonly #ofKey = new Uint8Array(KEYS + 1);
  taken = 0;
  /** At the last snapshot, or at the end. */
  flushed: Taken = { count: 0, ofKey: this.#ofKey };
  readonly #rowsPerMs: number;

  constructor(rowsPerMs: number) {
    this.#rowsPerMs = rowsPerMs;
  }

  describe(): string {
    return "slow";
  }

  createWriter(context: SinkWriterContext): ReturnType<Sink<number>["createWriter"]> {
    let isReady = true;
    return {
      write: (key) => {
        this.#ofKey[key]! += 1;
        this.taken += 1;
        if (this.taken % this.#rowsPerMs !== 0) return;
        isReady = false;
        context.at(context.now() + 1, () => {
          isReady = true;
          context.notifyReady();
        });
      },
      isReady: () => isReady,
      flush: () => {
        this.flushed = { count: this.taken, ofKey: this.#ofKey.slice() };
      },
      close: () => {},
    };
  }
}

/** Two million keys, each with a pane in one window, which all fire with the final watermark. */
function graphOf(sink: SlowSink): StreamGraph {
  const writer = new GraphWriter();
  const strategy = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n);
  const source = writer.source(new SequenceSource(1, KEYS) as never, strategy, 1);
  const panes = windowFactory<number, number, number, number, number>({
    keyOf: (n) => n,
    assigner: TumblingEventTimeWindows.of(milliseconds(2 * KEYS)),
    contents: reducePane({ reduce: (left) => left }),
    contentsType: types.number,
    emit: { kind: "values" },
    allowedLatenessMs: 0,
    lateTag: undefined,
  });
  const windows = writer.operator("windows", panes, source, { keyed: (n: number) => n, parallelism: 1 });
  writer.operator("slow", sinkFactory(sink), windows, { parallelism: 1, partitioner: { kind: "rebalance" } });
  return writer.graph({ firePanesPerTurn: PANES_PER_TURN });
}

class Run {
  readonly host = new SimulatedHost({ seed: 1 });
  readonly job: LocalJob;
  readonly sink: SlowSink;
  outcome: JobOutcome | undefined;
  inFlightMax = 0;

  constructor(rowsPerMs: number, restore?: RestorePoint) {
    this.sink = new SlowSink(rowsPerMs);
    this.job = new LocalJob(buildJobGraph(graphOf(this.sink)), {
      host: this.host,
      attempt: 0,
      restore,
      freeze: false,
      turnRecordsMax: undefined,
      channelCredits: CREDITS,
      onEnd: (outcome) => {
        this.outcome = outcome;
      },
    });
    this.job.start();
  }

  runWhile(isWaiting: () => boolean): void {
    while (isWaiting() && this.outcome === undefined) {
      if (this.host.runUntilIdle(1)) break;
      this.inFlightMax = Math.max(this.inFlightMax, this.#metricsOf("windows").recordsOut - this.sink.taken);
    }
    if (this.outcome?.status === "FAILED") throw this.outcome.error;
  }

  #metricsOf(name: string): OperatorMetrics {
    for (const task of this.job.tasks.flat()) {
      for (const { context } of task.chain.links) if (context.subtask.operatorName === name) return context.metrics;
    }
    throw new Error(`no operator is called ${name}`);
  }
}

function usedHeap(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

test("2 M keys fire into a slow sink with flat memory; a snapshot in mid-firing fires each once", () => {
  const first = new Run(500);
  first.runWhile(() => first.sink.taken === 0);
  const heapBefore = usedHeap();
  first.runWhile(() => first.sink.taken < KEYS / 8);
  const heapGrowth = usedHeap() - heapBefore;

  const driver = new CheckpointDriver(first.job);
  driver.begin();
  first.runWhile(() => driver.completedCount === 0);
  const point = driver.latest();
  first.job.cancel();
  // The barrier went through in the middle of the firing.
  const before = first.sink.flushed;
  expect(before.count).toBeGreaterThanOrEqual(KEYS / 8);
  expect(before.count).toBeLessThan(KEYS / 4);
  expect(first.inFlightMax).toBeLessThanOrEqual(IN_FLIGHT_MAX);
  expect(heapGrowth).toBeLessThan(HEAP_GROWTH_MAX);

  const second = new Run(100_000, point);
  second.runWhile(() => true);
  expect(second.outcome).toEqual({ status: "FINISHED" });
  expect(second.inFlightMax).toBeLessThanOrEqual(IN_FLIGHT_MAX);
  // What came before the barrier has reached the sink; everything else comes after the restore.
  const after = second.sink.flushed;
  expect(before.count + after.count).toBe(KEYS);
  let wrong = 0;
  for (let key = 1; key <= KEYS; key += 1) if (before.ofKey[key]! + after.ofKey[key]! !== 1) wrong += 1;
  expect(wrong).toBe(0);
});
