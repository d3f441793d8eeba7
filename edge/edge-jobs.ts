import type { JobStatus } from "../core/api/executor.ts";
import type { JobArgs } from "../core/api/job-module.ts";
import { errorFields, HttpError } from "./http-error.ts";
import { ResultLog } from "./result-log.ts";

/** Jobs that one object holds; those that have ended make room. */
export const JOBS_MAX = 8;

/** What this object needs of a job, wherever it runs. */
export interface RunningJob {
  /** The names of its sources that take records from outside. */
  readonly sources: readonly string[];
  getJobStatus(): JobStatus;
  cancel(): Promise<void>;
  /** Resolves when the job has finished; rejects with what made it fail, or with JOB_CANCELED. */
  result(): Promise<unknown>;
  /** In batches, each once. */
  results(): AsyncIterable<readonly unknown[]>;
  /** Resolves when the job has taken the records. */
  push(source: string, records: readonly unknown[]): Promise<void>;
}

/** Runs a job module. Rejects where the job is refused. */
export type SubmitJob = (module: string, args: JobArgs) => Promise<RunningJob>;

/** A job that was submitted over HTTP, with its last results. */
export class EdgeJob {
  readonly id: string;
  readonly module: string;
  readonly args: JobArgs;
  readonly submittedAt: string;
  readonly results = new ResultLog();
  readonly #running: RunningJob;

  constructor(id: string, module: string, args: JobArgs, running: RunningJob) {
    this.id = id;
    this.module = module;
    this.args = args;
    this.submittedAt = new Date().toISOString();
    this.#running = running;
    void this.#collect();
  }

  get status(): JobStatus {
    return this.#running.getJobStatus();
  }

  get hasEnded(): boolean {
    return !["CREATED", "RUNNING"].includes(this.status);
  }

  /** What answers say of it. */
  get report(): object {
    const { id, module, args, status, submittedAt, results } = this;
    const error = results.outcome?.error;
    return { id, module, args, status, submittedAt, results: results.nextId - 1, ...(error === undefined ? {} : { error }) };
  }

  /** The source that is meant; where the job has one only, it need not be named. @throws HttpError NOT_FOUND, INVALID_REQUEST */
  sourceNamed(name: string | null): string {
    const { sources } = this.#running;
    const known = sources.length === 0 ? "it has none" : `it has ${sources.map((source) => `"${source}"`).join(", ")}`;
    if (name !== null && !sources.includes(name)) throw new HttpError("NOT_FOUND", `job ${this.id} has no source "${name}" that takes events: ${known}`);
    if (name !== null) return name;
    const [only] = sources;
    if (only !== undefined && sources.length === 1) return only;
    if (only === undefined) throw new HttpError("NOT_FOUND", `job ${this.id} has no source that takes events`);
    throw new HttpError("INVALID_REQUEST", `job ${this.id} has several sources, so say which: add ?source=NAME; ${known}`);
  }

  /** @throws HttpError JOB_ENDED where the job has ended, or ends before it has taken them */
  async push(source: string, records: readonly unknown[]): Promise<void> {
    try {
      this.requireRunning();
      await this.#running.push(source, records);
    } catch (error) {
      this.requireRunning();
      throw error;
    }
  }

  requireRunning(): void {
    if (this.hasEnded) throw new HttpError("JOB_ENDED", `job ${this.id} takes no events: it is ${this.status}`);
  }

  cancel(): Promise<void> {
    return this.#running.cancel();
  }

  async #collect(): Promise<void> {
    try {
      for await (const batch of this.#running.results()) this.results.append(batch);
      await this.#running.result();
      this.results.end({ status: this.status });
    } catch (error) {
      // The results may end before the job does, and with the same error.
      await this.#running.result().catch(() => {});
      this.results.end({ status: this.status, ...(this.status === "CANCELED" ? {} : { error: errorFields(error) }) });
    }
  }
}

/** The jobs of this object. */
export class EdgeJobs {
  readonly #submit: SubmitJob;
  readonly #jobs = new Map<string, EdgeJob>();
  /** Jobs that are about to be held. */
  #submitting = 0;

  constructor(submit: SubmitJob) {
    this.#submit = submit;
  }

  /** @throws HttpError TOO_MANY_JOBS; JobError where the job is refused */
  async submit(module: string, args: JobArgs): Promise<EdgeJob> {
    this.#makeRoom();
    this.#submitting += 1;
    try {
      const job = new EdgeJob(newId(), module, args, await this.#submit(module, args));
      this.#jobs.set(job.id, job);
      return job;
    } finally {
      this.#submitting -= 1;
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
    if (ended === undefined) throw new HttpError("TOO_MANY_JOBS", `${JOBS_MAX} jobs are running, which is the most: cancel one with DELETE /jobs/ID`);
    this.#jobs.delete(ended.id);
  }
}

function newId(): string {
  return crypto.randomUUID().slice(-12);
}
