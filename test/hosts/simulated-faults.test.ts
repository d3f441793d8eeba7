import { expect, test } from "vitest";
import { collectSink, type StreamExecutionEnvironment } from "tamias";
import { Prng } from "../../core/lib/prng.ts";
import { SimulatedCluster } from "../../core/testing/simulated-cluster.ts";
import { resultsOf, runUntil } from "./simulated-results.ts";

const SEEDS = 400;
const RECORDS = 400;
/** Steps before something befalls a cluster: from before anything is loaded to behind the end of a job. */
const STEPS_MAX = 600;

type Outcome = "FINISHED" | "FAILED" | "CANCELED";

function counting(env: StreamExecutionEnvironment): void {
  env
    .fromSequence(1, RECORDS)
    .map((n) => ({ key: n % 9, n }))
    .keyBy("key")
    .reduce((a, b) => ({ key: a.key, n: a.n + b.n }))
    .sinkTo(collectSink("sums"));
}

/** What may befall a cluster, and how a job may end that was under way. */
const FAULTS: readonly { readonly name: string; readonly ends: readonly Outcome[]; befall(cluster: SimulatedCluster, job: ReturnType<SimulatedCluster["submit"]>, prng: Prng): void }[] = [
  { name: "cancel", ends: ["CANCELED", "FINISHED"], befall: (_cluster, job) => void job.cancel() },
  { name: "stop", ends: ["FINISHED"], befall: (_cluster, job) => void job.stop() },
  { name: "a dead task manager", ends: ["FAILED", "FINISHED"], befall: (cluster, _job, prng) => cluster.taskManagers[prng.int(Math.max(1, cluster.taskManagers.length))]?.die() },
  { name: "a task manager that hangs", ends: ["FAILED", "FINISHED"], befall: (cluster, _job, prng) => cluster.taskManagers[prng.int(Math.max(1, cluster.taskManagers.length))]?.hang() },
  { name: "a dead master", ends: ["FAILED", "FINISHED"], befall: (cluster) => cluster.leaders[0]?.die() },
  { name: "closing", ends: ["FAILED", "FINISHED"], befall: (cluster) => cluster.close() },
];

/** Where nothing tells of the end of a machine that nobody used, the first job that is given it finds out; none behind it does. */
async function rowsOfNextJob(cluster: SimulatedCluster): Promise<number> {
  const rows = await resultsOf(cluster, cluster.submit(counting), "sums").then((all) => all.length, () => -1);
  return 0 < rows ? rows : (await resultsOf(cluster, cluster.submit(counting), "sums")).length;
}

/** What befell the first of two jobs, and how it ended. */
async function befall(seed: number): Promise<string> {
  const prng = new Prng(seed);
  const fault = FAULTS[seed % FAULTS.length]!;
  const transport = prng.int(2) === 0 ? "message" : "shared-memory";
  const cluster = new SimulatedCluster({ seed, taskManagers: 1 + prng.int(3), slots: 1 + prng.int(2), transport });
  const jobs = [cluster.submit(counting), cluster.submit(counting)];
  const taken = jobs.map((job) => resultsOf(cluster, job, "sums").then((rows) => rows.length, () => -1));
  const settled = jobs.flatMap((job) => [job.result().catch(() => {}), job.accumulators(), job.explain().catch(() => {}), job.push("nowhere", [1]).catch(() => {})]);
  for (let steps = prng.int(STEPS_MAX); 0 < steps; steps -= 1) cluster.host.runUntilIdle(1);
  fault.befall(cluster, jobs[0]!, prng);
  await runUntil(cluster, () => jobs.every((job) => ["FINISHED", "FAILED", "CANCELED"].includes(job.getJobStatus())));
  await Promise.all(settled);
  const [first, second] = jobs.map((job) => job.getJobStatus() as Outcome);
  expect(fault.ends).toContain(first);
  const rows = await Promise.all(taken);
  if (first === "FINISHED" && fault.name !== "stop") expect(rows[0]).toBe(RECORDS);
  if (second === "FINISHED") expect(rows[1]).toBe(RECORDS);
  if (fault.name !== "closing") expect(await rowsOfNextJob(cluster)).toBe(RECORDS);
  cluster.close();
  // No timer, no job, no message is under way any more.
  expect(cluster.host.runUntilIdle(20_000)).toBe(true);
  return `${fault.name}: ${first}`;
}

test(`whatever befalls a cluster, every job ends, every promise settles, and nothing is left (${SEEDS} seeds)`, async () => {
  const seen = new Map<string, number>();
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const what = await befall(seed).catch((cause: unknown) => {
      throw new Error(`seed ${seed}, ${FAULTS[seed % FAULTS.length]!.name}: ${String(cause)}`, { cause });
    });
    seen.set(what, (seen.get(what) ?? 0) + 1);
  }
  console.log([...seen].map(([name, times]) => `${name} ${times}`).sort().join(", "));
  expect(seen.size).toBeGreaterThan(9);
});
