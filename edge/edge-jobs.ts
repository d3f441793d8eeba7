import type { ClusterJobClient, JobStatus } from "../core/api/executor.ts";
import type { JobArgs } from "../core/api/job-module.ts";
import { errorFields, HttpError } from "./http-error.ts";
import { type Outcome, ResultLog } from "./result-log.ts";

/** Jobs that one object holds; those that have ended make room. */
export const JOBS_MAX = 8;

/** A job that was submitted over HTTP, with its last results. */
export class EdgeJob {
  readonly id = crypto.randomUUID().slice(-12);
  readonly module: string;
  readonly args: JobArgs;
  readonly submittedAt = new Date().toISOString();
  /** By the names under which the job gives its results. */
  readonly #results: ReadonlyMap<string, ResultLog>;
  readonly #sources: readonly string[];
  readonly #client: ClusterJobClient;
  #outcome: Outcome | undefined;

  constructor(module: string, args: JobArgs, client: ClusterJobClient, onEnd: () => void) {
    this.module = module;
    this.args = args;
    this.#client = client;
    this.#sources = submitterNames(client, "source");
    this.#results = new Map(submitterNames(client, "sink").map((name) => [name, new ResultLog()]));
    void this.#follow().then(onEnd);
  }

  get status(): JobStatus {
    return this.#client.getJobStatus();
  }

  /** Whether nothing more comes of it. */
  get hasEnded(): boolean {
    return this.#outcome !== undefined;
  }

  /** What answers say of it. */
  get report(): object {
    const { id, module, args, status, submittedAt } = this;
    const results = Object.fromEntries([...this.#results].map(([name, log]) => [name, log.nextId - 1]));
    return { id, module, args, status, submittedAt, results, ...this.#outcome };
  }

  /** The same, with the state of every subtask and what each operator has counted. */
  async detailedReport(): Promise<object> {
    for await (const { subtasks, metrics } of this.#client.reports()) return { ...this.report, subtasks, metrics };
    return this.report;
  }

  /** @throws HttpError NOT_FOUND, INVALID_REQUEST */
  sourceNamed(name: string | null): string {
    return theOne("source", this.#sources, name, "takes events");
  }

  /** @throws HttpError NOT_FOUND, INVALID_REQUEST */
  resultsNamed(name: string | null): ResultLog {
    return this.#results.get(theOne("name", [...this.#results.keys()], name, "gives results"))!;
  }

  /** Resolves when the job has taken the records. @throws HttpError JOB_ENDED where it has ended, or ends before */
  async push(source: string, records: readonly unknown[]): Promise<void> {
    try {
      await this.#client.push(source, records);
    } catch (error) {
      await this.requireRunning();
      throw error;
    }
  }

  /** @throws HttpError JOB_ENDED, which says why it failed where it did */
  async requireRunning(): Promise<void> {
    const { status } = this;
    if (status === "CREATED" || status === "RUNNING") return;
    const message = `job ${this.id} takes no events: it is ${status}`;
    const error = status === "FAILED" ? await this.#error() : undefined;
    throw error === undefined ? new HttpError("JOB_ENDED", message) : new HttpError("JOB_ENDED", `${message}: ${error.message}`, {}, { error });
  }

  async cancel(): Promise<void> {
    await this.#client.cancel();
  }

  async #follow(): Promise<void> {
    await Promise.all([...this.#results].map(([name, log]) => this.#keep(name, log)));
    const error = await this.#error();
    const { status } = this;
    this.#outcome = { status, ...(status === "FAILED" && error !== undefined ? { error } : {}) };
    for (const log of this.#results.values()) log.end(this.#outcome);
  }

  /** Why it ended as it did, where it did not finish; when it has ended. */
  #error(): Promise<Outcome["error"]> {
    return this.#client.result().then(() => undefined, errorFields);
  }

  /** What makes the job fail is told by its result. */
  async #keep(name: string, log: ResultLog): Promise<void> {
    try {
      for await (const batch of this.#client.results(name)) log.append(batch);
    } catch {}
  }
}

interface EdgeJobsOptions {
  /** Runs a job of a module. Rejects where it is refused. */
  submit(module: string, args: JobArgs): Promise<ClusterJobClient>;
  /** No job is left that has not ended. */
  onIdle(): void;
}

/** The jobs of this object. */
export class EdgeJobs {
  readonly #options: EdgeJobsOptions;
  readonly #jobs = new Map<string, EdgeJob>();
  /** Jobs that are about to be held. */
  #submitting = 0;

  constructor(options: EdgeJobsOptions) {
    this.#options = options;
  }

  /** @throws HttpError TOO_MANY_JOBS; JobError where the job is refused */
  async submit(module: string, args: JobArgs): Promise<EdgeJob> {
    this.#makeRoom();
    this.#submitting += 1;
    try {
      const client = await this.#options.submit(module, args);
      const job = new EdgeJob(module, args, client, () => this.#tellIfIdle());
      this.#jobs.set(job.id, job);
      return job;
    } finally {
      this.#submitting -= 1;
      this.#tellIfIdle();
    }
  }

  list(): readonly EdgeJob[] {
    return [...this.#jobs.values()];
  }

  /** @throws HttpError NOT_FOUND */
  get(id: string): EdgeJob {
    const job = this.#jobs.get(id);
    if (job !== undefined) return job;
    throw new HttpError("NOT_FOUND", `there is no job ${id}: GET /jobs lists those there are; jobs are lost when the platform evicts the object that holds them`);
  }

  #makeRoom(): void {
    if (this.#jobs.size + this.#submitting < JOBS_MAX) return;
    const ended = this.list().find((job) => job.hasEnded);
    if (ended === undefined) throw new HttpError("TOO_MANY_JOBS", `${JOBS_MAX} jobs are running or waiting, which is the most: cancel one with DELETE /jobs/ID`);
    this.#jobs.delete(ended.id);
  }

  #tellIfIdle(): void {
    if (this.#submitting === 0 && this.list().every((job) => job.hasEnded)) this.#options.onIdle();
  }
}

/** The names by which the submitter of a job feeds its sources, or takes the results of its sinks. */
function submitterNames({ plan }: ClusterJobClient, kind: "source" | "sink"): string[] {
  const operators = plan.vertices.flatMap((vertex) => vertex.operators).filter((operator) => operator.kind === kind);
  return [...new Set(operators.map(({ submitterName }) => submitterName).filter((name) => name !== null))];
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
