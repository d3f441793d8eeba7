import { StreamExecutionEnvironment as Environment } from "./api/stream-execution-environment.ts";
import type { Executor, JobClient } from "./api/executor.ts";
import { type JobArgs, type JobModule, isJobModule } from "./api/job-module.ts";
import { codecs } from "./data/coded-type.ts";
import { dynamicCodec } from "./data/dynamic-type.ts";
import { explain } from "./graph/explain.ts";
import { buildJobGraph } from "./graph/job-graph.ts";
import type { StreamGraph } from "./graph/stream-graph.ts";
import type { Host, Port } from "./host/host.ts";
import { JobError } from "./lib/errors.ts";
import { loadParts } from "./lib/part.ts";
import { show } from "./lib/show.ts";
import { StreamExecutionEnvironment } from "./local-environment.ts";
import { notLoaded } from "./runtime/local-executor.ts";
import { partsOf } from "./runtime/job-parts.ts";
import type { LoadedJob, LoadJob } from "./runtime/job-master.ts";
import type { JobDescription } from "./runtime/protocol.ts";
import { asJobError } from "./runtime/task.ts";
import { startWorker } from "./runtime/worker.ts";

export interface WorkerSetup {
  readonly host: Host;
  /** To whoever started the worker. */
  readonly port: Port;
  /** Imports the module of a job, as a job is submitted with it. */
  importJob(module: string): Promise<unknown>;
}

/** Makes this thread a worker of a cluster: it leads jobs and runs their subtasks as it is told. */
export function runWorker({ host, port, importJob }: WorkerSetup): void {
  startWorker({ host, port, loadJob: jobLoader(host, importJob) });
}

/** What builds the graphs of jobs on a host. */
export function jobLoader(host: Host, importJob: (module: string) => Promise<unknown>): LoadJob {
  const modules = new JobModules(importJob);
  return (job, onLoaded, onFailure) => {
    load(job, host, modules).then(
      (loaded) => host.scheduler.post(() => onLoaded(loaded)),
      (cause: unknown) => host.scheduler.post(() => onFailure(asJobError(cause))),
    );
  };
}

async function load(job: JobDescription, host: Host, modules: JobModules): Promise<LoadedJob> {
  const module = await modules.import(job.module).catch((cause: unknown) => refuse(cause, `${job.module} could not be imported: `, job.module));
  const streamGraph = await streamGraphOf(module, job).catch((cause: unknown) => refuse(cause, `the job function of ${job.module} threw `, job.module));
  const graph = buildJobGraph(streamGraph);
  const hasKernelModule = host.kernel !== undefined;
  // Splits and events cross between threads as bytes.
  await loadParts([...partsOf(graph, { hasKernelModule, isRestored: true }), codecs, dynamicCodec]).catch((cause: unknown) => {
    throw notLoaded(cause);
  });
  return { graph, explain: () => explain(graph, { hasKernelModule }) };
}

/** Imports job modules, one after the other, and finds out those that run their job while they are imported, whether or not they wait for it. */
class JobModules {
  readonly #import: (module: string) => Promise<unknown>;
  /** A module is imported once, and what was found then stays true. */
  readonly #imported = new Map<string, Promise<JobModule>>();
  #last: Promise<unknown> = Promise.resolve();
  /** What an `execute()` means now: while a module is imported, that it is no job module. */
  #onExecute: (() => void) | undefined;

  constructor(importJob: (module: string) => Promise<unknown>) {
    this.#import = importJob;
    StreamExecutionEnvironment.setContext({
      executor: {
        submit: () => {
          if (this.#onExecute === undefined) throw otherEnvironment();
          this.#onExecute();
          return UNENDING;
        },
      },
    });
  }

  import(name: string): Promise<JobModule> {
    const present = this.#imported.get(name);
    if (present !== undefined) return present;
    const imported = this.#last.then(() => this.#importAlone(name));
    this.#last = imported.catch(() => {});
    this.#imported.set(name, imported);
    // One that could not be had may be there the next time; one that runs itself would do nothing when it is imported again.
    imported.catch((cause: unknown) => {
      if (!(cause instanceof JobError)) this.#imported.delete(name);
    });
    return imported;
  }

  async #importAlone(name: string): Promise<JobModule> {
    const refused = new Promise<never>((_, reject) => {
      this.#onExecute = () => reject(runsItself(name));
    });
    try {
      const module = await Promise.race([this.#import(name), refused]);
      if (isJobModule(module)) return module;
    } finally {
      this.#onExecute = undefined;
    }
    throw new JobError("JOB_MODULE_INVALID", `${name} exports no job: write ${JOB_FORM}`);
  }
}

function otherEnvironment(): JobError {
  return new JobError(
    "JOB_MODULE_INVALID",
    "the job function executes an environment of its own, from getExecutionEnvironment(): it writes its job to the environment that it is given, which the cluster runs",
  );
}

const JOB_FORM = "export function job(env: StreamExecutionEnvironment, args: JobArgs) { … }";

function runsItself(name: string): JobError {
  return new JobError(
    "JOB_MODULE_INVALID",
    `${name} runs its job while it is imported, but here every worker imports it to build the same job. Change three lines:\n` +
      "  - const env = StreamExecutionEnvironment.getExecutionEnvironment();\n" +
      "  + export function job(env: StreamExecutionEnvironment) {\n" +
      "  - await env.execute();\n" +
      "  + }",
  );
}

/** A job function may end with `execute()`, as a main function of Flink does: that is where its graph is taken. */
async function streamGraphOf(module: JobModule, job: JobDescription): Promise<StreamGraph> {
  const executor = new GraphTaker();
  const env = new Environment(executor, { ...job.configuration, parallelism: job.parallelism });
  const built = module.job(env, job.args as JobArgs);
  await Promise.race([built, executor.taken]);
  return executor.graph ?? env.getStreamGraph(job.name);
}

class GraphTaker implements Executor {
  graph: StreamGraph | undefined;
  readonly taken: Promise<void>;
  #onTaken: () => void = () => {};

  constructor() {
    this.taken = new Promise((resolve) => {
      this.#onTaken = resolve;
    });
  }

  submit(graph: StreamGraph): JobClient {
    if (this.graph !== undefined) {
      throw new JobError("JOB_MODULE_INVALID", "the job function executes two jobs: a cluster runs one for each submission; write two job modules");
    }
    this.graph = graph;
    this.#onTaken();
    return UNENDING;
  }
}

/** What a job function holds that goes on behind its `execute()`: nothing ever comes of it. */
const UNENDING: JobClient = {
  getJobStatus: () => "CREATED",
  cancel: never,
  stop: never,
  result: never,
  push: never,
  checkpoints: () => undefined,
  triggerCheckpoint: never,
  triggerSavepoint: never,
  stopWithSavepoint: never,
  results: () => ({ next: never, [Symbol.asyncIterator]: () => UNENDING.results("") }),
  throttle() {},
  accumulators: () => new Map(),
  metrics: () => [],
  metricsText: () => "",
};

function never(): Promise<never> {
  return new Promise(() => {});
}

/** @throws JobError always: what went wrong while a module was imported, or in its job function, and the line of it. */
function refuse(cause: unknown, what: string, module: string): never {
  const frames = (cause instanceof Error ? (cause.stack ?? "") : "").match(FRAME) ?? [];
  const own = frames.find((frame) => frame.startsWith(module));
  if (cause instanceof JobError) {
    const { code, reason, place } = cause;
    throw own === undefined ? cause : new JobError(code, `${reason}\n  at ${own}`, { ...place, cause: cause.cause });
  }
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : show(cause);
  const frame = own ?? frames[0];
  throw new JobError("JOB_MODULE_INVALID", `${what}${text}${frame === undefined ? "" : `\n  at ${frame}`}`, { cause });
}

/** Address, line and column in a stack, as all engines write them. */
const FRAME = /[a-z-]+:\/\/[^\s()]+:\d+(?=[\s)]|$)/gm;
