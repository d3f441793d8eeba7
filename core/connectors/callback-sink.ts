import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { isThenable } from "../lib/thenable.ts";
import type { Sink, SinkWriter, SinkWriterContext } from "./sink.ts";

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
 * Calls a function with each record, where the sink's subtask runs. Where it returns a promise, the next record waits for it, and so do checkpoints and the
 * end of the job: a write to a database or a service needs no more than this. After a restart, records since the last checkpoint come again.
 * @throws JobError INVALID_ARGUMENT unless `callback` is a function. What the callback throws, and a promise that rejects, fails the job with
 * USER_FUNCTION_FAILED.
 */
export function callbackSink<T>(callback: (record: T, context: CallbackContext) => unknown): Sink<T> {
  if (typeof callback !== "function")
    throw new JobError("INVALID_ARGUMENT", `callbackSink takes a function, but got ${show(callback)}`);
  return {
    describe: () => `callback ${callback.name || "function"}`,
    createWriter: (context) => new CallbackWriter(callback, context),
  };
}

/** One call at a time: a promise under way keeps the writer unready, so records keep their order and memory its bounds. */
class CallbackWriter<T> implements SinkWriter<T> {
  readonly #callback: (record: T, context: CallbackContext) => unknown;
  readonly #context: SinkWriterContext;
  #isWaiting = false;

  constructor(callback: (record: T, context: CallbackContext) => unknown, context: SinkWriterContext) {
    this.#callback = callback;
    this.#context = context;
  }

  write(record: T, { timestamp, watermark }: { readonly timestamp: number | undefined; readonly watermark: number }): void {
    let answer: unknown;
    try {
      answer = this.#callback(record, { timestamp, watermark, subtaskIndex: this.#context.subtaskIndex });
    } catch (cause) {
      throw callbackError(cause);
    }
    if (isThenable(answer)) this.#await(answer, record);
  }

  isReady(): boolean {
    return !this.#isWaiting;
  }

  flush(): void {}

  close(): void {}

  #await(answer: PromiseLike<unknown>, record: T): void {
    this.#isWaiting = true;
    answer.then(
      () => {
        this.#isWaiting = false;
        this.#context.notifyReady();
      },
      (cause: unknown) => this.#context.fail(callbackError(cause).at({ record: show(record) })),
    );
  }
}

/** What a function that takes records threw; the sink adds the place. */
export function callbackError(cause: unknown): JobError {
  if (cause instanceof JobError) return cause;
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : `the value ${show(cause)} was thrown`;
  return new JobError("USER_FUNCTION_FAILED", text, { cause });
}
