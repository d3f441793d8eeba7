import { CheckpointHistory } from "../checkpoint/checkpoint-history.ts";
import { jobGraphToJson } from "../graph/fingerprint.ts";
import type { JobGraph } from "../graph/job-graph.ts";
import type { Cancellable, Host, Port } from "../host/host.ts";
import { unreachable } from "../lib/assert.ts";
import { errorFromData, errorToData } from "../lib/error-data.ts";
import { JobError } from "../lib/errors.ts";
import { ClusterAttempt } from "./cluster-attempt.ts";
import type { JobOutcome } from "./job-attempt.ts";
import { type AttemptStart, isSharedStorage, JobRecovery } from "./job-recovery.ts";
import type { JobSnapshots } from "./job-snapshots.ts";
import type { AccumulatorValues, ClusterSettings, FromMaster, JobDescription, OutcomeData, ReportData, ToMaster } from "./protocol.ts";
import { storeSavepoint } from "./stored-savepoint.ts";

/** A job as a worker has built it. */
export interface LoadedJob {
  readonly graph: JobGraph;
  explain(): string;
}

/** Imports the module of a job, builds its graph and loads the parts that it needs. One of the two is called, once. */
export type LoadJob = (job: JobDescription, onLoaded: (loaded: LoadedJob) => void, onFailure: (error: JobError) => void) => void;

export interface JobMasterOptions {
  readonly host: Host;
  /** To the submitter, with dispatcher and resource manager. */
  readonly port: Port;
  readonly job: JobDescription;
  readonly settings: ClusterSettings;
  readonly loadJob: LoadJob;
  /** Epoch of the first master of the job; undefined: this is the first. */
  readonly since: number | undefined;
}

/**
 * The master of one job: builds its graph, finds what it goes on from, asks for slots for each of its attempts, and begins another one where it may. It ends with its submitter's line: nobody
 * is there any more who wants the job.
 */
export class JobMaster {
  readonly #options: JobMasterOptions;
  #loaded: LoadedJob | undefined;
  #recovery: JobRecovery | undefined;
  #attempt: ClusterAttempt | undefined;
  readonly #history = new CheckpointHistory();
  /** What the last attempt that has ended has counted. */
  #accumulators: AccumulatorValues = [];
  #report: ReportData = { runningMs: 0, metrics: [], subtasks: [], checkpoints: this.#history.report };
  /** What reports to the submitter, until it wants no more of it. */
  #reporting: { timer: Cancellable } | undefined;
  /** What the submitter has asked of the sources, for those that are not there yet. */
  #recordsPerSecond: number | undefined;
  #isStopping = false;
  #isAccepted = false;
  #isCanceled = false;
  /** Whether an attempt that has ended is asked what it has counted: a report to the submitter would take the place of that. */
  #isCounting = false;
  #runningSince: number | undefined;
  #isOver = false;

  constructor(options: JobMasterOptions) {
    this.#options = options;
    options.port.listen(
      (message, ports) => this.#receive(message as ToMaster, ports),
      () => this.#abandon(),
    );
    options.loadJob(options.job, (loaded) => this.#onLoaded(loaded), (error) => this.#end({ status: "FAILED", error }));
  }

  #receive(message: ToMaster, ports: readonly Port[]): void {
    if (this.#isOver) {
      for (const port of ports) port.close();
      return;
    }
    switch (message.kind) {
      case "slots":
        return this.#attempt?.deploy(message.members, ports);
      case "no-slots":
        return this.#attempt?.fail(errorFromData(message.error));
      case "lost":
        return this.#attempt?.lost(message.taskManager, message.reason);
      case "heartbeat":
        return this.#send({ kind: "heartbeat", count: message.count });
      case "cancel":
        return this.#cancel();
      case "stop":
        this.#isStopping = true;
        return this.#attempt?.toAll({ kind: "stop" });
      case "throttle":
        return this.#throttle(message.recordsPerSecond);
      case "report":
        return this.#reportEvery(message.everyMs);
      case "accumulators":
        return this.#tellAccumulators(message.request);
      case "explain":
        return this.#send({ kind: "explained", request: message.request, text: this.#loaded?.explain() ?? "" });
      case "checkpoint":
        return this.#checkpoint(message.request);
      case "savepoint":
        return this.#savepoint(message);
      default:
        return unreachable(message);
    }
  }

  #send(message: FromMaster): void {
    this.#options.port.send(message);
  }

  #onLoaded(loaded: LoadedJob): void {
    if (this.#isOver) return;
    const { graph } = loaded;
    const { host, since } = this.#options;
    this.#loaded = loaded;
    this.#recovery = new JobRecovery({ host, graph, startsAfresh: false, since, begin: (start) => this.#begin(start), onEnd: (outcome) => this.#end(outcome) });
    this.#recovery.start();
  }

  #begin(start: AttemptStart): void {
    if (start.restore !== undefined) this.#history.restored();
    const { host, job, settings } = this.#options;
    const { graph } = this.#loaded!;
    const attempt: ClusterAttempt = new ClusterAttempt({
      host,
      job,
      settings,
      graph,
      start,
      history: this.#history,
      onDeployed: () => this.#onDeployed(attempt),
      onRunning: () => this.#send({ kind: "running" }),
      onDead: (taskManager, reason) => this.#send({ kind: "dead", taskManager, reason }),
      onDamaged: (error) => {
        this.#attempt = undefined;
        this.#recovery!.fallBack(error);
      },
      onEnd: (outcome) => this.#onAttemptEnd(attempt, outcome),
    });
    this.#attempt = attempt;
    // First: more slots than there are refuse the job, before anybody takes it for accepted.
    this.#send({ kind: "request-slots", slots: Math.max(...graph.vertices.map(({ parallelism }) => parallelism)) });
    if (this.#isAccepted) return;
    this.#isAccepted = true;
    const since = start.store !== undefined && isSharedStorage(graph.settings.checkpointing?.storage) ? start.store.epoch : undefined;
    this.#send({ kind: "accepted", jobName: graph.jobName, plan: jobGraphToJson(graph), since });
  }

  #onDeployed(attempt: ClusterAttempt): void {
    this.#runningSince ??= this.#options.host.clock.now();
    if (this.#recordsPerSecond !== undefined) this.#throttle(this.#recordsPerSecond);
    if (this.#isStopping) attempt.toAll({ kind: "stop" });
  }

  /** Nothing runs any more. What was counted is asked for once more, as it is at the end. */
  #onAttemptEnd(attempt: ClusterAttempt, outcome: JobOutcome): void {
    this.#isCounting = true;
    attempt.reports.ask(() =>
      attempt.accumulators.ask((values) => {
        if (this.#attempt !== attempt) return;
        this.#isCounting = false;
        this.#report = this.#reportData();
        this.#attempt = undefined;
        attempt.leave();
        if (!("code" in values)) {
          this.#accumulators = values;
          this.#recovery!.attemptEnded(outcome);
        }
        // A result that lacks what a worker has counted would be wrong.
        else this.#recovery!.attemptEnded(outcome.status === "FINISHED" ? { status: "FAILED", error: errorFromData(values) } : outcome);
      }),
    );
  }

  #cancel(): void {
    if (this.#isCanceled) return;
    this.#isCanceled = true;
    if (this.#loaded === undefined) this.#end({ status: "CANCELED" });
    else if (this.#attempt === undefined) this.#recovery!.cancel();
    else this.#attempt.cancel();
  }

  #end(outcome: JobOutcome): void {
    if (this.#isOver) return;
    this.#reporting?.timer.cancel();
    this.#send({ kind: "end", outcome: outcomeData(outcome), accumulators: this.#accumulators, report: { ...this.#report, checkpoints: this.#history.report } });
    this.#abandon();
  }

  #abandon(): void {
    this.#isOver = true;
    this.#reporting?.timer.cancel();
    this.#attempt?.leave();
    this.#recovery?.abandon();
    this.#options.port.close();
  }

  #throttle(recordsPerSecond: number | undefined): void {
    this.#recordsPerSecond = recordsPerSecond;
    const sources = this.#loaded?.graph.vertices.filter(({ operators }) => operators[0]!.node.enumerator !== undefined) ?? [];
    const subtasks = sources.reduce((sum, { parallelism }) => sum + parallelism, 0);
    this.#attempt?.toAll({ kind: "throttle", recordsPerSecond: recordsPerSecond === undefined ? undefined : recordsPerSecond / Math.max(1, subtasks) });
  }

  #tellAccumulators(request: number): void {
    const tell = (values: Parameters<Parameters<ClusterAttempt["accumulators"]["ask"]>[0]>[0]): void => this.#send({ kind: "accumulators", request, values });
    if (this.#attempt === undefined) tell(this.#accumulators);
    else this.#attempt.accumulators.ask(tell);
  }

  #checkpoint(request: number): void {
    const failed = (error: JobError): void => this.#send({ kind: "checkpointed", request, outcome: errorToData(error) });
    const { checkpointing, jobName } = { ...this.#loaded?.graph.settings, jobName: this.#loaded?.graph.jobName };
    if (checkpointing === undefined) {
      return failed(new JobError("CHECKPOINT_FAILED", `the job "${jobName ?? ""}" takes no checkpoints: call env.enableCheckpointing(1_000) in its job function`));
    }
    this.#running(failed)?.checkpoint((checkpointId) => this.#send({ kind: "checkpointed", request, outcome: checkpointId }), failed);
  }

  #savepoint({ request, manner, directory }: ToMaster & { readonly kind: "savepoint" }): void {
    const { host } = this.#options;
    const failed = (error: JobError): void => this.#send({ kind: "savepoint-taken", request, outcome: errorToData(error) });
    const jobName = this.#loaded?.graph.jobName ?? "";
    this.#running(failed)?.savepoint(
      manner,
      (bytes, proceed) =>
        storeSavepoint(
          bytes,
          { directory, jobName, host },
          (path) => {
            this.#send({ kind: "savepoint-taken", request, outcome: { bytes, path } });
            proceed(true);
          },
          (error) => {
            failed(error);
            proceed(false);
          },
        ),
      failed,
    );
  }

  #running(onFailure: (error: JobError) => void): JobSnapshots | undefined {
    const snapshots = this.#attempt?.snapshots;
    if (snapshots === undefined) onFailure(new JobError("CHECKPOINT_FAILED", "the job does not run now: it has not begun yet, or begins again after a failure. Try again when it does"));
    return snapshots;
  }

  #reportEvery(everyMs: number | undefined): void {
    this.#reporting?.timer.cancel();
    this.#reporting = undefined;
    if (everyMs === undefined || this.#isOver) return;
    const { host } = this.#options;
    const reporting = { timer: { cancel: () => {} } };
    this.#reporting = reporting;
    const tell = (): void => {
      if (this.#reporting !== reporting || this.#isOver) return;
      this.#send({ kind: "report", report: this.#reportData() });
      reporting.timer = host.scheduler.at(host.clock.now() + everyMs, report);
    };
    const report = (): void => {
      if (this.#attempt === undefined || this.#isCounting) tell();
      else this.#attempt.reports.ask(tell);
    };
    report();
  }

  #reportData(): ReportData {
    const { host } = this.#options;
    if (this.#attempt === undefined) return { ...this.#report, checkpoints: this.#history.report };
    return {
      runningMs: this.#runningSince === undefined ? 0 : host.clock.now() - this.#runningSince,
      metrics: this.#attempt.metrics(),
      subtasks: this.#attempt.subtasks(),
      checkpoints: this.#history.report,
    };
  }
}

function outcomeData(outcome: JobOutcome): OutcomeData {
  return outcome.status === "FAILED" ? { status: "FAILED", error: errorToData(outcome.error) } : outcome;
}
