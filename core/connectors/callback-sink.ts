import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import type { Sink } from "./sink.ts";

/** What a callback is told beside the record. */
export interface CallbackContext {
  /** ms since the epoch; undefined where the record has none. */
  readonly timestamp: number | undefined;
  /** The watermark of the sink's subtask; −∞ before the first. */
  readonly watermark: number;
  /** From 0 on. */
  readonly subtaskIndex: number;
}

/**
 * Calls a function with each record, where the sink's subtask runs. After a restart, records since the last checkpoint come
 * again.
 * @throws JobError INVALID_ARGUMENT unless `callback` is a function. What the callback throws fails the job with
 * USER_FUNCTION_FAILED.
 */
export function callbackSink<T>(callback: (record: T, context: CallbackContext) => void): Sink<T> {
  if (typeof callback !== "function")
    throw new JobError("INVALID_ARGUMENT", `callbackSink takes a function, but got ${show(callback)}`);
  return {
    describe: () => `callback ${callback.name || "function"}`,
    createWriter: ({ subtaskIndex }) => ({
      write(record, { timestamp, watermark }) {
        try {
          callback(record, { timestamp, watermark, subtaskIndex });
        } catch (cause) {
          throw callbackError(cause);
        }
      },
      flush() {},
      close() {},
    }),
  };
}

/** What a function that takes records threw; the sink adds the place. */
export function callbackError(cause: unknown): JobError {
  if (cause instanceof JobError) return cause;
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : `the value ${show(cause)} was thrown`;
  return new JobError("USER_FUNCTION_FAILED", text, { cause });
}
