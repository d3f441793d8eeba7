import type { CheckpointReport } from "../checkpoint/checkpoint-report.ts";
import { BufferBuilder, BufferReader, DONE, RECORD } from "../data/channel-buffer.ts";
import type { JobGraphJson } from "../graph/fingerprint.ts";
import type { Host, Port } from "../host/host.ts";
import { assert, unreachable } from "../lib/assert.ts";
import { errorFromData } from "../lib/error-data.ts";
import { JobError } from "../lib/errors.ts";
import type { MetricsRow } from "../metrics/prometheus.ts";
import { NO_TIMESTAMP } from "../time/timestamp.ts";
import { checkedIntervalMs, checkedRate, submitterNames } from "./client-arguments.ts";
import type { JobListener, SubmittedJob } from "./dispatched-job.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { JobOutcome } from "./job-attempt.ts";
import type { SavepointManner } from "./job-snapshots.ts";
import type { Savepoint, SavepointOptions, StopOptions } from "./local-executor.ts";
import type { AccumulatorValues, FromMaster, FromRecordLine, JobDescription, ReportData, SubtaskReport, ToRecordLine } from "./protocol.ts";
import { LatestStream } from "./latest-stream.ts";
import { SubmitterRecords } from "./submitter-records.ts";
import { warnUnlessAsked } from "./unasked-failure.ts";

const REPORT_EVERY_MS = 1_000;

export type ClusterJobStatus = "CREATED" | "RUNNING" | "FINISHED" | "CANCELED" | "FAILED";

export interface ClusterJobReport {
  readonly status: ClusterJobStatus;
  readonly subtasks: readonly SubtaskReport[];
  readonly metrics: readonly MetricsRow[];
  readonly checkpoints: CheckpointReport;
}

/** The submitter's hold on a job of a cluster. Promises live here; every one settles when the job ends or its master is lost. */
export class ClusterJob implements JobListener {
  readonly jobId: string;
  readonly #host: Host;
  readonly #startedAt: number;
  readonly #signal: AbortSignal | undefined;
  readonly #job: SubmittedJob;
  readonly #records: SubmitterRecords;
  readonly #recordLines = new Set<Port>();
  readonly #accepted = new Settled<void>();
  readonly #ended = new Settled<JobOutcome>();
  readonly #answers = new Map<number, (answer: FromMaster | undefined) => void>();
  readonly #reports = new Set<LatestStream<ClusterJobReport>>();
  #requests = 0;
  #status: ClusterJobStatus = "CREATED";
  #jobName = "";
  #plan: JobGraphJson | undefined;
  #since: number | undefined;
  #outcome: JobOutcome | undefined;
  #accumulators: AccumulatorValues = [];
  #lastReport: ReportData | undefined;
  #endedAt: number | undefined;
  #cancelReason: unknown;
  /** Whether somebody is told what becomes of the job. */
  #isAsked = false;

  constructor(dispatch: (listener: JobListener) => SubmittedJob, options: { readonly host: Host; readonly jobId: string; readonly signal: AbortSignal | undefined }) {
    const { host, jobId, signal } = options;
    this.jobId = jobId;
    this.#host = host;
    this.#records = new SubmitterRecords(host);
    this.#signal = signal;
    this.#startedAt = host.clock.now();
    this.#job = dispatch(this);
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Resolves once the job master has built the graph; rejects where it is refused. */
  accepted(): Promise<void> {
    return this.#accepted.promise;
  }

  get plan(): JobGraphJson {
    assert(this.#plan !== undefined, "whoever holds a client has waited until the job was accepted");
    return this.#plan;
  }

  /** From which epoch of its storage on it is led, where another cluster finds there what it goes on from. */
  get since(): number | undefined {
    return this.#since;
  }

  getJobStatus(): ClusterJobStatus {
    return this.#status;
  }

  async cancel(): Promise<void> {
    this.#job.send({ kind: "cancel" });
    await this.#ended.promise;
  }

  async stop(): Promise<void> {
    this.#job.send({ kind: "stop" });
    await this.#ended.promise;
  }

  async triggerCheckpoint(): Promise<number> {
    const answer = await this.#ask((request) => ({ kind: "checkpoint", request }));
    if (answer?.kind !== "checkpointed") throw this.#noState();
    if (typeof answer.outcome !== "number") throw errorFromData(answer.outcome);
    return answer.outcome;
  }

  async triggerSavepoint(options: SavepointOptions = {}): Promise<Savepoint> {
    return this.#savepoint("go-on", options);
  }

  async stopWithSavepoint({ drain = false, ...options }: StopOptions = {}): Promise<Savepoint> {
    const savepoint = await this.#savepoint(drain ? "drain" : "stop", options);
    await this.#ended.promise;
    return savepoint;
  }

  throttle(recordsPerSecond: number | undefined): void {
    this.#job.send({ kind: "throttle", recordsPerSecond: checkedRate(recordsPerSecond) });
  }

  async result(): Promise<{ readonly jobName: string; readonly netRuntimeMs: number; getAccumulatorResult(name: string): unknown }> {
    this.#isAsked = true;
    const outcome = await this.#ended.promise;
    if (outcome.status === "FAILED") throw outcome.error;
    if (outcome.status === "CANCELED") throw new JobError("JOB_CANCELED", `the job "${this.#jobName}" was canceled`, { cause: this.#cancelReason });
    const accumulators = new Map(this.#accumulators);
    return {
      jobName: this.#jobName,
      netRuntimeMs: (this.#endedAt ?? this.#startedAt) - this.#startedAt,
      getAccumulatorResult: (name) => accumulators.get(name),
    };
  }

  async accumulators(): Promise<ReadonlyMap<string, unknown>> {
    const answer = await this.#ask((request) => ({ kind: "accumulators", request }));
    const values = answer?.kind === "accumulators" ? answer.values : this.#accumulators;
    if ("code" in values) throw errorFromData(values);
    return new Map(values);
  }

  async explain(): Promise<string> {
    const answer = await this.#ask((request) => ({ kind: "explain", request }));
    if (answer?.kind === "explained") return answer.text;
    throw new JobError("JOB_ENDED", "the job has ended, and with it the worker that could explain it");
  }

  reports({ everyMs = REPORT_EVERY_MS }: { readonly everyMs?: number | undefined } = {}): AsyncIterableIterator<ClusterJobReport> {
    const stream = new LatestStream<ClusterJobReport>(() => {
      this.#reports.delete(stream);
      if (this.#reports.size === 0) this.#job.send({ kind: "report", everyMs: undefined });
    });
    checkedIntervalMs(everyMs);
    this.#isAsked = true;
    this.#reports.add(stream);
    if (this.#outcome === undefined) this.#job.send({ kind: "report", everyMs });
    else this.#giveReport();
    return stream;
  }

  results<T>(name: string): AsyncIterableIterator<readonly T[]> {
    this.#isAsked = true;
    return this.#records.results(name);
  }

  push(name: string, records: readonly unknown[]): Promise<void> {
    return this.#records.push(name, records);
  }

  onMessage(message: FromMaster): void {
    switch (message.kind) {
      case "accepted":
        this.#jobName = message.jobName;
        this.#plan = message.plan;
        this.#since = message.since;
        this.#records.jobName = message.jobName;
        this.#records.names = submitterNames(message.plan);
        return this.#accepted.resolve();
      case "running":
        this.#status = "RUNNING";
        return;
      case "report":
        this.#lastReport = message.report;
        return this.#giveReport();
      case "accumulators":
      case "checkpointed":
      case "savepoint-taken":
      case "explained": {
        const answer = this.#answers.get(message.request);
        this.#answers.delete(message.request);
        return answer?.(message);
      }
      case "end": {
        this.#accumulators = message.accumulators;
        this.#lastReport = message.report;
        const { outcome } = message;
        return this.#end(outcome.status === "FAILED" ? { status: "FAILED", error: errorFromData(outcome.error) } : outcome);
      }
      case "heartbeat":
      case "request-slots":
      case "dead":
        return assert(false, "the dispatcher keeps what is meant for it");
      default:
        return unreachable(message);
    }
  }

  onLost(error: JobError): void {
    this.#end({ status: "FAILED", error });
  }

  onMasterReplaced(): void {
    for (const answer of this.#answers.values()) answer(undefined);
    this.#answers.clear();
  }

  onRecordLine(port: Port, onClosed: () => void): void {
    const line = new SubmitterRecordLine(port, this.#records);
    this.#recordLines.add(port);
    port.listen(
      (message) => line.receive(message as FromRecordLine),
      () => {
        this.#recordLines.delete(port);
        this.#endRecords();
        // Behind the end of the job, which says more.
        line.close();
        onClosed();
      },
    );
  }

  readonly #onAbort = (): void => {
    this.#cancelReason = this.#signal?.reason;
    this.#job.send({ kind: "cancel" });
  };

  #ask(message: (request: number) => Parameters<SubmittedJob["send"]>[0]): Promise<FromMaster | undefined> {
    if (this.#outcome !== undefined) return Promise.resolve(undefined);
    const request = this.#requests;
    this.#requests += 1;
    return new Promise((resolve) => {
      this.#answers.set(request, resolve);
      this.#job.send(message(request));
    });
  }

  async #savepoint(manner: SavepointManner, { directory }: SavepointOptions): Promise<Savepoint> {
    const answer = await this.#ask((request) => ({ kind: "savepoint", request, manner, directory }));
    if (answer?.kind !== "savepoint-taken") throw this.#noState();
    if ("code" in answer.outcome) throw errorFromData(answer.outcome);
    return answer.outcome;
  }

  #noState(): JobError {
    if (this.#outcome === undefined) return new JobError("CHECKPOINT_FAILED", `the worker that led the job "${this.#jobName}" is gone, and another one goes on with it: try again`);
    return new JobError("JOB_ENDED", `the job "${this.#jobName}" has ended: there is no state to take`);
  }

  #giveReport(): void {
    const report = this.#lastReport;
    for (const stream of this.#reports) {
      if (report !== undefined) stream.set({ status: this.#status, subtasks: report.subtasks, metrics: this.#metricsOf(report), checkpoints: report.checkpoints });
      if (this.#outcome !== undefined) stream.end();
    }
  }

  #metricsOf({ metrics, runningMs }: ReportData): readonly MetricsRow[] {
    return metrics.map((row) => ({ job: this.#jobName, runningMs, ...row }));
  }

  #end(outcome: JobOutcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#status = outcome.status;
    this.#endedAt = this.#host.clock.now();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    if (outcome.status === "FAILED") {
      // A job that was not accepted has rejected its submission.
      if (this.#plan !== undefined) warnUnlessAsked(this.#host, this.#jobName, outcome.error, () => this.#isAsked);
      this.#accepted.reject(outcome.error);
    } else if (outcome.status === "FINISHED") this.#accepted.reject(new JobError("JOB_ENDED", "the job had finished before it was submitted again"));
    else this.#accepted.reject(new JobError("JOB_CANCELED", "the job was canceled before it began", { cause: this.#cancelReason }));
    this.#ended.resolve(outcome);
    for (const answer of this.#answers.values()) answer(undefined);
    this.#answers.clear();
    this.#giveReport();
    this.#endRecords();
  }

  /** Results that are on their way come before the end of their lines, which may be after the end of the job. */
  #endRecords(): void {
    if (this.#outcome === undefined || 0 < this.#recordLines.size) return;
    this.#records.end(this.#outcome.status === "FAILED" ? this.#outcome.error : undefined);
  }
}

/** Submits a job; resolves when its master has accepted it. */
export async function submitJob<Script>(
  dispatcher: Dispatcher<Script>,
  job: JobDescription,
  options: { readonly host: Host; readonly script: Script | undefined; readonly signal: AbortSignal | undefined; readonly since: number | undefined },
): Promise<ClusterJob> {
  const { host, script, signal, since } = options;
  const client = new ClusterJob((listener) => dispatcher.submit(job, script, listener, since), { host, jobId: job.id, signal });
  await client.accepted();
  // Aborted on the way: the job ends as canceled, and nobody wants to hold it.
  if (signal?.aborted === true) await client.result();
  return client;
}

/** The submitter's end of a line for records. */
class SubmitterRecordLine {
  readonly #port: Port;
  readonly #records: SubmitterRecords;
  readonly #pushes = new Map<number, () => void>();
  readonly #gone: (() => void)[] = [];
  /** One a stream: what it has learned of strings stays from buffer to buffer. */
  readonly #readers = new Map<number, BufferReader>();
  #requests = 0;

  constructor(port: Port, records: SubmitterRecords) {
    this.#port = port;
    this.#records = records;
  }

  receive(message: FromRecordLine): void {
    switch (message.kind) {
      case "results":
        return this.#records.stream(message.name).add(this.#decode(message.stream, message.bytes), () => this.#send({ kind: "credit", stream: message.stream }));
      case "inbox":
        this.#gone.push(this.#records.addTarget(message.name, { push: (records, onTaken) => this.#push(message.inbox, records, onTaken) }));
        return;
      case "pushed": {
        const onTaken = this.#pushes.get(message.request);
        this.#pushes.delete(message.request);
        return onTaken?.();
      }
      default:
        return unreachable(message);
    }
  }

  /** The line has closed. */
  close(): void {
    for (const gone of this.#gone.splice(0)) gone();
  }

  #push(inbox: number, records: readonly unknown[], onTaken: () => void): void {
    const builder = new BufferBuilder();
    for (const record of records) builder.addRecord(record, NO_TIMESTAMP);
    const bytes = builder.finish();
    const request = this.#requests;
    this.#requests += 1;
    this.#pushes.set(request, onTaken);
    this.#port.send({ kind: "push", inbox, request, bytes } satisfies ToRecordLine, { buffers: [bytes.buffer] });
  }

  #decode(stream: number, bytes: Uint8Array): unknown[] {
    const reader = this.#readers.get(stream) ?? new BufferReader(bytes);
    if (this.#readers.has(stream)) reader.reset(bytes);
    else this.#readers.set(stream, reader);
    const records: unknown[] = [];
    for (let kind = reader.next(); kind !== DONE; kind = reader.next()) if (kind === RECORD) records.push(reader.value);
    return records;
  }

  #send(message: ToRecordLine): void {
    this.#port.send(message);
  }
}

/** A promise and what settles it, once; a rejection that nobody waits for is no error of the program. */
class Settled<T> {
  readonly promise: Promise<T>;
  resolve: (value: T) => void = () => {};
  reject: (cause: unknown) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => {});
  }
}
