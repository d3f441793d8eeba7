import type { JobModule } from "tamias";
import * as columnEvents from "./jobs/column-events.ts";
import * as columnWindows from "./jobs/column-windows.ts";
import * as generate from "./jobs/generate.ts";
import * as joinedCounts from "./jobs/joined-counts.ts";
import * as keyedProcess from "./jobs/keyed-process.ts";
import * as userAggregate from "./jobs/user-aggregate.ts";
import * as userWindows from "./jobs/user-windows.ts";
import * as windows from "./jobs/windows.ts";
import * as wordsOfKeys from "./jobs/words-of-keys.ts";
import { type Kernel, environmentWith } from "./kernel-choice.ts";
import { TALLY } from "./tally.ts";
import type { PreparedRun } from "./variant.ts";
import type { Work, WorkKind } from "./works.ts";

/**
 * How the jobs are written: with the user's own functions, which take rows; with built-in aggregates, which the kernel computes,
 * over a source of rows; and the same over a source of columns. A work without a job in a form cannot be written so.
 */
export type Form = "rows" | "rows-kernel" | "columns";

export const JOBS: Readonly<Record<Form, Readonly<Partial<Record<WorkKind, JobModule>>>>> = {
  rows: {
    generate,
    tumbling: userWindows,
    sliding: userWindows,
    sessions: windows,
    process: keyedProcess,
    "user-aggregate": userAggregate,
  },
  "rows-kernel": { tumbling: windows, sliding: windows },
  columns: { generate: columnEvents, tumbling: columnWindows, sliding: columnWindows },
};

const WARM_UP_EVENTS = 60_000;
/** Of the job itself: a source of columns gives few batches, and compilers count calls. */
const OWN_WARM_UP_EVENTS = 240_000;

/** Eight different jobs: what a process has seen that does not live for one job alone. */
const EIGHT_JOBS: readonly { readonly job: JobModule; readonly work: string }[] = [
  { job: joinedCounts, work: "tumbling" },
  { job: windows, work: "tumbling" },
  { job: keyedProcess, work: "process" },
  { job: userWindows, work: "tumbling-strings" },
  { job: columnWindows, work: "sliding-10" },
  { job: windows, work: "sessions" },
  { job: wordsOfKeys, work: "tumbling-strings" },
  { job: userAggregate, work: "user-aggregate" },
];

/** The job of the work, ready to run, in a process that has run eight others and then this one. */
export async function afterEightJobs(form: Form, kernel: Kernel, work: Work, events: number): Promise<PreparedRun> {
  for (const each of EIGHT_JOBS) await runJob(each.job, kernel, each.work, WARM_UP_EVENTS);
  await runJob(jobOf(form, work), kernel, work.name, Math.min(events, OWN_WARM_UP_EVENTS));
  return prepared(form, kernel, work, events);
}

/** The job of the work, ready to run, in a process that has run nothing but this job before. */
export async function alone(form: Form, kernel: Kernel, work: Work, events: number): Promise<PreparedRun> {
  await runJob(jobOf(form, work), kernel, work.name, Math.min(events, EIGHT_JOBS.length * WARM_UP_EVENTS));
  return prepared(form, kernel, work, events);
}

/** The job of the work, ready to run. */
export function prepared(form: Form, kernel: Kernel, work: Work, events: number): PreparedRun {
  const env = environmentWith(kernel);
  void jobOf(form, work).job(env, { work: work.name, events });
  return {
    explain: env.explain(work.title),
    async run() {
      TALLY.clear();
      await env.execute(work.title);
      return TALLY.taken();
    },
  };
}

/** Why the work cannot be done in this form; undefined where it can. */
export function refusalOf(form: Form, { kind }: Work): string | undefined {
  if (JOBS[form][kind] !== undefined) return undefined;
  if (kind === "sessions") return "sessions have no kernel: the same as Tamias rows";
  return kind === "generate" ? "the same as Tamias rows" : "a function of the user takes rows";
}

export function jobOf(form: Form, work: Work): JobModule {
  const job = JOBS[form][work.kind];
  if (job === undefined) throw new Error(`there is no job for "${work.name}" in ${form}`);
  return job;
}

async function runJob(module: JobModule, kernel: Kernel, work: string, events: number): Promise<void> {
  const env = environmentWith(kernel);
  await module.job(env, { work, events });
  await env.execute(work);
}
