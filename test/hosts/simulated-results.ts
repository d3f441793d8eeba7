import type { ClusterJobClient } from "../../core/api/executor.ts";
import type { SimulatedCluster } from "../../core/testing/simulated-cluster.ts";

/** Steps between two looks at what has come. */
const STEPS_PER_LOOK = 200;
/** More than any of the jobs needs: one that takes longer hangs. */
const LOOKS_MAX = 20_000;

/** Runs a simulated cluster until a job has given all that it gives under a name. */
export async function resultsOf(cluster: SimulatedCluster, job: Pick<ClusterJobClient, "results">, name: string): Promise<unknown[]> {
  const results: unknown[] = [];
  let isOver = false;
  const taking = (async () => {
    for await (const batch of job.results<unknown>(name)) results.push(...batch);
  })().finally(() => {
    isOver = true;
  });
  taking.catch(() => {});
  await runUntil(cluster, () => isOver);
  await taking;
  return results;
}

/** Promises that have settled are seen between steps; nothing of the engine runs meanwhile. */
export async function runUntil(cluster: SimulatedCluster, condition: () => boolean): Promise<void> {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    if (condition()) return;
    for (let step = 0; step < STEPS_PER_LOOK; step += 1) cluster.host.runUntilIdle(1);
  }
  throw new Error(`the condition does not hold after ${LOOKS_MAX * STEPS_PER_LOOK} steps`);
}
