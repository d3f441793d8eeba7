import { Command } from "commander";
import { type ExecutionOptions, JobError, StreamExecutionEnvironment } from "../../core/index.ts";
import { loadKernelModule } from "../kernel-module.ts";
import { SubmittedJobs } from "./executors.ts";
import { EXIT_INTERRUPTED, EXIT_TERMINATED } from "./exit-code.ts";
import { printJobHelp } from "./explain-command.ts";
import { interruption, strayError } from "./interruption.ts";
import { invalidModule, loadJob, scriptEnd } from "./job-loader.ts";
import { addJobOptions, asksForHelp, parseJobOptions, peekOptions, type CheckpointFlags, type OptionValues, type RunOptions } from "./job-options.ts";
import { keepMetrics } from "./metrics-file.ts";
import { report } from "./report.ts";

const CHECKPOINT_INTERVAL_MS = 1_000;

/** `tamias run JOB.ts`: runs a job module, or a script that calls `env.execute()`. */
export function runCommand(onEnd: (code: number) => void): Command {
  return addJobOptions(new Command("run"), "run")
    .description("runs a job module (export function job(env, args)) or a script that calls env.execute()")
    .argument("<job>", "the job's module, TypeScript or JavaScript")
    .argument("[options...]", "options that the job declares; tamias run JOB --help lists them")
    .passThroughOptions()
    .exitOverride()
    .showHelpAfterError("(tamias run --help shows the options; those that a job declares come after the job)")
    .action(async (file: string, rest: readonly string[], early: OptionValues) => {
      onEnd(asksForHelp(rest) ? await printJobHelp("run", file) : await run({ file, rest, early }));
    });
}

interface Invocation {
  readonly file: string;
  /** What comes after the job, and what came before it. */
  readonly rest: readonly string[];
  readonly early: OptionValues;
}

/** However it ends, every operator has been closed and the metrics are written when it returns. */
async function run(invocation: Invocation): Promise<number> {
  let jobs: SubmittedJobs;
  let common: RunOptions;
  try {
    common = peekOptions("run", invocation.rest, invocation.early);
    jobs = new SubmittedJobs(await loadKernelModule(), { startsAfresh: common.checkpoints.isFresh });
  } catch (cause) {
    return report(cause);
  }
  let metrics: { stop(): void } | undefined;
  let code: number;
  try {
    if (common.metrics !== undefined) metrics = keepMetrics(common.metrics, jobs.clients);
    StreamExecutionEnvironment.setContext({ executor: jobs, parallelism: common.parallelism, options: checkpointOptions(common.checkpoints) });
    code = await Promise.race([runJob(invocation, jobs), interruption(), strayError()]);
  } catch (cause) {
    code = report(cause);
  }
  await jobs.cancelAll();
  // A script that was told of its job's end has a turn to clean up.
  await new Promise((resolve) => setImmediate(resolve));
  metrics?.stop();
  if (code === EXIT_INTERRUPTED || code === EXIT_TERMINATED) process.stderr.write(common.checkpoints.storage === undefined ? "canceled\n" : "canceled; the same command goes on from the last checkpoint\n");
  return code;
}

/** For jobs that set none themselves. What a run has stored stays however it ends, but for a job that has finished. */
function checkpointOptions({ storage, intervalMs = CHECKPOINT_INTERVAL_MS, savepoint, allowNonRestoredState }: CheckpointFlags): ExecutionOptions {
  const recovery = { "execution.state-recovery.path": savepoint, "execution.state-recovery.ignore-unclaimed-state": allowNonRestoredState };
  if (storage === undefined) return recovery;
  return {
    ...recovery,
    "execution.checkpointing.interval": intervalMs,
    "execution.checkpointing.dir": storage,
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
  };
}

async function runJob({ file, rest, early }: Invocation, jobs: SubmittedJobs): Promise<number> {
  const module = await loadJob(file, rest);
  if (module === undefined) await runScript(file, jobs);
  else {
    const { args } = parseJobOptions("run", file, module.options ?? {}, rest, early);
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    jobs.printsResults = true;
    await module.job(env, args);
    await executeRest(env, file, jobs);
    await jobs.printed();
  }
  return 0;
}

/** A script runs to its own end, as under Node; what it caught of its jobs' failures counts all the same. */
async function runScript(file: string, jobs: SubmittedJobs): Promise<void> {
  await scriptEnd();
  if (jobs.clients.length === 0) throw invalidModule(`${file} neither exports a job nor runs one`);
  if (jobs.failure !== undefined) throw jobs.failure.cause;
}

/** A job function that calls `execute()` itself, as a Flink main does, leaves nothing to execute. */
async function executeRest(env: StreamExecutionEnvironment, file: string, jobs: SubmittedJobs): Promise<void> {
  const submitted = [...jobs.clients];
  try {
    await env.execute(file);
  } catch (cause) {
    const isDone = cause instanceof JobError && cause.code === "EMPTY_JOB" && 0 < submitted.length;
    if (!isDone) throw cause;
  }
  for (const client of submitted) await client.result();
}
