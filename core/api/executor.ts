import type { JobGraphJson } from "../graph/fingerprint.ts";
import type { StreamGraph } from "../graph/stream-graph.ts";
import type { MetricsRow } from "../metrics/prometheus.ts";

/**
 * `CREATED` and `RUNNING` are passing; a job ends as `FINISHED` (its input ended), `CANCELED` or `FAILED`.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.fromElements(1, 2).map((n) => n + 1);
 * const client = await env.executeAsync();
 * await client.result();
 * console.log(client.getJobStatus()); // FINISHED
 * ```
 */
export type JobStatus = "CREATED" | "RUNNING" | "FINISHED" | "CANCELED" | "FAILED";

/**
 * How a job is submitted.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.fromElements(1, 2).map((n) => n + 1);
 * await env.execute("with a deadline", { signal: AbortSignal.timeout(60_000) });
 * ```
 */
export interface SubmitOptions {
  /** Cancels the job when it aborts; the result then rejects with JOB_CANCELED, whose cause is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What an executor is told of a submission.
 *
 * @example
 * ```ts
 * import { type Executor, StreamExecutionEnvironment } from "tamias";
 *
 * const refusing: Executor = {
 *   submit: (graph, options = {}) => {
 *     throw new Error(`${graph.jobName} ${options.isClientless === true ? "has no client" : "has one"}`);
 *   },
 * };
 * StreamExecutionEnvironment.setContext({ executor: refusing });
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * StreamExecutionEnvironment.setContext(undefined);
 * env.fromElements(1).map((n) => n);
 * await env.execute("job").catch((error: Error) => console.log(error.message)); // job has no client
 * ```
 */
export interface ExecutorOptions extends SubmitOptions {
  /** Nobody gets the job's client, as with `execute()`: then nobody can read results by name or push records. Absent: somebody does. */
  readonly isClientless?: boolean | undefined;
}

/**
 * What runs jobs: in this thread, or wherever an adapter for another host puts them.
 *
 * @example
 * ```ts
 * import { type Executor, StreamExecutionEnvironment } from "tamias";
 *
 * const refusing: Executor = {
 *   submit: (graph) => {
 *     throw new Error(`${graph.jobName} has ${graph.nodes.length} operators`);
 *   },
 * };
 * StreamExecutionEnvironment.setContext({ executor: refusing });
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * StreamExecutionEnvironment.setContext(undefined);
 * env.fromElements(1).map((n) => n);
 * await env.execute("job").catch((error: Error) => console.log(error.message)); // job has 2 operators
 * ```
 */
export interface Executor {
  /** Whether window aggregates are computed in WebAssembly where it runs jobs, as `explain` then says. Absent: no. */
  readonly hasKernelModule?: boolean;
  /** @throws JobError where the graph is refused; what fails later rejects the client's `result()`. */
  submit(graph: StreamGraph, options?: ExecutorOptions): JobClient;
}

/**
 * The submitter's hold on a job.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.fromSequence(1, 1_000_000_000).filter((n) => n < 0);
 * const client = await env.executeAsync("endless, nearly");
 * await client.cancel();
 * console.log(client.getJobStatus()); // CANCELED
 * ```
 */
export interface JobClient {
  getJobStatus(): JobStatus;
  /**
   * Stops the job without finishing its input; resolves once every operator has been closed. A job that has ended stays as it
   * ended.
   */
  cancel(): Promise<void>;
  /** Ends the input of every source as if there were no more, so that windows fire and the job finishes; resolves once it has ended. */
  stop(): Promise<void>;
  /** Resolves when the job has finished. Rejects with what made it fail, or with JOB_CANCELED. */
  result(): Promise<JobExecutionResult>;
  /**
   * What the job gives to `collectSink(name)`, in batches. They end with the job: quietly where it finished or was canceled, with its error, thrown once, where it
   * failed. The job waits for whoever takes them, and is a few buffers ahead at most.
   *
   * There is one stream of them a name: two readers share it, each batch goes to one of the two. Whoever stops early, by `break`, gives up what is there and what
   * comes until the results of this name are asked for again.
   */
  results<T>(name: string): AsyncIterableIterator<readonly T[]>;
  /**
   * Gives records to the sources `new PushSource(name)` of the job; resolves when they have taken all of them, so that whoever waits for it is as fast as the job.
   * Rejects with JOB_ENDED where the job ends before.
   */
  push(name: string, records: readonly unknown[]): Promise<void>;
  /** What has become of the job's checkpoints, at this moment; undefined where it takes none. */
  checkpoints(): CheckpointReport | undefined;
  /** Takes a checkpoint now; resolves with its id when it is complete. Rejects with CHECKPOINT_FAILED where it fails, or the job takes none. */
  triggerCheckpoint(): Promise<number>;
  /**
   * Takes all state of the job, as one file that every host reads; the job goes on. Rejects with CHECKPOINT_FAILED, or with STORAGE_FAILED where it cannot be kept.
   *
   * A job begins from it with `{ "execution.state-recovery.path": savepoint.path }`.
   */
  triggerSavepoint(options?: SavepointOptions): Promise<Savepoint>;
  /** Takes a savepoint and ends the job with it: what the savepoint covers becomes visible, and nothing comes behind it. Resolves when the job has ended; where it rejects, the job goes on. */
  stopWithSavepoint(options?: StopOptions): Promise<Savepoint>;
  /** How many records a second all sources together take, from now on: 0 pauses them, undefined or Infinity is as many as they can, as at first. A batch of columns is taken as a whole. */
  throttle(recordsPerSecond: number | undefined): void;
  /** The accumulators of the last attempt by name, merged over subtasks; of this moment while the job runs. */
  accumulators(): ReadonlyMap<string, unknown>;
  /** The counters of every operator subtask, of this moment. */
  metrics(): readonly MetricsRow[];
  /** The same in Prometheus' text format. */
  metricsText(): string;
}

/**
 * Where a savepoint goes, besides to whoever asked for it.
 *
 * @example
 * ```text
 * const { path } = await client.triggerSavepoint({ directory: "file:./savepoints" });
 * ```
 */
export interface SavepointOptions {
  /** Address of a storage, such as `file:./savepoints`. Default: none, its bytes are all there is of it. */
  readonly directory?: string | undefined;
}

/**
 * How a job is stopped with a savepoint.
 *
 * @example
 * ```text
 * const { bytes } = await client.stopWithSavepoint({ drain: true });
 * ```
 */
export interface StopOptions extends SavepointOptions {
  /** Whether windows and timers fire first, as at the end of the input. Default false: whoever goes on from the savepoint fires them in their time. */
  readonly drain?: boolean | undefined;
}

/**
 * All state of a job at one moment.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.fromSequence(1, 1_000_000_000).keyBy((n) => n % 10).reduce((a, b) => a + b).map((n) => n);
 * const client = await env.executeAsync("sums");
 * while (client.getJobStatus() !== "RUNNING") await new Promise((resolve) => setTimeout(resolve));
 * const savepoint = await client.stopWithSavepoint();
 * console.log(savepoint.bytes.length > 0, client.getJobStatus()); // true FINISHED
 * ```
 */
export interface Savepoint {
  /** All of it, as one file; the same on every host. */
  readonly bytes: Uint8Array;
  /** Its address; undefined where it was not asked for in a directory. */
  readonly path: string | undefined;
}

/**
 * What a finished job leaves.
 *
 * @example
 * ```ts
 * import { IntCounter, RichMapFunction, StreamExecutionEnvironment } from "tamias";
 *
 * class Counted extends RichMapFunction<string, string> {
 *   readonly counter = new IntCounter();
 *   override open(): void {
 *     this.getRuntimeContext().addAccumulator("records", this.counter);
 *   }
 *   override map(record: string): string {
 *     this.counter.add(1);
 *     return record;
 *   }
 * }
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.fromElements("a", "b").map(new Counted());
 * const result = await env.execute("counting");
 * console.log(result.jobName, result.getAccumulatorResult("records")); // counting 2
 * ```
 */
export interface JobExecutionResult {
  readonly jobName: string;
  /** From submission to the end, ms. */
  readonly netRuntimeMs: number;
  /** The merged accumulator of this name, undefined where no function has added one. */
  getAccumulatorResult(name: string): unknown;
}

/**
 * The submitter's hold on a job of a cluster: as a `JobClient`, but what the job's workers know has to be asked of them.
 *
 * @example
 * ```text
 * const client = await cluster.submit(new URL("./job.ts", import.meta.url), { stations: 40 });
 * for await (const batch of client.results<Reading>("readings")) show(batch);
 * const { netRuntimeMs } = await client.result();
 * ```
 */
export interface ClusterJobClient extends Omit<JobClient, "accumulators" | "checkpoints" | "metrics" | "metricsText"> {
  readonly jobId: string;
  /** Chains, connections and their parallelism: what the job's workers run. */
  readonly plan: JobGraphJson;
  /** The accumulators by name, merged over subtasks: as they are now, or as they were when the job ended. */
  accumulators(): Promise<ReadonlyMap<string, unknown>>;
  /** What every subtask does and has counted, again and again, the last time when the job has ended. One of these at a time asks the workers. */
  reports(options?: ReportOptions): AsyncIterableIterator<JobReport>;
  /** As `env.explain()`, from where the job runs. */
  explain(): Promise<string>;
}

/** How often a job reports. */
export interface ReportOptions {
  /** Time between two reports, ms. Default 1000. */
  readonly everyMs?: number | undefined;
}

/** A job at one moment. */
export interface JobReport {
  readonly status: JobStatus;
  readonly subtasks: readonly SubtaskStatus[];
  /** The counters of every operator subtask. */
  readonly metrics: readonly MetricsRow[];
  readonly checkpoints: CheckpointReport;
}

/**
 * What has become of the checkpoints and savepoints of a job.
 *
 * @example
 * ```text
 * for await (const { checkpoints } of client.reports()) console.log(checkpoints.completed, checkpoints.last?.alignmentMs);
 * ```
 */
export interface CheckpointReport {
  readonly completed: number;
  readonly failed: number;
  /** How often an attempt of the job began from a checkpoint or savepoint. */
  readonly restored: number;
  readonly last: CheckpointStatistics | undefined;
  /** Why the last one failed that did. */
  readonly lastFailure: string | undefined;
}

/**
 * What one complete checkpoint or savepoint has cost.
 *
 * @example
 * ```text
 * const { durationMs, writtenBytes } = client.checkpoints()!.last!;
 * ```
 */
export interface CheckpointStatistics {
  readonly checkpointId: number;
  /** `stop`: a savepoint with which the job ended. */
  readonly kind: "checkpoint" | "savepoint" | "stop";
  /** From its trigger until it was durable. */
  readonly durationMs: number;
  /** Longest wait of a subtask's channels for the last of its barriers: long under backpressure. */
  readonly alignmentMs: number;
  /** Longest time that a subtask stood still to take its state. */
  readonly syncMs: number;
  /** Of all state, as it is stored. */
  readonly stateBytes: number;
  /** Of what was new since the checkpoint before. */
  readonly writtenBytes: number;
}

/** The state of a subtask, as in Flink, and where it runs. */
export interface SubtaskStatus {
  /** Id of the vertex in the plan. */
  readonly vertex: number;
  readonly subtask: number;
  /** Number of the task manager, from 0; undefined where none has been found yet. */
  readonly taskManager: number | undefined;
  readonly state: "CREATED" | "SCHEDULED" | "DEPLOYING" | "INITIALIZING" | "RUNNING" | "FINISHED" | "CANCELING" | "CANCELED" | "FAILED";
}
