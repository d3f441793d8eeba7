/**
 * Every error that the world or the user can cause, each code once. A user error is final: no restart strategy retries it.
 * docs/errors.md has a section per code; test/tidy.test.ts holds the two together.
 */
export const ERROR_CODES = {
  DUPLICATE_UID: "user",
  INVALID_ARGUMENT: "user",
  UNKNOWN_OPTION: "user",
  UNKEYED_STREAM: "user",
  MISSING_TIMESTAMPS: "user",
  INVALID_TIMESTAMP: "user",
  INVALID_KEY: "user",
  STATE_TYPE_CONFLICT: "user",
  STATE_NOT_AVAILABLE: "user",
  NOT_SERIALIZABLE: "user",
  CORRUPT_DATA: "system",
  MALFORMED_RECORD: "user",
  USER_FUNCTION_FAILED: "user",
  ARITHMETIC_OVERFLOW: "user",
  BATCH_MEMORY_EXCEEDED: "user",
  EMPTY_JOB: "user",
  NO_CLIENT: "user",
  JOB_MODULE_INVALID: "user",
  JOB_CANCELED: "user",
  SOURCE_FAILED: "system",
  SINK_FAILED: "system",
  SOURCE_EXHAUSTED: "user",
  RESTORE_MISMATCH: "user",
  KERNEL_UNAVAILABLE: "system",
  CODE_UNAVAILABLE: "system",
  GRAPH_MISMATCH: "user",
  NO_SLOTS: "user",
  TASK_MANAGER_LOST: "system",
  JOB_MASTER_LOST: "system",
  PROTOCOL_MISMATCH: "system",
  CLUSTER_CLOSED: "user",
  JOB_ENDED: "user",
  STORAGE_FAILED: "system",
  CHECKPOINT_FAILED: "system",
  LEADERSHIP_LOST: "user",
  INTERNAL: "system",
} as const satisfies Record<string, "user" | "system">;

/** One of the codes that `docs/errors.md` explains. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Where in a running job an error happened; whatever is known. */
export interface ErrorPlace {
  /** Name of the operator as in `explain`. */
  readonly operator?: string;
  /** Zero-based index of the subtask. */
  readonly subtask?: number;
  /** Number of subtasks of the operator. */
  readonly parallelism?: number;
  /** The record at hand, printed and cut to a readable length. */
  readonly record?: string;
  /** Its timestamp in ms since the epoch; absent where the record has none. */
  readonly timestamp?: number;
  /** The key at hand, printed. */
  readonly key?: string;
}

/** The place of an error, and what caused it. */
export interface JobErrorOptions extends ErrorPlace {
  readonly cause?: unknown;
}

/** An error of the world or the user, with a code that `docs/errors.md` explains and the place where it happened. */
export class JobError extends Error {
  override readonly name = "JobError";
  readonly code: ErrorCode;
  /** What went wrong, without the place. */
  readonly reason: string;
  readonly place: ErrorPlace;

  constructor(code: ErrorCode, reason: string, options: JobErrorOptions = {}) {
    const { cause, ...place } = options;
    super(describe(code, reason, place), cause === undefined ? undefined : { cause });
    this.code = code;
    this.reason = reason;
    this.place = place;
  }

  /** User errors are final; system errors may be retried by a restart strategy. */
  get kind(): "user" | "system" {
    return ERROR_CODES[this.code];
  }

  /** The same error with more of its place known; what was known before stays. */
  at(place: ErrorPlace): JobError {
    const error = new JobError(this.code, this.reason, { ...place, ...this.place, cause: this.cause });
    if (this.stack !== undefined) error.stack = this.stack.replace(this.message, () => error.message);
    return error;
  }
}

function describe(code: ErrorCode, reason: string, place: ErrorPlace): string {
  const parts: string[] = [];
  if (place.operator !== undefined) parts.push(`operator "${place.operator}"`);
  if (place.subtask !== undefined) {
    parts.push(place.parallelism === undefined ? `subtask ${place.subtask}` : `subtask ${place.subtask + 1}/${place.parallelism}`);
  }
  if (place.key !== undefined) parts.push(`key ${place.key}`);
  if (place.record !== undefined) parts.push(`record ${place.record}`);
  if (place.timestamp !== undefined) parts.push(`timestamp ${place.timestamp}`);
  const where = parts.length === 0 ? "" : `\n  at ${parts.join(", ")}`;
  return `[${code}] ${reason}${where}`;
}

/** The error of bytes that cannot be what was written. */
export function corrupt(what: string): JobError {
  return new JobError(
    "CORRUPT_DATA",
    `stored or transported bytes are damaged: ${what}. Restore from an older checkpoint, or write the data again.`,
  );
}
