import type { CollectTarget } from "../connectors/collection-sink.ts";
import { JobError } from "../lib/errors.ts";
import { requireOptionNames } from "../lib/option-names.ts";
import { RingBuffer } from "../lib/ring-buffer.ts";
import { show } from "../lib/show.ts";
import type { JobClient, SubmitOptions } from "./executor.ts";

/** Rows that the job may be ahead of whoever reads them; then it waits. */
const ROWS_AHEAD_MAX = 1024;
const OPTIONS = ["limit", "jobName", "signal"];

/**
 * What `executeAndCollect` takes.
 *
 * @example
 * ```ts
 * import { type CollectOptions, StreamExecutionEnvironment } from "tamias";
 *
 * const options: CollectOptions = { limit: 2, jobName: "first two" };
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * console.log(await env.fromSequence(1, 1_000).executeAndCollect(options).toArray()); // [ 1, 2 ]
 * ```
 */
export interface CollectOptions {
  /** Ends, and cancels the job, after this many rows. Greater than zero; default: all rows. */
  readonly limit?: number | undefined;
  readonly jobName?: string | undefined;
  /** Cancels the job when it aborts; the iteration then rejects with JOB_CANCELED. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The rows of a stream, while its job runs. The job starts with the first row asked for, waits when it is ahead of the reader,
 * and is canceled when the reader stops early: by `break`, by an error in the loop, or by `return()`.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * for await (const n of env.fromSequence(1, 1_000_000_000).executeAndCollect()) {
 *   console.log(n); // 1, 2, 3
 *   if (n === 3) break;
 * }
 * ```
 */
export class CollectedRows<out T> implements AsyncIterableIterator<T> {
  readonly #buffer: RowBuffer<T>;
  readonly #submit: (options: SubmitOptions) => JobClient;
  readonly #signal: AbortSignal | undefined;
  #rowsLeft: number;
  #client: JobClient | undefined;
  #ended = false;

  constructor(buffer: RowBuffer<T>, submit: (options: SubmitOptions) => JobClient, options: CollectOptions) {
    this.#buffer = buffer;
    this.#submit = submit;
    this.#signal = options.signal;
    this.#rowsLeft = options.limit ?? Infinity;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next row; rejects with what made the job fail, after the rows that came before. */
  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#ended) return { done: true, value: undefined };
    this.#start();
    const row = await this.#buffer.next();
    if (row === undefined) {
      this.#ended = true;
      return { done: true, value: undefined };
    }
    this.#rowsLeft -= 1;
    if (this.#rowsLeft <= 0) await this.return();
    return { done: false, value: row.value };
  }

  /** Stops early: resolves when the job has been canceled and every operator closed. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.#ended = true;
    this.#buffer.end(undefined);
    await this.#client?.cancel();
    return { done: true, value: undefined };
  }

  /** Stops early as `return` does, then rejects with the error. */
  async throw(error?: unknown): Promise<IteratorResult<T, undefined>> {
    await this.return();
    throw error;
  }

  /** All rows that are left, in one array. */
  async toArray(): Promise<T[]> {
    const rows: T[] = [];
    for await (const row of this) rows.push(row);
    return rows;
  }

  #start(): void {
    if (this.#client !== undefined) return;
    this.#client = this.#submit({ signal: this.#signal });
    this.#client.result().then(
      () => this.#buffer.end(undefined),
      (error: unknown) => this.#buffer.end({ error }),
    );
  }
}

/**
 * Where the sink puts rows and the reader takes them, at most ROWS_AHEAD_MAX apart but for what one call of an operator
 * overshoots.
 */
export class RowBuffer<T> implements CollectTarget<T> {
  readonly #rows = new RingBuffer<T>();
  readonly #readers = new RingBuffer<Reader<T>>();
  #onReady: (() => void) | undefined;
  #end: { readonly failure: { readonly error: unknown } | undefined } | undefined;

  take(record: T): void {
    if (this.#end !== undefined) return;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#rows.push(record);
    else reader.resolve({ value: record });
  }

  isReady(): boolean {
    return this.#rows.length < ROWS_AHEAD_MAX;
  }

  onReady(listener: () => void): () => void {
    this.#onReady = listener;
    return () => {
      this.#onReady = undefined;
    };
  }

  /** The next row, undefined after the last. */
  next(): Promise<Row<T> | undefined> {
    return new Promise((resolve, reject) => {
      if (0 < this.#rows.length) {
        resolve({ value: this.#rows.shift() as T });
        // Half empty rather than one row: whoever waits is woken once per half buffer.
        if (this.#rows.length === ROWS_AHEAD_MAX / 2) this.#onReady?.();
      } else if (this.#end === undefined) this.#readers.push({ resolve, reject });
      else this.#settle({ resolve, reject });
    });
  }

  /** No row comes any more; the first call counts. Rows that are there can still be taken, then the failure is thrown, once. */
  end(failure: { readonly error: unknown } | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { failure };
    while (0 < this.#readers.length) this.#settle(this.#readers.shift()!);
  }

  #settle({ resolve, reject }: Reader<T>): void {
    const failure = this.#end?.failure;
    if (failure === undefined) {
      resolve(undefined);
      return;
    }
    this.#end = { failure: undefined };
    reject(failure.error);
  }
}

interface Row<T> {
  readonly value: T;
}

interface Reader<T> {
  resolve(row: Row<T> | undefined): void;
  reject(error: unknown): void;
}

/**
 * The forms that users may write: nothing, a limit, or an object.
 *
 * @throws JobError INVALID_ARGUMENT, UNKNOWN_OPTION
 */
export function collectOptions(given: number | CollectOptions | undefined): CollectOptions {
  const options = typeof given === "object" && given !== null ? given : { limit: given };
  requireOptionNames("executeAndCollect", options, OPTIONS);
  const { limit } = options;
  if (limit === undefined || (Number.isSafeInteger(limit) && 1 <= limit)) return options;
  throw new JobError(
    "INVALID_ARGUMENT",
    `the limit of executeAndCollect must be a whole number greater than zero, but is ${show(limit)}`,
  );
}
