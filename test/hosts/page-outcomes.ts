/** What a page tells of the jobs that it has run. */
export interface JobsOutcome {
  readonly jobs: number;
  /** Why, with the job. */
  readonly failed: readonly string[];
  /** By name: what jobs have given that do not give what they give in place. */
  readonly different: Readonly<Record<string, readonly string[]>>;
  /** Subtasks of keyed operators that have processed no record, with their job. */
  readonly idle: readonly string[];
  /** Rings in shared memory that its workers have made. */
  readonly rings: number;
}

/** Tells texts apart as well as they do themselves, and is short: SHA-256 of all of them in order. */
export async function digestOf(lines: readonly string[]): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(lines)));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What a page tells of a job that lost a worker. */
export interface TroubleOutcome {
  /** Of the error that the job failed with. */
  readonly message: string;
  readonly status: string;
  /** What the next job on the same cluster has given. */
  readonly next: readonly unknown[];
}
