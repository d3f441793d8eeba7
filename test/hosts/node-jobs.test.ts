import { afterAll, describe, expect, test } from "vitest";
import type * as NodePackage from "../../node/index.ts";
import { DIST } from "../../scripts/built-package.ts";
import { HOST_JOBS, idleKeyedSubtasks, runInPlace, sortedLines } from "./host-jobs.ts";

/** Real threads run the built package, whose classes are those that job modules import. */
const { NodeCluster } = (await import(`${DIST}/node/index.js`)) as typeof NodePackage;

/** Of one, two and four threads, by each way that buffers go; they stay for all jobs. */
const CLUSTERS = ([[1, "message"], [2, "shared-memory"], [2, "message"], [4, "shared-memory"], [4, "message"]] as const).map(([threads, transport]) => ({
  name: `${threads} threads by ${transport}`,
  threads,
  // A machine that does much besides must not pass for one that does not answer.
  cluster: new NodeCluster({ threads, transport, heartbeatTimeoutMs: 60_000 }),
}));
afterAll(() => {
  for (const { cluster } of CLUSTERS) cluster.close();
});

describe.each(HOST_JOBS)("$name", (job) => {
  test("gives on threads what it gives in place", async () => {
    const { lines } = await runInPlace(job, 1);
    for (const { name, threads, cluster } of CLUSTERS) {
      const client = await cluster.submit(job.url, job.args);
      const results: unknown[] = [];
      for await (const batch of client.results("results")) results.push(...batch);
      expect(sortedLines(results), name).toEqual(lines);
      await client.result();
      for await (const { metrics } of client.reports()) if (1 < threads) expect(idleKeyedSubtasks(metrics), name).toEqual([]);
    }
  });
});
