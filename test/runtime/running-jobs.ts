import { expect } from "vitest";
import type { Sink, SinkWriter, SinkWriterContext } from "../../core/connectors/sink.ts";
import { buildJobGraph } from "../../core/graph/job-graph.ts";
import type { StreamGraph } from "../../core/graph/stream-graph.ts";
import type { KernelModule } from "../../core/host/kernel-module.ts";
import { LocalJob, type JobOutcome, type RestorePoint } from "../../core/runtime/local-job.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";

/** A job on a simulated host of its own, for tests that step through it. */
export interface RunningJob {
  readonly job: LocalJob;
  readonly host: SimulatedHost;
  readonly outcomes: JobOutcome[];
}

export interface RunOptions {
  readonly seed?: number;
  readonly restore?: RestorePoint;
  readonly turnRecordsMax?: number;
  readonly channelCredits?: number;
  readonly kernel?: KernelModule;
}

export function startJob(graph: StreamGraph, options: RunOptions = {}): RunningJob {
  const host = new SimulatedHost({ seed: options.seed ?? 1 });
  if (options.kernel !== undefined) Object.assign(host, { kernel: options.kernel });
  const outcomes: JobOutcome[] = [];
  const job = new LocalJob(buildJobGraph(graph), {
    host,
    attempt: options.restore === undefined ? 0 : 1,
    restore: options.restore,
    freeze: true,
    turnRecordsMax: options.turnRecordsMax ?? 7,
    channelCredits: options.channelCredits ?? 2,
    onEnd: (outcome) => outcomes.push(outcome),
  });
  job.start();
  return { job, host, outcomes };
}

/** Runs to the end, which must be a clean one. */
export function finishJob({ host, outcomes }: RunningJob): void {
  expect(host.runUntilIdle(1_000_000)).toBe(true);
  const failed = outcomes.find((outcome) => outcome.status === "FAILED");
  if (failed?.status === "FAILED") throw failed.error;
  expect(outcomes).toEqual([{ status: "FINISHED" }]);
}

/** A sink of which a test says only what matters to it. */
export function testSink<T>(make: (context: SinkWriterContext) => Partial<SinkWriter<T>>): Sink<T> {
  return {
    describe: () => "test",
    createWriter: (context) => ({ write: () => {}, flush: () => {}, close: () => {}, ...make(context) }),
  };
}
