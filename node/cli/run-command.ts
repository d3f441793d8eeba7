import { Command } from "commander";
import { JobError, StreamExecutionEnvironment, type JobClient } from "../../core/index.ts";
import { explainExecutor } from "./explain-command.ts";
import { addJobOptions, parseJobOptions, peekOptions, type RunOptions } from "./job-options.ts";
import { loadJob, UsageError } from "./job-loader.ts";
import { keepMetrics } from "./metrics-file.ts";
import { listenForSignals } from "./interruption.ts";
import { localExecutor, recordingExecutor } from "./executors.ts";
import { report } from "./report.ts";

/** `tamias run JOB.ts`: runs a job module, or a script that calls `env.execute()`. */
export function runCommand(): Command {
  return addJobOptions(new Command("run"), {})
    .description("runs a job module (export function job(env, args)) or a script that calls env.execute()")
    .argument("<job>", "the job's module, TypeScript or JavaScript")
    .argument("[options...]", "options of the job; tamias run JOB --help lists them")
    .passThroughOptions()
    .action(async (file: string, rest: readonly string[], early: Readonly<Record<string, unknown>>) => {
      process.exitCode = await run(file, rest, early);
    });
}

async function run(file: string, rest: readonly string[], early: Readonly<Record<string, unknown>>): Promise<number> {
  const interruption = listenForSignals();
  try {
    if (rest.includes("--help") || rest.includes("-h")) return await printHelp(file);
    const clients: JobClient[] = [];
    const common = peekOptions(rest, early);
    const metrics = common.metrics === undefined ? undefined : keepMetrics(common.metrics, clients);
    try {
      await runJob(file, rest, early, { common, clients, signal: interruption.signal });
    } finally {
      StreamExecutionEnvironment.setContext(undefined);
      metrics?.stop();
    }
    return 0;
  } catch (cause) {
    return interruption.exitCode() ?? report(cause);
  } finally {
    interruption.stop();
  }
}

interface Run {
  readonly common: RunOptions;
  readonly clients: JobClient[];
  readonly signal: AbortSignal;
}

async function runJob(file: string, rest: readonly string[], early: Readonly<Record<string, unknown>>, { common, clients, signal }: Run): Promise<void> {
  const executor = recordingExecutor(localExecutor(), clients, signal);
  StreamExecutionEnvironment.setContext({ executor, parallelism: common.parallelism });
  const module = await loadJob(file);
  if (module === undefined) {
    if (clients.length === 0) {
      throw new JobError("JOB_MODULE_INVALID", `${file} neither exports a job nor runs one: write export function job(env: StreamExecutionEnvironment, args: JobArgs) { … }`);
    }
    // A script need not await its job; the command does.
    for (const client of clients) await client.result();
    return;
  }
  const { args } = parseJobOptions(`tamias run ${file}`, module.options ?? {}, rest, early);
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  await module.job(env, args);
  await env.execute(file);
}

/** The module says what options it has, so it is imported; a script in it does not run. */
async function printHelp(file: string): Promise<number> {
  StreamExecutionEnvironment.setContext({ executor: explainExecutor([]), parallelism: undefined });
  let declared = {};
  try {
    declared = (await loadJob(file))?.options ?? {};
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
  } finally {
    StreamExecutionEnvironment.setContext(undefined);
  }
  addJobOptions(new Command(`tamias run ${file}`), declared).outputHelp();
  return 0;
}
