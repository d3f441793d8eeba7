import { type JobModule, StreamExecutionEnvironment } from "tamias";
import type { PreparedRun } from "./variant.ts";
import type { Work, WorkKind } from "./works.ts";
import { TALLY } from "./tally.ts";
import * as generate from "./jobs/generate.ts";
import * as joinedCounts from "./jobs/joined-counts.ts";
import * as keyedProcess from "./jobs/keyed-process.ts";
import * as userAggregate from "./jobs/user-aggregate.ts";
import * as windows from "./jobs/windows.ts";
import * as wordsOfKeys from "./jobs/words-of-keys.ts";

export const JOBS: Readonly<Record<WorkKind, JobModule>> = {
  generate,
  tumbling: windows,
  sliding: windows,
  sessions: windows,
  process: keyedProcess,
  "user-aggregate": userAggregate,
};

const WARM_UP_EVENTS = 60_000;

/** Eight different jobs: what a process has seen that does not live for one job alone. */
const EIGHT_JOBS: readonly { readonly job: JobModule; readonly work: string }[] = [
  { job: joinedCounts, work: "tumbling" },
  { job: windows, work: "tumbling" },
  { job: keyedProcess, work: "process" },
  { job: windows, work: "tumbling-strings" },
  { job: windows, work: "sliding-10" },
  { job: windows, work: "sessions" },
  { job: wordsOfKeys, work: "tumbling-strings" },
  { job: userAggregate, work: "user-aggregate" },
];

/** The job of the work, ready to run, in a process that has run eight others. */
export async function afterEightJobs(work: Work, events: number): Promise<PreparedRun> {
  for (const each of EIGHT_JOBS) await runJob(each.job, each.work, WARM_UP_EVENTS);
  return prepared(work, events);
}

/** The job of the work, ready to run, in a process that has run nothing but this job before. */
export async function alone(work: Work, events: number): Promise<PreparedRun> {
  await runJob(JOBS[work.kind], work.name, EIGHT_JOBS.length * WARM_UP_EVENTS);
  return prepared(work, events);
}

/** The job of the work, ready to run. */
export function prepared(work: Work, events: number): PreparedRun {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  JOBS[work.kind].job(env, { work: work.name, events });
  return {
    explain: env.explain(work.title),
    async run() {
      TALLY.clear();
      await env.execute(work.title);
      return TALLY.taken();
    },
  };
}

async function runJob(module: JobModule, work: string, events: number): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  await module.job(env, { work, events });
  await env.execute(work);
}
