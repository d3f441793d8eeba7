import { collectSink, StreamExecutionEnvironment, type JobArgs, type JobClient, type MetricsRow, type StreamGraph } from "tamias";
import { sortedJson } from "../examples/comparable-outputs.ts";
import * as flights from "./jobs/flights.ts";
import * as logAnalysis from "./jobs/log-analysis.ts";
import * as randomJob from "./jobs/random-job.ts";
import type { HostJobModule } from "./jobs/results.ts";

/** A job that gives the same results on every host, whatever runs beside it. */
export interface HostJob {
  readonly name: string;
  /** For hosts that import the job. */
  readonly url: URL;
  /** The same, for those that run it here. */
  readonly module: HostJobModule;
  readonly args: JobArgs;
}

const RANDOM_JOBS = 200;

const MODULES = { flights, "log-analysis": logAnalysis, "random-job": randomJob } as const;

/** The examples, then as many random jobs. */
export const HOST_JOBS: readonly HostJob[] = [
  hostJob("flights", "flights", {}),
  hostJob("log analysis", "log-analysis", {}),
  ...Array.from({ length: RANDOM_JOBS }, (_, seed) => hostJob(`random job ${seed}`, "random-job", { seed })),
];

function hostJob(name: string, file: keyof typeof MODULES, args: JobArgs): HostJob {
  return { name, url: new URL(`jobs/${file}.ts`, import.meta.url), module: MODULES[file], args };
}

/** What the results of a job are compared by: a line for each, in order of the text. */
export function sortedLines(results: readonly unknown[]): readonly string[] {
  return results.map(sortedJson).sort();
}

/** The graph of a job whose results go into an array. */
export function collectingGraph({ name, module, args }: HostJob, parallelism: number, into: unknown[]): StreamGraph {
  return collecting(module, args, parallelism, into).getStreamGraph(name);
}

export interface InPlace {
  readonly lines: readonly string[];
  readonly metrics: readonly MetricsRow[];
}

/** Runs a job in place, as what all hosts are compared with. */
export async function runInPlace({ name, module, args }: HostJob, parallelism: number): Promise<InPlace> {
  const results: unknown[] = [];
  const client: JobClient = await collecting(module, args, parallelism, results).executeAsync(name);
  await client.result();
  return { lines: sortedLines(results), metrics: client.metrics() };
}

function collecting(module: HostJobModule, args: JobArgs, parallelism: number, into: unknown[]): StreamExecutionEnvironment {
  const env = StreamExecutionEnvironment.getExecutionEnvironment({ parallelism });
  module.results(env, args).sinkTo(collectSink(into));
  return env;
}

/** The subtasks of keyed operators that have processed no record, by name. */
export function idleKeyedSubtasks(metrics: readonly MetricsRow[]): readonly string[] {
  return metrics.filter(({ operator, metrics: counts }) => isKeyed(operator) && counts.recordsIn === 0).map(({ operator, subtask }) => `${operator}/${subtask}`);
}

/** How many records the sources of a job have read; by the names that the jobs here give to them. */
export function recordsRead(metrics: readonly MetricsRow[]): number {
  const ofSources = metrics.filter(({ operator }) => operator.startsWith("source") || operator === "flights" || operator === "lines");
  return ofSources.reduce((total, { metrics: counts }) => total + counts.recordsOut, 0);
}

/** By the names that the jobs here give to their keyed operators. */
function isKeyed(operator: string): boolean {
  return operator.startsWith("keyed") || operator === "hourly delays" || operator === "judge";
}
