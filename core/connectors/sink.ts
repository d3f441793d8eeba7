import type { ColumnBatch } from "../data/column-batch.ts";
import type { Type } from "../data/type.ts";
import type { Cancellable } from "../host/host.ts";
import type { ResultTarget } from "../operators/operator.ts";

/**
 * Flink's sink contract: a writer per subtask, and a committer where writes become visible in a second step. Everything is called from the task and runs to
 * completion; what the world answers comes as mail.
 */
export interface Sink<T, WriterState = never, Committable = never> {
  describe(): string;
  createWriter(context: SinkWriterContext): SinkWriter<T, WriterState, Committable>;
  /** Called instead of `createWriter` after a restore, where the writer has state. */
  restoreWriter?(context: SinkWriterContext, states: readonly WriterState[]): SinkWriter<T, WriterState, Committable>;
  readonly writerStateType?: Type<WriterState>;
  createCommitter?(context: SinkWriterContext): Committer<Committable>;
  readonly committableType?: Type<Committable>;
  /** Says that all of its writers have `writeColumns`, so that records that come as columns need not become rows. It is asked before there is a writer. */
  readonly takesColumns?: true;
  /** The name with which its writers call `context.results`. It is asked before there is a writer. */
  readonly submitterName?: string;
}

/** What a writer or committer may ask of the subtask it runs in. */
export interface SinkWriterContext {
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly attempt: number;
  post(mail: () => void): void;
  /** Makes the job fail with SINK_FAILED, or with `cause` where that is a JobError; callable from anywhere. */
  fail(cause: unknown): void;
  /** Tells the task that `isReady` may have become true. */
  notifyReady(): void;
  at(time: number, job: () => void): Cancellable;
  now(): number;
  /** A number in [0, 1) from the host: for names that no other writer takes. */
  random(): number;
  print(line: string): void;
  /** Where records for whoever submitted the job go, by name: what `client.results(name)` gives. For sinks that say that they use it. */
  results(name: string): ResultTarget;
}

/** Takes the records of one subtask; called from the task, one call at a time. */
export interface SinkWriter<T, WriterState = never, Committable = never> {
  write(record: T, context: { readonly timestamp: number | undefined; readonly watermark: number }): void;
  /**
   * Means exactly `write` for each record of the batch in order: for `batch.rowAt(row)` at `batch.timestamps[row]`, −∞ where it has none. The sink says that it
   * `takesColumns`; records that come one by one are given to `write` all the same.
   *
   * `context.watermark` is the one before the first record; those that come between two records stand in `batch.watermarks`. A batch never changes, so that it
   * may be kept; it may share memory with arrays that the source was given. `isReady` is asked after the whole batch. What this throws fails the job as with
   * `write`, though without naming a record.
   *
   * It returns true where it keeps neither the batch nor a column of it, so that the source may fill that memory anew. Without an answer nobody will.
   *
   * ```ts
   * writeColumns(batch) {
   *   const delays = batch.column("delay");
   *   if (delays?.kind !== "f64" && delays?.kind !== "i32") throw new Error("there is a delay in each record");
   *   for (let index = 0; index < batch.length; index += 1) total += delays.values[batch.rowOf(index)]!;
   *   return true;
   * }
   * ```
   */
  writeColumns?(batch: ColumnBatch, context: { readonly watermark: number }): boolean | void;
  /** Whether it takes more now; absent means always. While false the task stops taking records (backpressure). */
  isReady?(): boolean;
  /** Everything written so far goes to the outside before a snapshot (`endOfInput` false) or the end (true). */
  flush(endOfInput: boolean): void;
  /** What the committer makes visible once the checkpoint is complete. Called after `flush`. */
  prepareCommit?(): readonly Committable[];
  snapshotState?(checkpointId: number): readonly WriterState[];
  /** Called exactly once, also after a failure or a cancel. `clean` is false then. */
  close(clean: boolean): void;
}

/**
 * The second step of a sink that writes in two: makes visible what a completed checkpoint covers.
 *
 * A commit comes at least once. Where the process ends after it has happened and before anybody knew, the restored job commits the same again, perhaps in another
 * subtask, when later ones have been committed already or the reader has taken what was visible. So each committable names its transaction, and whoever makes it
 * visible remembers that name together with what it makes visible, in one step.
 *
 * What was written and never becomes a committable is the writer's to take back: in `close(false)`, and of writers that are gone in `restoreWriter`, whose states
 * say which transactions a checkpoint knows.
 *
 * @example
 * ```ts
 * import { type Sink, StreamExecutionEnvironment, types } from "tamias";
 *
 * const table = { rows: [] as string[], transactions: new Set<string>() };
 * const tableSink: Sink<string, never, { readonly id: string; readonly rows: readonly string[] }> = {
 *   describe: () => "table",
 *   committableType: types.object({ id: types.string, rows: types.array(types.string) }),
 *   createWriter(context) {
 *     const writer = context.random().toString(36).slice(2);
 *     let count = 0;
 *     let rows: string[] = [];
 *     return {
 *       write: (row) => void rows.push(row),
 *       flush() {},
 *       prepareCommit() {
 *         if (rows.length === 0) return [];
 *         const prepared = { id: `${writer}-${(count += 1)}`, rows };
 *         rows = [];
 *         return [prepared];
 *       },
 *       close() {},
 *     };
 *   },
 *   createCommitter: () => ({
 *     commit(committables) {
 *       for (const { id, rows } of committables) {
 *         if (table.transactions.has(id)) continue;
 *         // One step for whoever reads the table.
 *         table.rows.push(...rows);
 *         table.transactions.add(id);
 *       }
 *     },
 *   }),
 * };
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.fromElements("a", "b").sinkTo(tableSink);
 * await env.execute();
 * console.log(table.rows); // [ 'a', 'b' ]
 * ```
 */
export interface Committer<Committable> {
  /**
   * Makes them visible; must be idempotent. Whoever answers later returns a promise, or anything else with `then`: until it is fulfilled, no other commit begins, the
   * committables stay in the state of the sink, and the job does not end. What it throws or rejects with fails the job, which commits them again when it is restored.
   */
  commit(committables: readonly Committable[]): void | PromiseLike<void>;
  close?(): void;
}
