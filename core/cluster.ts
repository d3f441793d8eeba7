import { DEFAULT_OPTIONS, type ExecutionOptions, mergeOptions } from "./api/execution-options.ts";
import type { ClusterJobClient } from "./api/executor.ts";
import { isJobModule, type JobArgs } from "./api/job-module.ts";
import { dynamicCodec } from "./data/dynamic-type.ts";
import type { Host } from "./host/host.ts";
import type { Workers } from "./host/workers.ts";
import { JobError } from "./lib/errors.ts";
import { requireOptionNames } from "./lib/option-names.ts";
import { loadParts } from "./lib/part.ts";
import { show } from "./lib/show.ts";
import { submitJob } from "./runtime/cluster-job.ts";
import { Dispatcher } from "./runtime/dispatcher.ts";
import type { ClusterSettings } from "./runtime/protocol.ts";

/** How a cluster of any host runs jobs. */
export interface ClusterOptions {
  /** How many subtasks of each operator a task manager runs at most. Default 1. */
  readonly slots?: number | undefined;
  /** Whether buffers between workers go through shared memory where they share some (default), or always by messages. */
  readonly transport?: "shared-memory" | "message" | undefined;
  /** A worker that does not answer for so long, ms, is given up, and its jobs fail. A call of a user's function must not take longer. Default 1500. */
  readonly heartbeatTimeoutMs?: number | undefined;
  /** Longest time, ms, until all subtasks of a job are ready: modules are loaded, job functions have built their graphs. Default 60000. */
  readonly deployTimeoutMs?: number | undefined;
}

/** How a job is submitted to a cluster. */
export interface ClusterSubmitOptions {
  /** Of the operators that set none themselves. Default: one subtask for each slot of the cluster. */
  readonly parallelism?: number | undefined;
  /** What a job is called that does not name itself. Default: the file name of its module, where it has one. */
  readonly jobName?: string | undefined;
  /**
   * Options for the job's environment that the job function does not set itself, such as where checkpoints are kept, or the savepoint to begin from: `{ "execution.checkpointing.dir":
   * "file:./checkpoints" }`.
   */
  readonly configuration?: ExecutionOptions | undefined;
  /** Cancels the job when it aborts; the result then rejects with JOB_CANCELED, whose cause is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const CLUSTER_OPTIONS = ["slots", "transport", "heartbeatTimeoutMs", "deployTimeoutMs"];
const SUBMIT_OPTIONS = ["parallelism", "jobName", "configuration", "signal"];
const HEARTBEATS_PER_TIMEOUT = 6;

/** What a cluster is made of, on any host. */
export interface ClusterParts<Script> {
  readonly host: Host;
  readonly workers: Workers<Script>;
  /** What leads jobs. Default: workers as well. */
  readonly leaders?: Workers<Script>;
  readonly taskManagers: number;
  /** What the host calls the taker of its options, in messages. */
  readonly what: string;
  /** Options that the host takes itself. */
  readonly ownOptions: readonly string[];
}

/** A job, as its workers get it. */
export interface SubmittedModule<Script> {
  /** Its address, or what errors call it. */
  readonly module: string;
  readonly script: Script | undefined;
  /** For a job that has no other. */
  readonly name: string | undefined;
  /** Of hosts that go on with the jobs of clusters before: what no other run there was ever called, and since when the job is led, where it has run already. */
  readonly run?: { readonly id: string; readonly since: number | undefined };
}

/** A job that another cluster may go on with. */
export interface RecoverableJobClient extends ClusterJobClient {
  /** See `ClusterJob.since`. */
  readonly since: number | undefined;
}

/** The cluster behind those of the hosts, each of which says what a job and its workers are made of. */
export class Cluster<Script> {
  readonly #host: Host;
  readonly #dispatcher: Dispatcher<Script>;
  readonly #slots: number;
  #jobs = 0;

  /** @throws JobError INVALID_ARGUMENT, UNKNOWN_OPTION */
  constructor({ host, workers, leaders = workers, taskManagers, what, ownOptions }: ClusterParts<Script>, options: ClusterOptions) {
    const { slots = 1 } = options;
    this.#host = host;
    this.#slots = taskManagers * checkedCount("slots", slots);
    this.#dispatcher = new Dispatcher({ host, workers, leaders, taskManagers, slots, settings: settingsOf(what, ownOptions, options) });
  }

  /** Resolves once the job has been built and found valid. Rejects where it is refused. */
  async submit(job: SubmittedModule<Script>, args: JobArgs, options: ClusterSubmitOptions): Promise<RecoverableJobClient> {
    requireOptionNames("submit", options, SUBMIT_OPTIONS);
    const { parallelism = this.#slots, jobName = job.name, configuration = {}, signal } = options;
    this.#jobs += 1;
    const description = {
      id: job.run?.id ?? `job-${this.#jobs}`,
      module: job.module,
      name: jobName,
      args: plainArgs(args),
      parallelism: checkedCount("parallelism", parallelism),
      configuration: plainConfiguration(configuration),
    };
    // Results and pushed records cross between threads as bytes.
    await loadParts([dynamicCodec]);
    return submitJob(this.#dispatcher, description, { host: this.#host, script: job.script, signal, since: job.run?.since });
  }

  close(): void {
    this.#dispatcher.close();
  }
}

/** The last part of an address's path. */
export function fileName(path: string): string | undefined {
  return path.split("/").at(-1) || undefined;
}

/** @throws JobError INVALID_ARGUMENT unless it is a whole number from 1 on. */
export function checkedCount(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && 1 <= value) return value;
  throw new JobError("INVALID_ARGUMENT", `${name} must be a whole number greater than zero, but is ${show(value)}`);
}

/**
 * The error of a `submit` that was given no address.
 * @param others what else the host's `submit` takes
 */
export function noAddress(job: unknown, others = ""): JobError {
  const what = typeof job === "function" ? "a function, which cannot go to other threads: export it as job from a module" : isJobModule(job) ? "an imported module" : show(job);
  return new JobError("INVALID_ARGUMENT", `submit takes the address of the job's module, as in cluster.submit(new URL("./job.ts", import.meta.url))${others}, but got ${what}`);
}

/** @throws JobError UNKNOWN_OPTION, INVALID_ARGUMENT */
function plainConfiguration(configuration: ExecutionOptions): ExecutionOptions {
  mergeOptions(DEFAULT_OPTIONS, configuration);
  const { "execution.checkpointing.dir": storage } = configuration;
  if (typeof storage === "object") throw new JobError("INVALID_ARGUMENT", "a cluster's job keeps checkpoints at an address, such as file:./checkpoints, which each of its threads opens: a storage itself cannot go there");
  return configuration;
}

function plainArgs(args: unknown): JobArgs {
  if (typeof args !== "object" || args === null || Array.isArray(args)) throw new JobError("INVALID_ARGUMENT", `the arguments of a job are an object, as in { days: 7 }, but are ${show(args)}`);
  try {
    return structuredClone(args as JobArgs);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new JobError("INVALID_ARGUMENT", `the arguments of a job are plain data, since they go to other threads: ${text}`, { cause });
  }
}

function settingsOf(what: string, ownOptions: readonly string[], options: ClusterOptions): ClusterSettings {
  requireOptionNames(what, options, [...ownOptions, ...CLUSTER_OPTIONS]);
  const { transport = "shared-memory", heartbeatTimeoutMs = 1_500, deployTimeoutMs = 60_000 } = options;
  if (transport !== "shared-memory" && transport !== "message") {
    throw new JobError("INVALID_ARGUMENT", `transport must be "shared-memory" or "message", but is ${show(transport)}`);
  }
  const timeoutMs = checkedCount("heartbeatTimeoutMs", heartbeatTimeoutMs);
  return {
    transport,
    heartbeatTimeoutMs: timeoutMs,
    heartbeatIntervalMs: Math.max(1, Math.floor(timeoutMs / HEARTBEATS_PER_TIMEOUT)),
    deployTimeoutMs: checkedCount("deployTimeoutMs", deployTimeoutMs),
  };
}
