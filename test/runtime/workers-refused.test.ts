import { expect, test } from "vitest";
import { StreamExecutionEnvironment } from "../../core/api/stream-execution-environment.ts";
import { buildJobGraph } from "../../core/graph/job-graph.ts";
import { ClusterJob } from "../../core/runtime/cluster-job.ts";
import { Dispatcher } from "../../core/runtime/dispatcher.ts";
import type { LoadJob } from "../../core/runtime/job-master.ts";
import { startWorker } from "../../core/runtime/worker.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";

const settings = { heartbeatIntervalMs: 50, heartbeatTimeoutMs: 300, deployTimeoutMs: 5_000, transport: "message" } as const;

const loadJob: LoadJob = ({ args }, onLoaded) => {
  const env = new StreamExecutionEnvironment({ submit: () => expect.unreachable() });
  env.fromSequence(1, 4).setParallelism((args as { parallelism: number }).parallelism).filter(() => false);
  onLoaded({ graph: buildJobGraph(env.getStreamGraph()), explain: () => "" });
};

test("where the platform refuses one more worker its job fails, and the next one runs", async () => {
  const host = new SimulatedHost({ seed: 1 });
  let workersLeft = 2;
  const workers = {
    start: () => {
      if (workersLeft === 0) throw new Error("no more threads");
      workersLeft -= 1;
      const [port, theirs] = host.network.openLine();
      startWorker({ host, port: theirs, loadJob });
      return { port, reason: undefined, terminate: () => port.close() };
    },
  };
  const dispatcher = new Dispatcher({ host, workers, leaders: workers, taskManagers: 2, slots: 1, settings });
  const run = (id: string, parallelism: number): ClusterJob => {
    // The workers that it will want are not known before it is built.
    const description = { id, module: "job", name: undefined, args: { parallelism }, parallelism: 1, configuration: {}, isResumed: false };
    const job = new ClusterJob((listener) => dispatcher.submit(description, undefined, listener), { host, jobId: id, signal: undefined });
    for (let steps = 0; steps < 2_000; steps += 1) host.runUntilIdle(1);
    return job;
  };
  await expect(run("wide", 2).accepted()).rejects.toThrow("[TASK_MANAGER_LOST] a task manager could not be started: no more threads");
  expect(run("narrow", 1).getJobStatus()).toBe("FINISHED");
});
