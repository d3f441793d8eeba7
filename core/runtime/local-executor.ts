import type { CheckpointReport } from "../checkpoint/checkpoint-report.ts";
import { jobGraphToJson } from "../graph/fingerprint.ts";
import type { StreamGraph } from "../graph/stream-graph.ts";
import { buildJobGraph, type JobGraph } from "../graph/job-graph.ts";
import type { Host } from "../host/host.ts";
import { JobError } from "../lib/errors.ts";
import { loadParts, type Part } from "../lib/part.ts";
import { prometheusText, type MetricsRow } from "../metrics/prometheus.ts";
import { checkedRate, submitterNames } from "./client-arguments.ts";
import { localLines, localRecovery, partsOf, recovers, usesSubmitter } from "./job-parts.ts";
import { LocalJob, type JobOutcome, type LocalJobOptions, type RestorePoint } from "./local-job.ts";
import type { JobSnapshots, SavepointManner } from "./job-snapshots.ts";
import type { LocalRecovery } from "./local-recovery.ts";
import type { SubmitterRecords } from "./submitter-records.ts";
import { NO_SUBMITTER } from "./outputs.ts";
import { asJobError } from "./task.ts";
import { warnUnlessAsked } from "./unasked-failure.ts";

export interface SubmitOptions {
  /** Cancels the job when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Nobody gets the job's client. */
  readonly isClientless?: boolean | undefined;
}

export type LocalJobStatus = "CREATED" | "RUNNING" | "FINISHED" | "CANCELED" | "FAILED";

/** Where jobs run, from what they are restored, and how finely subtasks interleave. */
export interface LocalExecutorOptions {
  readonly host: Host;
  readonly restore?: RestorePoint;
  /** Removes the checkpoints of a job before it begins. Default false: it goes on from the last one. */
  readonly startsAfresh?: boolean;
  readonly freeze?: boolean;
  readonly turnRecordsMax?: number;
  readonly channelCredits?: number;
}

/** Runs jobs in place: all subtasks in the thread that submits, on the given host. */
export class LocalExecutor {
  readonly #options: LocalExecutorOptions;

  constructor(options: LocalExecutorOptions) {
    this.#options = options;
  }

  get hasKernelModule(): boolean {
    return this.#options.host.kernel !== undefined;
  }

  /** @throws JobError where the graph is refused. What fails later rejects the client's `result()`. */
  submit(graph: StreamGraph, options: SubmitOptions = {}): LocalJobClient {
    return new LocalJobClient(graph, this.#options, options);
  }
}

/**
 * The submitter's hold on a job. Promises live here; the engine inside answers by calls.
 *
 * Where parts that the job needs are not loaded yet, there is no job before they are.
 */
export class LocalJobClient {
  readonly #graph: JobGraph;
  readonly #options: LocalExecutorOptions;
  readonly #signal: AbortSignal | undefined;
  readonly #isClientless: boolean;
  readonly #startedAt: number;
  readonly #ended: Promise<JobOutcome>;
  /** Present where the part that makes it is loaded. */
  #records: SubmitterRecords | undefined;
  #job: LocalJob | undefined;
  /** Present where the job takes checkpoints or begins again after failures. */
  #recovery: LocalRecovery | undefined;
  /** Of a job that takes no checkpoints, once a savepoint is asked of it. */
  #savepoints: JobSnapshots | undefined;
  #outcome: JobOutcome | undefined;
  #endedAt: number | undefined;
  #settle: (outcome: JobOutcome) => void = () => {};
  #cancelReason: unknown;
  /** What was asked of the sources, for those that are not there yet. */
  #recordsPerSecond: number | undefined;
  #isStopping = false;
  /** Whether somebody is told what becomes of the job. */
  #isAsked = false;

  constructor(graph: StreamGraph, options: LocalExecutorOptions, { signal, isClientless = false }: SubmitOptions) {
    const { host, restore } = options;
    this.#graph = buildJobGraph(graph);
    this.#options = options;
    this.#signal = signal;
    this.#isClientless = isClientless;
    this.#ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#startedAt = host.clock.now();
    const parts = partsOf(this.#graph, { hasKernelModule: host.kernel !== undefined, isRestored: restore !== undefined || recovers(this.#graph) });
    const missing = [...parts].filter((part) => !part.isLoaded);
    if (signal?.aborted === true) {
      this.#onAbort();
      return;
    }
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (missing.length === 0) this.#start();
    else void this.#startWith(missing);
  }

  getJobStatus(): LocalJobStatus {
    if (this.#outcome !== undefined) return this.#outcome.status;
    return this.#tasks.some((tasks) => tasks.some((task) => task.state !== "CREATED")) ? "RUNNING" : "CREATED";
  }

  /** Stops the job without finishing it; resolves once every operator has been closed. A job that has ended stays as it ended. */
  async cancel(): Promise<void> {
    this.#cancel();
    await this.#ended;
  }

  /** Ends the input of every source as if there were no more; resolves once the job has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#job?.subtasks.stop();
    await this.#ended;
  }

  checkpoints(): CheckpointReport | undefined {
    return this.#recovery?.history.report;
  }

  /** Takes a checkpoint now; resolves with its id when it is complete. */
  async triggerCheckpoint(): Promise<number> {
    if (this.#graph.settings.checkpointing === undefined) throw noCheckpoints(this.#graph.jobName);
    const snapshots = await this.#runningSnapshots();
    return new Promise((resolve, reject) => snapshots.checkpoint(resolve, reject));
  }

  async triggerSavepoint(options: SavepointOptions = {}): Promise<Savepoint> {
    return this.#savepoint("go-on", options);
  }

  async stopWithSavepoint({ drain = false, ...options }: StopOptions = {}): Promise<Savepoint> {
    const savepoint = await this.#savepoint(drain ? "drain" : "stop", options);
    await this.#ended;
    return savepoint;
  }

  throttle(recordsPerSecond: number | undefined): void {
    const rate = checkedRate(recordsPerSecond);
    this.#recordsPerSecond = rate;
    const sources = this.#tasks.flat().filter((task) => task.chain.source !== undefined).length;
    this.#job?.subtasks.throttle(rate === undefined ? undefined : rate / Math.max(1, sources));
  }

  async *results<T>(name: string): AsyncIterableIterator<readonly T[]> {
    this.#isAsked = true;
    await localLines.load();
    yield* this.#submitterRecords().results<T>(name);
  }

  async push(name: string, records: readonly unknown[]): Promise<void> {
    await localLines.load();
    await this.#submitterRecords().push(name, records);
  }

  /** @throws JobError what made the job fail, or JOB_CANCELED. */
  async result(): Promise<LocalJobResult> {
    this.#isAsked = true;
    const outcome = await this.#ended;
    if (outcome.status === "FAILED") throw outcome.error;
    if (outcome.status === "CANCELED") {
      throw new JobError("JOB_CANCELED", `the job "${this.#graph.jobName}" was canceled`, { cause: this.#cancelReason });
    }
    const accumulators = this.accumulators();
    return {
      jobName: this.#graph.jobName,
      netRuntimeMs: this.#runningMs(),
      getAccumulatorResult: (name) => accumulators.get(name),
    };
  }

  /** The accumulators of the last attempt, merged over subtasks; of the moment where the job still runs. */
  accumulators(): ReadonlyMap<string, unknown> {
    return this.#job?.accumulators.results() ?? new Map<string, unknown>();
  }

  metrics(): readonly MetricsRow[] {
    return this.#job?.subtasks.metrics(this.#runningMs()) ?? [];
  }

  metricsText(): string {
    return prometheusText(this.metrics());
  }

  /** None before the job is made. */
  get #tasks(): LocalJob["tasks"] {
    return this.#job?.tasks ?? [];
  }

  async #startWith(missing: readonly Part<unknown>[]): Promise<void> {
    try {
      await loadParts(missing);
      this.#start();
    } catch (cause) {
      this.#end({ status: "FAILED", error: notLoaded(cause) });
    }
  }

  /** A job that cannot be made has failed, whether its parts were there when it was submitted or came later. */
  #start(): void {
    if (this.#outcome !== undefined) return;
    const { host, restore } = this.#options;
    const onEnd = (outcome: JobOutcome): void => this.#end(outcome);
    try {
      if (this.#isClientless && usesSubmitter(this.#graph)) throw localLines.module.noClient(submitterNames(jobGraphToJson(this.#graph)));
      const beforeEnd = (proceed: () => void): void => (this.#savepoints === undefined ? proceed() : this.#savepoints.beforeEnd(proceed));
      if (!recovers(this.#graph)) return void this.#begin({ attempt: 0, restore, onEnd, beforeEnd });
      const begin = (attempt: Attempt): LocalJob => this.#begin(attempt);
      this.#recovery = new localRecovery.module.LocalRecovery({ graph: this.#graph, host, startsAfresh: this.#options.startsAfresh === true, begin, onEnd });
      this.#recovery.start();
    } catch (cause) {
      this.#end({ status: "FAILED", error: asJobError(cause) });
    }
  }

  #begin(attempt: Attempt): LocalJob {
    const { host, freeze = false, turnRecordsMax, channelCredits } = this.#options;
    const lines = usesSubmitter(this.#graph) ? new localLines.module.LocalLines(this.#submitterRecords(), host) : undefined;
    const onEnd = (outcome: JobOutcome): void => {
      attempt.onEnd(outcome);
      lines?.close();
    };
    const job = new LocalJob(this.#graph, { ...attempt, onEnd, host, freeze, turnRecordsMax, channelCredits, submitter: lines ?? NO_SUBMITTER });
    this.#job = job;
    if (this.#recordsPerSecond !== undefined) this.throttle(this.#recordsPerSecond);
    host.scheduler.post(() => {
      if (job.outcome !== undefined) return;
      job.start();
      if (this.#isStopping) job.subtasks.stop();
    });
    return job;
  }

  async #savepoint(manner: SavepointManner, { directory }: SavepointOptions): Promise<Savepoint> {
    const { host } = this.#options;
    const snapshots = await this.#runningSnapshots();
    const { storeSavepoint } = localRecovery.module;
    return new Promise((resolve, reject) => {
      snapshots.savepoint(
        manner,
        (bytes, proceed) =>
          storeSavepoint(
            bytes,
            { directory, jobName: this.#graph.jobName, host },
            (path) => {
              resolve({ bytes, path });
              proceed(true);
            },
            (error) => {
              reject(error);
              proceed(false);
            },
          ),
        reject,
      );
    });
  }

  async #runningSnapshots(): Promise<JobSnapshots> {
    const { host } = this.#options;
    await loadParts([localRecovery, ...partsOf(this.#graph, { hasKernelModule: host.kernel !== undefined, isRestored: true })]);
    if (this.#outcome !== undefined) throw new JobError("JOB_ENDED", `the job "${this.#graph.jobName}" has ended: there is no state to take`);
    if (this.#recovery === undefined && this.#job !== undefined) this.#savepoints ??= localRecovery.module.savepointsOnly(this.#job, host);
    const snapshots = this.#recovery?.snapshots ?? this.#savepoints;
    if (snapshots !== undefined) return snapshots;
    throw new JobError("CHECKPOINT_FAILED", `the job "${this.#graph.jobName}" does not run now: it has not begun yet, or begins again after a failure. Try again when it does`);
  }

  #submitterRecords(): SubmitterRecords {
    if (this.#records === undefined) {
      this.#records = new localLines.module.SubmitterRecords(this.#options.host);
      this.#records.jobName = this.#graph.jobName;
      this.#records.names = submitterNames(jobGraphToJson(this.#graph));
      if (this.#outcome !== undefined) this.#records.end(failureOf(this.#outcome));
    }
    return this.#records;
  }

  readonly #onAbort = (): void => {
    this.#cancelReason = this.#signal?.reason;
    this.#cancel();
  };

  #cancel(): void {
    if (this.#recovery !== undefined) this.#recovery.cancel();
    else if (this.#job === undefined) this.#end({ status: "CANCELED" });
    else this.#job.cancel();
  }

  #end(outcome: JobOutcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#endedAt = this.#options.host.clock.now();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#savepoints?.close();
    this.#records?.end(failureOf(outcome));
    if (outcome.status === "FAILED") warnUnlessAsked(this.#options.host, this.#graph.jobName, outcome.error, () => this.#isAsked);
    this.#settle(outcome);
  }

  #runningMs(): number {
    return (this.#endedAt ?? this.#options.host.clock.now()) - this.#startedAt;
  }
}

function noCheckpoints(jobName: string): JobError {
  return new JobError("CHECKPOINT_FAILED", `the job "${jobName}" takes no checkpoints: call env.enableCheckpointing(1_000) before it is executed`);
}

/** Where a savepoint goes besides into memory. */
export interface SavepointOptions {
  /** Address of a storage, such as `file:./savepoints`. Default: none, the bytes are all there is of it. */
  readonly directory?: string | undefined;
}

export interface StopOptions extends SavepointOptions {
  /** Whether windows and timers fire first, as at the end of the input. Default false: whoever goes on from the savepoint fires them in their time. */
  readonly drain?: boolean | undefined;
}

export interface Savepoint {
  /** All of it, as one file; the same on every host. */
  readonly bytes: Uint8Array;
  /** Its address, which `execution.state-recovery.path` takes; undefined without a directory. */
  readonly path: string | undefined;
}

type Attempt = Pick<LocalJobOptions, "attempt" | "restore" | "beforeEnd" | "onEnd">;

function failureOf(outcome: JobOutcome): JobError | undefined {
  return outcome.status === "FAILED" ? outcome.error : undefined;
}

export function notLoaded(cause: unknown): JobError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new JobError("CODE_UNAVAILABLE", `a part of Tamias that this job needs could not be loaded: ${text}`, { cause });
}

export interface LocalJobResult {
  readonly jobName: string;
  /** From submission to the end, ms. */
  readonly netRuntimeMs: number;
  getAccumulatorResult(name: string): unknown;
}
