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
  submit(graph: StreamGraph, options?: SubmitOptions): JobClient;
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
  /** Resolves when the job has finished. Rejects with what made it fail, or with JOB_CANCELED. */
  result(): Promise<JobExecutionResult>;
  /** The accumulators of the last attempt by name, merged over subtasks; of this moment while the job runs. */
  accumulators(): ReadonlyMap<string, unknown>;
  /** The counters of every operator subtask, of this moment. */
  metrics(): readonly MetricsRow[];
  /** The same in Prometheus' text format. */
  metricsText(): string;
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
