import type { ClusterJobClient, ClusterOptions, ClusterSubmitOptions, JobArgs } from "tamias";
import type { Results } from "../tally.ts";
import type { Seen } from "./jobs/shuffle.ts";

/** What is measured of clusters, on any host: in the thread that submits the jobs. Each answer is JSON. */

/** What clusters of all hosts have in common. */
export interface BenchCluster {
  submit(job: URL, args?: JobArgs, options?: ClusterSubmitOptions): Promise<ClusterJobClient>;
  close(): void;
}

export interface Place {
  cluster(workers: number, options?: ClusterOptions): BenchCluster;
  job(name: string): URL;
}

/** What a person sees of the playground. */
export interface Frames {
  readonly perSecond: number;
  /** Records that the job read meanwhile, a second. */
  readonly recordsPerSecond: number;
}

export interface Speeds {
  /** Events per second: one worker with everything in one chain, one worker with two subtasks and the exchange between them, two workers with one each. */
  readonly chained: number;
  readonly exchanging: number;
  readonly two: number;
}

/** Compiling takes processors from two busy workers for some seconds, and none from one. */
const WARM_UP_RUNS = 5;

/** The three take turns, so that what else the machine does falls on all of them. */
export async function speedUp(place: Place, { events, runs }: { readonly events: number; readonly runs: number }): Promise<Speeds> {
  const ways = [
    { cluster: place.cluster(1), parallelism: 1 },
    { cluster: place.cluster(1, { slots: 2 }), parallelism: 2 },
    { cluster: place.cluster(2), parallelism: 2 },
  ];
  const ms = ways.map((): number[] => []);
  let expected: string | undefined;
  for (let run = -WARM_UP_RUNS; run < runs; run += 1) {
    for (const [at, { cluster, parallelism }] of ways.entries()) {
      const began = performance.now();
      const tallies = await reportsOf<Results>(await cluster.submit(place.job("tumbling"), { events }, { parallelism }), "tally");
      if (0 <= run) ms[at]!.push(performance.now() - began);
      const results = JSON.stringify(added(tallies));
      expected ??= results;
      if (results !== expected) throw new Error(`two runs differ: ${results} and ${expected}`);
    }
  }
  for (const { cluster } of ways) cluster.close();
  const [chained = NaN, exchanging = NaN, two = NaN] = ms.map((ofWay) => (events / median(ofWay)) * 1_000);
  return { chained, exchanging, two };
}

export interface ShuffleAsked {
  readonly form: "rows" | "columns";
  readonly transport: "shared-memory" | "message";
  /** Of each of the two. */
  readonly records: number;
  readonly runs: number;
}

/** Records per second that two workers give each other, both together. */
export async function shuffle(place: Place, { form, transport, records, runs }: ShuffleAsked): Promise<{ readonly recordsPerSecond: number }> {
  const cluster = place.cluster(2, { transport });
  const ms: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const began = performance.now();
    const seen = await reportsOf<Seen>(await cluster.submit(place.job("shuffle"), { form, records }), "seen");
    if (0 < run) ms.push(performance.now() - began);
    if (seen.length !== 2 || seen.some((each) => each.records !== records)) throw new Error(`records were lost: ${JSON.stringify(seen)}`);
  }
  cluster.close();
  return { recordsPerSecond: (2 * records * 1_000) / median(ms) };
}

/** From nothing to the first window result of workers that start for it, ms. */
export async function start(place: Place, { workers, events }: { readonly workers: number; readonly events: number }): Promise<{ readonly ms: number }> {
  const began = performance.now();
  const cluster = place.cluster(workers);
  const client = await cluster.submit(place.job("first-windows"), { events });
  for await (const batch of client.results("sums")) if (0 < batch.length) break;
  const ms = performance.now() - began;
  await client.cancel();
  cluster.close();
  return { ms };
}

/** Long enough for the job to run, wherever it does. */
const DEATH_AFTER_MS = 2_000;

/** From the moment in which a worker ends, or spins for ever, to the failure of the job, ms. */
export async function death(place: Place, { how }: { readonly how: "end" | "spin" }): Promise<{ readonly ms: number }> {
  const cluster = place.cluster(2);
  const at = Date.now() + DEATH_AFTER_MS;
  const client = await cluster.submit(place.job("endless"), { how, at });
  const error = await client.result().then(
    () => undefined,
    (cause: unknown) => cause as { readonly code?: string },
  );
  const ms = Date.now() - at;
  cluster.close();
  if (error?.code !== "TASK_MANAGER_LOST") throw new Error(`the job should have lost a task manager, but ended with ${String(error)}`);
  return { ms };
}

/** What each subtask of a sink reports at the end of the job. */
export async function reportsOf<R>(client: ClusterJobClient, name: string): Promise<R[]> {
  const reports: R[] = [];
  for await (const batch of client.results<R>(name)) reports.push(...batch);
  await client.result();
  return reports;
}

function added(tallies: readonly Results[]): Results {
  const sum = { results: 0, checksum: 0, late: 0 };
  for (const { results, checksum, late } of tallies) {
    sum.results += results;
    sum.checksum = (sum.checksum + checksum) | 0;
    sum.late += late;
  }
  return sum;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? NaN;
}
