import { describe, expect, test } from "vitest";
import { SimulatedCluster } from "../../core/testing/simulated-cluster.ts";
import { HOST_JOBS, runInPlace, sortedLines } from "./host-jobs.ts";
import { resultsOf } from "./simulated-results.ts";

/** For each job: seeds that interleave its machines and subtasks differently. */
const SEEDS = 5;

describe.each(HOST_JOBS)("$name", (job) => {
  test("gives on simulated machines what one subtask gives, whatever the order of turns", async () => {
    const { lines } = await runInPlace(job, 1);
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const taskManagers = 1 + (seed % 4);
      const cluster = new SimulatedCluster({ seed, taskManagers, transport: seed < 3 ? "message" : "shared-memory" });
      const client = cluster.submit((env, args) => job.module.job(env, args), job.args);
      expect(sortedLines(await resultsOf(cluster, client, "results")), `seed ${seed}, ${taskManagers} task managers`).toEqual(lines);
      cluster.close();
    }
  });
});
