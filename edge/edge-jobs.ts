import { EdgeJob, type EdgeJobsOptions, learnedFrom, type Submission } from "./edge-job.ts";
import { HttpError } from "./http-error.ts";

/** Jobs that one object holds; those that have ended make room. */
export const JOBS_MAX = 8;

/** The jobs of this object: those that an earlier life of it had begun go on. */
export class EdgeJobs {
  readonly #options: EdgeJobsOptions;
  readonly #jobs = new Map<string, EdgeJob>();
  /** Jobs of an earlier life that have not been begun again. */
  readonly #found: EdgeJob[] = [];
  /** Jobs that are about to be held. */
  #submitting = 0;
  readonly #onIdle: () => void;

  constructor(options: EdgeJobsOptions) {
    this.#options = { ...options, onIdle: () => this.#tellIfIdle() };
    this.#onIdle = options.onIdle;
    for (const record of options.table.all()) {
      const found = { ...record, losses: record.losses + 1 };
      const job = new EdgeJob(found, this.#options);
      this.#jobs.set(job.id, job);
      if (job.hasEnded) continue;
      options.table.put(found);
      this.#found.push(job);
    }
  }

  /** Begins again what an earlier life of this object has begun; once. */
  resume(): void {
    for (const job of this.#found.splice(0)) job.resume();
  }

  /** @throws HttpError TOO_MANY_JOBS; JobError where the job is refused */
  async submit(submission: Submission): Promise<EdgeJob> {
    this.#makeRoom();
    this.#submitting += 1;
    try {
      const id = crypto.randomUUID().slice(-12);
      const canceling = new AbortController();
      const client = await this.#options.start({ ...submission, id, since: undefined, signal: canceling.signal });
      const record = { ...submission, id, submittedAt: new Date().toISOString(), losses: 0, ...learnedFrom(client) };
      this.#options.table.put(record);
      const job = new EdgeJob(record, this.#options, canceling);
      job.follow(Promise.resolve(client));
      this.#jobs.set(id, job);
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
    throw new HttpError("NOT_FOUND", `there is no job ${id}: GET /jobs lists those there are; those that have ended make room for others`);
  }

  #makeRoom(): void {
    if (this.#jobs.size + this.#submitting < JOBS_MAX) return;
    const ended = this.list().find((job) => job.hasEnded);
    if (ended === undefined) throw new HttpError("TOO_MANY_JOBS", `${JOBS_MAX} jobs are running or waiting, which is the most: cancel one with DELETE /jobs/ID`);
    this.#jobs.delete(ended.id);
    this.#options.table.remove(ended.id);
  }

  #tellIfIdle(): void {
    if (this.#submitting === 0 && this.list().every((job) => job.hasEnded)) this.#onIdle();
  }
}
