import { WebCluster } from "tamias/web";
import { HOST_JOBS, type HostJob, idleKeyedSubtasks, sortedLines } from "../host-jobs.ts";
import { type JobsOutcome, digestOf } from "../page-outcomes.ts";

/** A job that hangs is named by that, and the others run. */
const JOB_MS_MAX = 60_000;
/** While one is deployed or waits, the other has work for all processors. */
const JOBS_AT_A_TIME = 2;

/** Runs the jobs named by `job` on a cluster of `workers`, and compares what they give with the digests of what they give in place. */
async function main(search: URLSearchParams): Promise<JobsOutcome> {
  let rings = 0;
  new BroadcastChannel("rings").addEventListener("message", () => (rings += 1));
  const inPlace = (await (await fetch("/in-place.json")).json()) as Readonly<Record<string, string>>;
  const workers = Number(search.get("workers"));
  // A machine that does much besides must not pass for one that does not answer.
  const cluster = new WebCluster({ workers, slots: JOBS_AT_A_TIME, heartbeatTimeoutMs: JOB_MS_MAX });
  const asked = new Set(search.getAll("job"));
  const jobs = HOST_JOBS.filter(({ name }) => asked.has(name));
  const failed: string[] = [];
  const different: Record<string, readonly string[]> = {};
  const idle: string[] = [];
  const left = jobs.values();
  const runSome = async (): Promise<void> => {
    for (const job of left) {
      try {
        const { lines, idleKeyed } = await runOn(cluster, workers, job);
        if ((await digestOf(lines)) !== inPlace[job.name]) different[job.name] = lines;
        idle.push(...idleKeyed.map((subtask) => `${subtask} of ${job.name}`));
      } catch (error) {
        failed.push(`${job.name}: ${String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: JOBS_AT_A_TIME }, runSome));
  cluster.close();
  return { jobs: jobs.length, failed, different, idle, rings };
}

interface Ran {
  readonly lines: readonly string[];
  readonly idleKeyed: readonly string[];
}

async function runOn(cluster: WebCluster, parallelism: number, { url, args }: HostJob): Promise<Ran> {
  const client = await cluster.submit(url, args, { parallelism, signal: AbortSignal.timeout(JOB_MS_MAX) });
  const results: unknown[] = [];
  for await (const batch of client.results("results")) results.push(...batch);
  await client.result();
  let idleKeyed: readonly string[] = [];
  for await (const { metrics } of client.reports()) idleKeyed = idleKeyedSubtasks(metrics);
  return { lines: sortedLines(results), idleKeyed };
}

Object.assign(globalThis, { outcome: main(new URLSearchParams(location.search)) });
