import { InvariantViolation } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { isThenable } from "../lib/thenable.ts";
import type { ColumnBatch } from "../data/column-batch.ts";
import type { Type } from "../data/type.ts";
import type { Operator, OperatorContext, OperatorFactory, Output } from "../operators/operator.ts";
import type { OperatorListState } from "../state/operator-state.ts";
import { MIN_WATERMARK, NO_TIMESTAMP } from "../time/timestamp.ts";
import { Commits } from "./commits.ts";
import type { Sink, SinkWriter, SinkWriterContext } from "./sink.ts";

/** @throws JobError INVALID_ARGUMENT where the parts of the sink do not fit together. */
export function sinkFactory<T, WriterState, Committable>(sink: Sink<T, WriterState, Committable>): OperatorFactory {
  requireTogether(sink, "createCommitter", "committableType");
  requireTogether(sink, "restoreWriter", "writerStateType");
  return {
    kind: "sink",
    details: {
      sink: sink.describe(),
      delivery: sink.createCommitter === undefined ? "as records come" : "committed when a checkpoint has completed",
      ...(sink.writerStateType === undefined ? {} : { state: "of the sink's writer" }),
    },
    ...(sink.submitterName === undefined ? {} : { submitterName: sink.submitterName }),
    ...(sink.takesColumns === true ? { columns: { takes: true, gives: false } } : {}),
    create: (context) => new SinkOperator(context, sink),
  };
}

/**
 * Runs the writer of a sink and commits in two phases what it prepares: with each snapshot the writer flushes and hands over
 * committables, which lie in operator state until that checkpoint has completed; only then the committer makes them visible.
 * After a restore everything that lies there is committed, perhaps once more: committers are idempotent.
 *
 * It is blocked while its writer is not ready or its commits hold it up.
 */
export class SinkOperator<T, WriterState, Committable> implements Operator, Output<T> {
  readonly inputs: readonly Output<never>[] = [this];
  /** Present where the writers take batches. */
  declare readonly processColumns?: (batch: ColumnBatch) => boolean;

  readonly #context: OperatorContext;
  readonly #sink: Sink<T, WriterState, Committable>;
  readonly #commits: Commits<Committable> | undefined;
  readonly #writerStates: OperatorListState<WriterState> | undefined;
  /** One object for all writes; a writer that keeps it sees it change. */
  readonly #at = { timestamp: undefined as number | undefined, watermark: MIN_WATERMARK };
  #writer: SinkWriter<T, WriterState, Committable> | undefined;
  #isReady = true;
  #isBlocked = false;
  #isFinished = false;
  #completedUpTo = -Infinity;
  #isEnded = false;
  #closed = false;

  constructor(context: OperatorContext, sink: Sink<T, WriterState, Committable>) {
    this.#context = context;
    this.#sink = sink;
    const state = context.operatorState;
    if (sink.takesColumns === true) this.processColumns = (batch) => this.#takeColumns(batch);
    if (sink.committableType !== undefined) this.#commits = this.#createCommits(sink.committableType);
    if (sink.writerStateType !== undefined) this.#writerStates = state.list("writer", sink.writerStateType);
  }

  open(): void {
    const sink = this.#sink;
    const context = this.#writerContext();
    this.#guarded(() => {
      this.#commits?.open(sink.createCommitter!(context));
      const states = this.#writerStates?.get() ?? [];
      this.#writer = 0 < states.length ? sink.restoreWriter!(context, states) : sink.createWriter(context);
      if (sink.takesColumns === true && this.#writer.writeColumns === undefined) {
        throw new JobError("INVALID_ARGUMENT", `the sink "${sink.describe()}" says that it takesColumns, but its writer has no writeColumns; give it both or neither`);
      }
    });
    this.#updateReadiness();
    this.#settle();
  }

  processRecord(record: T, timestamp: number): void {
    const writer = this.#writer!;
    this.#context.metrics.recordsIn += 1;
    this.#at.timestamp = timestamp === NO_TIMESTAMP ? undefined : timestamp;
    let isReady: boolean;
    try {
      const answer: unknown = writer.write(record, this.#at);
      if (answer !== undefined) this.#requireDone("write", answer);
      isReady = writer.isReady === undefined || writer.isReady();
    } catch (cause) {
      throw this.#writeFailure(cause, record, timestamp);
    }
    if (!isReady) this.#setReady(false);
  }

  processWatermark(watermark: number): void {
    this.#at.watermark = watermark;
    this.#context.metrics.currentWatermark = watermark;
  }

  processIdleness(): void {}

  /** Returns whether the writer keeps nothing of it. */
  #takeColumns(batch: ColumnBatch): boolean {
    const writer = this.#writer!;
    const { watermarks } = batch.watermarks;
    let isReady = true;
    let isFree = true;
    if (0 < batch.length) {
      this.#context.metrics.recordsIn += batch.length;
      this.#at.timestamp = undefined;
      isReady = this.#guarded(() => {
        const answer: unknown = writer.writeColumns!(batch, this.#at);
        this.#requireDone("writeColumns", answer);
        isFree = answer === true;
        return writer.isReady === undefined || writer.isReady();
      });
    }
    if (0 < watermarks.length) this.processWatermark(watermarks[watermarks.length - 1]!);
    if (!isReady) this.#setReady(false);
    return isFree;
  }

  /** A writer in plain JavaScript, and an arrow function that TypeScript takes for one without a result, may be async. */
  #requireDone(method: string, answer: unknown): void {
    if (!isThenable(answer)) return;
    // What it comes to is nobody's any more.
    answer.then(undefined, () => {});
    throw new JobError(
      "INVALID_ARGUMENT",
      `${method} of the sink "${this.#sink.describe()}" returned a promise, which nothing waits for: use callbackSink(…), or isReady and notifyReady`,
    );
  }

  snapshot(checkpointId: number): void {
    const writer = this.#writer!;
    this.#guarded(() => {
      if (!this.#isFinished) writer.flush(false);
      this.#prepare(checkpointId);
      if (writer.snapshotState !== undefined) this.#writerStates?.update(writer.snapshotState(checkpointId));
    });
  }

  completed(checkpointId: number): void {
    this.#completedUpTo = checkpointId;
    this.#guarded(() => this.#commits?.commit(checkpointId));
    this.#settle();
  }

  // An aborted checkpoint leaves its committables where they are: the next one that completes covers them.

  /** The end of the input. What is written is not visible yet: should another subtask fail, the job goes back to its last checkpoint, and all of it comes again. */
  finish(): void {
    this.#guarded(() => this.#writer!.flush(true));
    this.#isFinished = true;
  }

  /**
   * Nothing can fail any more that would bring a record again, so everything becomes visible. Of a job that stops with a savepoint, before the end of its input, that is what the savepoint covers: what
   * was written since comes again.
   */
  ended(): void {
    this.#guarded(() => {
      if (this.#isFinished) this.#prepare(Infinity);
      this.#commits?.finish(this.#isFinished ? Infinity : this.#completedUpTo);
    });
    this.#isEnded = true;
    this.#settle();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#guarded(() => this.#writer?.close(this.#isEnded && this.#commits?.holdsUp !== true));
    } finally {
      this.#guarded(() => this.#commits?.close());
    }
  }

  #prepare(checkpointId: number): void {
    this.#commits?.prepare(checkpointId, this.#writer!.prepareCommit?.() ?? []);
  }

  #createCommits(committableType: Type<Committable>): Commits<Committable> {
    const context = this.#context;
    return new Commits({
      operatorState: context.operatorState,
      committableType,
      post: (mail) => context.post(() => this.#runMail(mail)),
      fail: (cause) => context.fail(this.#failure(cause)),
      onChange: () => this.#settle(),
    });
  }

  #writerContext(): SinkWriterContext {
    const context = this.#context;
    return {
      subtaskIndex: context.subtask.index,
      parallelism: context.subtask.parallelism,
      attempt: context.subtask.attempt,
      post: (mail) => context.post(() => this.#runMail(mail)),
      fail: (cause) => context.fail(this.#failure(cause)),
      notifyReady: () => context.post(() => this.#updateReadiness()),
      at: (time, job) => context.at(time, () => this.#runMail(job)),
      now: () => context.processingTime.now(),
      random: () => context.random(),
      print: (line) => context.print(line),
      results: (name) => context.submitter.results(name),
    };
  }

  #runMail(mail: () => void): void {
    if (!this.#closed) this.#guarded(mail);
  }

  #updateReadiness(): void {
    const writer = this.#writer;
    if (writer?.isReady !== undefined && !this.#closed) this.#setReady(this.#guarded(() => writer.isReady!()));
  }

  #setReady(isReady: boolean): void {
    this.#isReady = isReady;
    this.#settle();
  }

  #settle(): void {
    const isBlocked = !this.#isReady || this.#commits?.holdsUp === true;
    if (isBlocked === this.#isBlocked) return;
    this.#isBlocked = isBlocked;
    if (isBlocked) this.#context.block();
    else this.#context.unblock();
  }

  #guarded<R>(call: () => R): R {
    try {
      return call();
    } catch (cause) {
      if (cause instanceof InvariantViolation) throw cause;
      throw this.#failure(cause);
    }
  }

  #writeFailure(cause: unknown, record: T, timestamp: number): unknown {
    if (cause instanceof InvariantViolation) return cause;
    return this.#failure(cause).at({ record: show(record), ...(timestamp === NO_TIMESTAMP ? {} : { timestamp }) });
  }

  #failure(cause: unknown): JobError {
    const { operatorName, index, parallelism } = this.#context.subtask;
    const place = { operator: operatorName, subtask: index, parallelism };
    if (cause instanceof JobError) return cause.at(place);
    const text = cause instanceof Error ? cause.message : String(cause);
    return new JobError("SINK_FAILED", `the sink "${this.#sink.describe()}" failed: ${text}`, { ...place, cause });
  }
}

function requireTogether<T, WriterState, Committable>(
  sink: Sink<T, WriterState, Committable>,
  method: "createCommitter" | "restoreWriter",
  type: "committableType" | "writerStateType",
): void {
  if ((sink[method] === undefined) === (sink[type] === undefined)) return;
  const [present, absent] = sink[method] === undefined ? [type, method] : [method, type];
  throw new JobError(
    "INVALID_ARGUMENT",
    `the sink "${sink.describe()}" has ${present} but not ${absent}; give it both or neither`,
  );
}
