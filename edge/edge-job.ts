import type { ExecutionOptions } from "../core/api/execution-options.ts";
import type { JobStatus, Savepoint } from "../core/api/executor.ts";
import type { JobArgs } from "../core/api/job-module.ts";
import type { RecoverableJobClient } from "../core/cluster.ts";
import { JobError } from "../core/lib/errors.ts";
import { errorFields, HttpError } from "./http-error.ts";
import { type BatchPlace, describeLog, type IngestionLogs } from "./ingestion-logs.ts";
import type { JobRecord, JobTable } from "./job-table.ts";
import { type Outcome, ResultLog } from "./result-log.ts";

/** Ids of results that one life of the object may give: those of the next begin behind them. */
const IDS_PER_LIFE = 1_000_000_000;

/** What somebody wants to run. */
export interface Submission {
  readonly module: string;
  readonly args: JobArgs;
  readonly configuration: ExecutionOptions;
}

/** A submission on its way to the cluster. */
export interface JobStart extends Submission {
  readonly id: string;
  /** See `JobRecord.since`. */
  readonly since: number | undefined;
  readonly signal: AbortSignal;
}

export interface EdgeJobsOptions {
  readonly table: JobTable;
  readonly logs: IngestionLogs;
  /** Runs a job of a module. Rejects where it is refused. */
  start(job: JobStart): Promise<RecoverableJobClient>;
  /** No job is left that has not ended. */
  onIdle(): void;
}

/** A job that was submitted over HTTP, with its last results. */
export class EdgeJob {
  readonly #options: EdgeJobsOptions;
  /** By the names under which the job gives its results. */
  readonly #results = new Map<string, ResultLog>();
  readonly #canceling: AbortController;
  #record: JobRecord;
  /** Once the cluster has taken it. */
  #client: RecoverableJobClient | undefined;
  #following: Promise<void> = Promise.resolve();

  constructor(record: JobRecord, options: EdgeJobsOptions, canceling: AbortController = new AbortController()) {
    this.#record = record;
    this.#options = options;
    this.#canceling = canceling;
    this.#addResults();
    this.#tellEnd();
  }

  get id(): string {
    return this.#record.id;
  }

  get status(): JobStatus {
    return this.#record.outcome?.status ?? this.#client?.getJobStatus() ?? "CREATED";
  }

  /** Whether nothing more comes of it. */
  get hasEnded(): boolean {
    return this.#record.outcome !== undefined;
  }

  /** What answers say of it. */
  get report(): object {
    const { status } = this;
    const { id, module, args, submittedAt, outcome } = this.#record;
    const results = Object.fromEntries([...this.#results].map(([name, log]) => [name, log.count]));
    return { id, module, args, status, submittedAt, results, ...outcome };
  }

  /** The same, with the state of every subtask and what each operator has counted. */
  async detailedReport(): Promise<object> {
    for await (const { subtasks, metrics } of this.#client?.reports() ?? []) return { ...this.report, subtasks, metrics };
    return this.report;
  }

  /** Sees to it that its end becomes known. */
  follow(starting: Promise<RecoverableJobClient>): void {
    this.#following = this.#outcomeOf(starting).then((outcome) => {
      this.#record = { ...this.#record, outcome };
      this.#options.table.put(this.#record);
      this.#tellEnd();
      this.#options.onIdle();
    });
  }

  /** Begins again what an earlier life of this object has begun. */
  resume(): void {
    const { id, module, args, configuration, since } = this.#record;
    this.follow(this.#options.start({ id, module, args, configuration, since, signal: this.#canceling.signal }));
  }

  /** @throws HttpError NOT_FOUND, INVALID_REQUEST */
  sourceNamed(name: string | null): string {
    return theOne("source", [...this.#record.sources, ...this.#record.logs], name, "takes events");
  }

  /** @throws HttpError NOT_FOUND, INVALID_REQUEST */
  resultsNamed(name: string | null): ResultLog {
    return this.#results.get(theOne("name", [...this.#results.keys()], name, "gives results"))!;
  }

  /**
   * Gives records to a source. Resolves when they are in its log; when the job has taken them, where it has none.
   *
   * @throws HttpError JOB_ENDED where it has ended, or ends before; LOG_FULL; INVALID_REQUEST for a batch where there is no log
   */
  async push(source: string, records: readonly unknown[], batch: BatchPlace | undefined): Promise<void> {
    if (this.#record.logs.includes(source)) return this.#options.logs.append(source, records, batch);
    if (batch !== undefined) {
      throw new HttpError("INVALID_REQUEST", `the source "${source}" does not remember batches, and would take this one twice: leave out its id, or make the source an IngestionSource`);
    }
    const client = this.#running();
    try {
      await client.push(source, records);
    } catch (error) {
      const status = client.getJobStatus();
      if (status !== "CREATED" && status !== "RUNNING") {
        await this.#following;
        this.requireRunning("takes no events");
      }
      throw error;
    }
  }

  /** @throws HttpError JOB_ENDED, which says why it failed where it did */
  requireRunning(what: string): void {
    const { outcome } = this.#record;
    if (outcome === undefined) return;
    const { status, error } = outcome;
    const message = `job ${this.id} ${what}: it is ${status}`;
    throw error === undefined ? new HttpError("JOB_ENDED", message) : new HttpError("JOB_ENDED", `${message}: ${error.message}`, {}, { error });
  }

  /** Takes all state of the job, and keeps it. @throws HttpError JOB_ENDED; JobError CHECKPOINT_FAILED, STORAGE_FAILED */
  async savepoint(directory: string, manner: { readonly stop: boolean; readonly drain: boolean }): Promise<Savepoint> {
    this.requireRunning("has no state any more");
    const client = this.#running();
    return manner.stop ? client.stopWithSavepoint({ directory, drain: manner.drain }) : client.triggerSavepoint({ directory });
  }

  async cancel(): Promise<void> {
    // Reaches it also on its way to the cluster.
    this.#canceling.abort();
    await this.#following;
  }

  /** @throws HttpError UNAVAILABLE */
  #running(): RecoverableJobClient {
    if (this.#client !== undefined) return this.#client;
    throw new HttpError("UNAVAILABLE", `job ${this.id} is being begun again, since the object that led it was lost: try again later`, { "retry-after": "1" });
  }

  async #outcomeOf(starting: Promise<RecoverableJobClient>): Promise<Outcome> {
    try {
      const client = await starting;
      this.#client = client;
      // Another version of the module may have been deployed meanwhile.
      this.#record = { ...this.#record, ...learnedFrom(client), since: this.#record.since ?? client.since };
      this.#options.table.put(this.#record);
      this.#addResults();
      await Promise.all(this.#record.sinks.map((name) => keep(client, name, this.#results.get(name)!)));
      await client.result();
      return { status: "FINISHED" };
    } catch (error) {
      if (error instanceof JobError && error.code === "JOB_CANCELED") return { status: "CANCELED" };
      // Its storage says so: it had, and this object was lost before it was noted here.
      if (error instanceof JobError && error.code === "JOB_ENDED") return { status: "FINISHED" };
      return { status: "FAILED", error: errorFields(error) };
    }
  }

  #addResults(): void {
    const { sinks, losses } = this.#record;
    for (const name of sinks) if (!this.#results.has(name)) this.#results.set(name, new ResultLog(losses * IDS_PER_LIFE + 1));
  }

  #tellEnd(): void {
    const { outcome } = this.#record;
    if (outcome !== undefined) for (const log of this.#results.values()) log.end(outcome);
  }
}

/** What makes the job fail is told by its result. */
async function keep(client: RecoverableJobClient, name: string, log: ResultLog): Promise<void> {
  try {
    for await (const batch of client.results(name)) log.append(batch);
  } catch {}
}

/** The names by which the sources of a job are fed, and its results are taken; and since when it is led. */
export function learnedFrom({ plan, since }: RecoverableJobClient): Pick<JobRecord, "sources" | "logs" | "sinks" | "since"> {
  const names = { source: new Set<string>(), log: new Set<string>(), sink: new Set<string>() };
  for (const { kind, submitterName, details } of plan.vertices.flatMap((vertex) => vertex.operators)) {
    if (submitterName === null) continue;
    if (kind === "sink") names.sink.add(submitterName);
    else if (kind === "source") names[details["source"] === describeLog(submitterName) ? "log" : "source"].add(submitterName);
  }
  return { sources: [...names.source], logs: [...names.log], sinks: [...names.sink], since };
}

/** The name that is meant: where there is one only, it need not be said. */
function theOne(parameter: string, names: readonly string[], asked: string | null, does: string): string {
  const known = names.map((name) => `"${name}"`).join(", ");
  if (asked !== null && names.includes(asked)) return asked;
  if (names.length === 0) throw new HttpError("NOT_FOUND", `nothing of this job ${does}`);
  if (asked !== null) throw new HttpError("NOT_FOUND", `nothing of this job ${does} under the name "${asked}"; there is ${known}`);
  if (1 < names.length) throw new HttpError("INVALID_REQUEST", `say what is meant, with ?${parameter}=NAME; there is ${known}`);
  return names[0]!;
}
