import type { StreamGraph } from "../graph/stream-graph.ts";
import { buildJobGraph } from "../graph/job-graph.ts";
import type { Host } from "../host/host.ts";
import { JobError } from "../lib/errors.ts";
import { prometheusText, type MetricsRow } from "../metrics/prometheus.ts";
import { LocalJob, type JobOutcome, type RestorePoint } from "./local-job.ts";

export interface SubmitOptions {
  /** Cancels the job when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

export type LocalJobStatus = "CREATED" | "RUNNING" | "FINISHED" | "CANCELED" | "FAILED";

/** Where jobs run, from what they are restored, and how finely subtasks interleave. */
export interface LocalExecutorOptions {
  readonly host: Host;
  readonly restore?: RestorePoint;
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
    return new LocalJobClient(graph, this.#options, options.signal);
  }
}

/** The submitter's hold on a job. Promises live here; the engine inside answers by calls. */
export class LocalJobClient {
  readonly job: LocalJob;
  readonly #host: Host;
  readonly #startedAt: number;
  #endedAt: number | undefined;
  readonly #ended: Promise<JobOutcome>;
  #cancelReason: unknown;

  constructor(graph: StreamGraph, options: LocalExecutorOptions, signal: AbortSignal | undefined) {
    const { host } = options;
    this.#host = host;
    let settle: (outcome: JobOutcome) => void = () => {};
    this.#ended = new Promise((resolve) => {
      settle = resolve;
    });
    const onAbort = (): void => {
      this.#cancelReason = signal?.reason;
      this.job.cancel();
    };
    this.job = new LocalJob(buildJobGraph(graph), {
      host,
      attempt: 0,
      restore: options.restore,
      freeze: options.freeze ?? false,
      turnRecordsMax: options.turnRecordsMax,
      channelCredits: options.channelCredits,
      onEnd: (outcome) => {
        this.#endedAt = host.clock.now();
        signal?.removeEventListener("abort", onAbort);
        settle(outcome);
      },
    });
    this.#startedAt = host.clock.now();
    if (signal?.aborted === true) {
      onAbort();
      return;
    }
    signal?.addEventListener("abort", onAbort, { once: true });
    host.scheduler.post(() => {
      if (this.job.outcome === undefined) this.job.start();
    });
  }

  getJobStatus(): LocalJobStatus {
    if (this.job.outcome !== undefined) return this.job.outcome.status;
    return this.job.tasks.some((tasks) => tasks.some((task) => task.state !== "CREATED")) ? "RUNNING" : "CREATED";
  }

  /** Stops the job without finishing it; resolves once every operator has been closed. A job that has ended stays as it ended. */
  async cancel(): Promise<void> {
    this.job.cancel();
    await this.#ended;
  }

  /** @throws JobError what made the job fail, or JOB_CANCELED. */
  async result(): Promise<LocalJobResult> {
    const outcome = await this.#ended;
    if (outcome.status === "FAILED") throw outcome.error;
    if (outcome.status === "CANCELED") {
      throw new JobError("JOB_CANCELED", `the job "${this.job.graph.jobName}" was canceled`, { cause: this.#cancelReason });
    }
    const accumulators = this.accumulators();
    return {
      jobName: this.job.graph.jobName,
      netRuntimeMs: this.#runningMs(),
      getAccumulatorResult: (name) => accumulators.get(name),
    };
  }

  /** The accumulators of the last attempt, merged over subtasks; of the moment where the job still runs. */
  accumulators(): ReadonlyMap<string, unknown> {
    return this.job.accumulators.results();
  }

  metrics(): readonly MetricsRow[] {
    const rows: MetricsRow[] = [];
    for (const tasks of this.job.tasks) {
      for (const task of tasks) {
        for (const { context } of task.chain.links) {
          const { jobName, operatorName, uid, index } = context.subtask;
          rows.push({ job: jobName, operator: operatorName, uid, subtask: index, metrics: context.metrics, runningMs: this.#runningMs() });
        }
      }
    }
    return rows;
  }

  metricsText(): string {
    return prometheusText(this.metrics());
  }

  #runningMs(): number {
    return (this.#endedAt ?? this.#host.clock.now()) - this.#startedAt;
  }
}

export interface LocalJobResult {
  readonly jobName: string;
  /** From submission to the end, ms. */
  readonly netRuntimeMs: number;
  getAccumulatorResult(name: string): unknown;
}
