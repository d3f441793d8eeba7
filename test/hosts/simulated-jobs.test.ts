import { describe, expect, test } from "vitest";
import { finishJob, startJob } from "../runtime/running-jobs.ts";
import { collectingGraph, HOST_JOBS, runInPlace, sortedLines } from "./host-jobs.ts";

/** For each job: seeds that interleave its subtasks differently. */
const SEEDS = 5;

describe.each(HOST_JOBS)("$name", (job) => {
  test("gives the results of one subtask whatever the order of turns", async () => {
    const { lines } = await runInPlace(job, 1);
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const results: unknown[] = [];
      // Turns of one record up to turns of many.
      finishJob(startJob(collectingGraph(job, 1 + (seed % 4), results), { seed, turnRecordsMax: 1 + 20 * seed }));
      expect(sortedLines(results)).toEqual(lines);
    }
  });
});
