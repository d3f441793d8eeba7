import process from "node:process";
import { BroadcastChannel } from "node:worker_threads";
import { StreamExecutionEnvironment, type JobArgs, type JobModule } from "tamias";
import type { Latencies } from "./jobs/paced.ts";
import { type Probe, probe } from "./jobs/probe.ts";
import type { Held } from "./jobs/slow-sink.ts";
import { type BenchCluster, type Place, reportsOf } from "./scenarios.ts";

/** What is measured of clusters in Node only, where threads share a clock and say what they hold. */

export interface LatencyAsked {
  readonly events: number;
  /** ms; the default of the engine where it is absent. */
  readonly bufferTimeout?: number | undefined;
  readonly busy: boolean;
}

export async function latency(place: Place, { events, bufferTimeout, busy }: LatencyAsked): Promise<Latencies> {
  const cluster = place.cluster(2);
  const args = { events, busy, ...(bufferTimeout === undefined ? {} : { bufferTimeout }) };
  const reports = await reportsOf<Latencies>(await cluster.submit(place.job("paced"), args), "latencies");
  cluster.close();
  const [latencies] = reports.filter((each) => 0 < each.events);
  if (latencies?.events !== events) throw new Error(`events were lost: ${JSON.stringify(reports)}`);
  return latencies;
}

export interface Leaks {
  /** Bytes a cycle that each thread holds more, over the second half of the cycles. */
  readonly byThread: readonly number[];
  /** What a thread has more than before, or has no more: empty where nothing leaks. */
  readonly changed: readonly string[];
}

const THREADS = 2;

/** Submits a job without end, cancels it where it runs, and does so again. `node --expose-gc`. */
export async function cycles(place: Place, { count }: { readonly count: number }): Promise<Leaks> {
  const cluster = place.cluster(THREADS);
  for (let cycle = 0; cycle < count / 2; cycle += 1) await submitAndCancel(cluster, place.job("endless"));
  const before = await probesOf(cluster, place.job("probe"));
  for (let cycle = 0; cycle < count / 2; cycle += 1) await submitAndCancel(cluster, place.job("endless"));
  const after = await probesOf(cluster, place.job("probe"));
  cluster.close();
  const byThread = after.probes.map(({ heldBytes }, at) => (heldBytes - before.probes[at]!.heldBytes) / (count / 2));
  const changed = after.probes.flatMap(({ thread, resources }, at) => changesOf(thread, before.probes[at]!.resources, resources));
  if (before.threads !== after.threads) changed.push(`${before.threads} threads before, ${after.threads} after`);
  return { byThread, changed };
}

async function submitAndCancel(cluster: BenchCluster, job: URL): Promise<void> {
  const client = await cluster.submit(job);
  for await (const { subtasks } of client.reports({ everyMs: 1 })) if (subtasks.some(({ state }) => state === "RUNNING")) break;
  await client.cancel();
  await client.result().catch(() => {});
}

/** Of the main thread and all that it has started, in the order of their numbers. */
async function probesOf(cluster: BenchCluster, job: URL): Promise<{ readonly probes: readonly Probe[]; readonly threads: number }> {
  const name = "probes of a cluster";
  const channel = new BroadcastChannel(name);
  const probes: Probe[] = [];
  const all = new Promise<void>((resolve) => {
    channel.onmessage = (message) => {
      probes.push((message as { readonly data: Probe }).data);
      // Task managers and the one that leads.
      if (probes.length === THREADS + 1) resolve();
    };
  });
  const client = await cluster.submit(job, { channel: name });
  for await (const _ of client.results("nothing"));
  await client.result();
  await all;
  channel.close();
  const { workers } = process.report.getReport() as { readonly workers: readonly unknown[] };
  return { probes: [await probe(), ...probes.sort((a, b) => a.thread - b.thread)], threads: workers.length };
}

function changesOf(thread: number, before: readonly string[], after: readonly string[]): string[] {
  const names = [...new Set([...before, ...after])];
  const countOf = (list: readonly string[], name: string): number => list.filter((each) => each === name).length;
  return names.flatMap((name) => {
    const [was, is] = [countOf(before, name), countOf(after, name)];
    return was === is ? [] : [`thread ${thread}: ${was} ${name} before, ${is} after`];
  });
}

/** The most that a thread held. */
export interface Peaks {
  readonly earlyBytes: number;
  readonly lateBytes: number;
}

/** Rows that come faster than a sink takes them. `node --expose-gc`. */
export async function boundedMemory(place: Place, { where, ...args }: { readonly where: "in place" | "threads" } & JobArgs): Promise<Peaks> {
  const held = where === "threads" ? await heldByThreads(place, args) : await heldInPlace(place, args);
  const records = held.reduce((sum, each) => sum + each.records, 0);
  if (records !== 2 * Number(args["records"])) throw new Error(`records were lost: ${records}`);
  return { earlyBytes: Math.max(...held.map((each) => each.earlyBytes)), lateBytes: Math.max(...held.map((each) => each.lateBytes)) };
}

async function heldByThreads(place: Place, args: JobArgs): Promise<readonly Held[]> {
  const cluster = place.cluster(2);
  const held = await reportsOf<Held>(await cluster.submit(place.job("slow-sink"), args), "held");
  cluster.close();
  return held;
}

async function heldInPlace(place: Place, args: JobArgs): Promise<readonly Held[]> {
  const { job } = (await import(place.job("slow-sink").href)) as JobModule;
  const env = StreamExecutionEnvironment.getExecutionEnvironment({ parallelism: 2 });
  await job(env, args);
  const client = await env.executeAsync();
  const held: Held[] = [];
  for await (const batch of client.results<Held>("held")) held.push(...batch);
  await client.result();
  return held;
}
