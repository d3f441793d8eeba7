import { describe, expect, test } from "vitest";
import type { StreamExecutionEnvironment } from "../../core/api/stream-execution-environment.ts";
import { decodeRecord } from "../../core/checkpoint/record.ts";
import { Prng } from "../../core/lib/prng.ts";
import { SimulatedCluster } from "../../core/testing/index.ts";
import { committedSink, type Committed, expectedSums } from "./sums-job.ts";

const RECORDS = 20_000;
const OPTIONS = {
  "execution.checkpointing.interval": 10,
  "execution.checkpointing.dir": "disk:",
  "restart-strategy.type": "fixed-delay",
  "restart-strategy.fixed-delay.attempts": 20,
  "restart-strategy.fixed-delay.delay": 10,
} as const;

function sums(committed: Committed, options: object = OPTIONS) {
  return (env: StreamExecutionEnvironment): void => {
    env.configure(options);
    env
      .fromSequence(1, RECORDS)
      .setParallelism(1)
      .keyBy((n) => n % 7)
      .reduce((a, b) => a + b)
      .uid("sums")
      .sinkTo(committedSink(committed));
  };
}

function completed(cluster: SimulatedCluster): number {
  return [...cluster.disk.objects].filter(([name, bytes]) => name.includes("/records/") && decodeRecord(bytes).kind === "checkpoint").length;
}

function hasEnded(cluster: SimulatedCluster): boolean {
  return [...cluster.disk.objects].some(([name, bytes]) => name.includes("/records/") && decodeRecord(bytes).kind === "end");
}

function rowsOf(committed: Committed): string[] {
  return [...committed.values()].flatMap(({ rows }) => rows).sort();
}

describe("a job on a cluster", () => {
  test("that loses task managers goes on from its last checkpoint, and all of it is there once", () => {
    let restored = 0;
    for (let seed = 1; seed <= 40; seed += 1) {
      const prng = new Prng(seed);
      const cluster = new SimulatedCluster({ seed, taskManagers: 3 });
      const committed: Committed = new Map();
      const job = cluster.submit(sums(committed));
      let hasEnded = false;
      void job.result().then(() => (hasEnded = true));
      for (let death = 0; death < 3; death += 1) {
        let steps = 1_000 + prng.int(6_000);
        cluster.runUntil(() => (steps -= 1) < 0 || job.getJobStatus() === "FINISHED");
        if (job.getJobStatus() === "FINISHED") break;
        restored += completed(cluster);
        const machines = cluster.taskManagers.filter((machine) => machine.isRunning);
        machines[prng.int(machines.length)]?.die();
      }
      cluster.runUntil(() => job.getJobStatus() !== "RUNNING" && job.getJobStatus() !== "CREATED");
      expect([seed, job.getJobStatus(), hasEnded]).toEqual([seed, "FINISHED", false]);
      expect([seed, ...rowsOf(committed)]).toEqual([seed, ...expectedSums(RECORDS)]);
      cluster.close();
    }
    expect(restored).toBeGreaterThan(10);
  });

  test("that loses its master, again and again, goes on with another one", () => {
    let restored = 0;
    for (let seed = 1; seed <= 30; seed += 1) {
      const prng = new Prng(seed);
      const cluster = new SimulatedCluster({ seed, taskManagers: 2 });
      const committed: Committed = new Map();
      const job = cluster.submit(sums(committed));
      for (let death = 0; death < 3; death += 1) {
        let steps = 2_000 + prng.int(6_000);
        cluster.runUntil(() => (steps -= 1) < 0 || job.getJobStatus() === "FINISHED");
        if (job.getJobStatus() === "FINISHED") break;
        restored += completed(cluster);
        for (const machine of cluster.leaders) machine.die();
        if (prng.int(3) === 0) cluster.taskManagers.findLast((machine) => machine.isRunning)?.die();
      }
      cluster.runUntil(() => job.getJobStatus() !== "RUNNING" && job.getJobStatus() !== "CREATED");
      expect([seed, job.getJobStatus()]).toEqual([seed, "FINISHED"]);
      expect([seed, ...rowsOf(committed)]).toEqual([seed, ...expectedSums(RECORDS)]);
      cluster.close();
    }
    expect(restored).toBeGreaterThan(3);
  });

  test("that loses its master when it has finished, and before anybody was told, has finished", () => {
    let untold = 0;
    for (let seed = 1; seed <= 12; seed += 1) {
      const cluster = new SimulatedCluster({ seed, taskManagers: 2 });
      const committed: Committed = new Map();
      // What has ended under an earlier submission is no end of this one.
      const earlier = cluster.submit(sums(new Map()));
      cluster.runUntil(() => earlier.getJobStatus() === "FINISHED");
      const job = cluster.submit(sums(committed));
      cluster.runUntil(() => 0 < committed.size);
      cluster.runUntil(() => hasEnded(cluster) || job.getJobStatus() === "FINISHED");
      let steps = seed * 5;
      cluster.runUntil(() => (steps -= 1) < 0 || job.getJobStatus() === "FINISHED");
      if (job.getJobStatus() !== "FINISHED") untold += 1;
      for (const machine of cluster.leaders) machine.die();
      cluster.runUntil(() => job.getJobStatus() !== "RUNNING" && job.getJobStatus() !== "CREATED");
      expect([seed, job.getJobStatus()]).toEqual([seed, "FINISHED"]);
      expect([seed, ...rowsOf(committed)]).toEqual([seed, ...expectedSums(RECORDS)]);
      cluster.close();
    }
    expect(untold).toBeGreaterThan(3);
  });

  test("keeps checkpoints with its master, where nothing else is said, and goes on from them", () => {
    const cluster = new SimulatedCluster({ seed: 5, taskManagers: 2 });
    const committed: Committed = new Map();
    const { "execution.checkpointing.dir": _none, ...options } = OPTIONS;
    const job = cluster.submit(sums(committed, options));
    cluster.runUntil(() => 100 < rowsOf(committed).length);
    cluster.taskManagers[0]?.die();
    cluster.runUntil(() => job.getJobStatus() === "FINISHED");
    expect(rowsOf(committed)).toEqual(expectedSums(RECORDS));
    expect(cluster.disk.objects.size).toBe(0);
  });

  test("gives a savepoint from which it goes on at another parallelism", async () => {
    const cluster = new SimulatedCluster({ seed: 6, taskManagers: 3 });
    const committed: Committed = new Map();
    const job = cluster.submit(sums(committed));
    cluster.runUntil(() => 0 < rowsOf(committed).length);
    const taken = job.stopWithSavepoint({ directory: "disk:" });
    cluster.runUntil(() => job.getJobStatus() === "FINISHED");
    const { path } = await taken;
    expect(rowsOf(committed).length).toBeLessThan(RECORDS);
    const options = { ...OPTIONS, "execution.state-recovery.path": path };
    const next = cluster.submit(sums(committed, options), {}, { parallelism: 2 });
    cluster.runUntil(() => next.getJobStatus() === "FINISHED");
    expect(rowsOf(committed)).toEqual(expectedSums(RECORDS));
  });
});
