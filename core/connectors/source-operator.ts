import { assert, InvariantViolation, unreachable } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import { types } from "../data/type.ts";
import type { Cancellable } from "../host/host.ts";
import type { Operator, OperatorContext, OperatorFactory, Output } from "../operators/operator.ts";
import type { SourcePoll, ToReader } from "../operators/source-protocol.ts";
import { rowByRow, watermarkDetails } from "../operators/watermark-details.ts";
import type { OperatorListState, OperatorValue } from "../state/operator-state.ts";
import { MIN_WATERMARK } from "../time/timestamp.ts";
import { WatermarkStrategy } from "../time/watermark-strategy.ts";
import { IdleWatch } from "./idle-watch.ts";
import { MAIN_OUTPUT, outputStateType, SourceOutputs, type SourceOutputState } from "./source-outputs.ts";
import type { InputStatus, Source, SourceReader, SourceReaderContext } from "./source.ts";

export interface SourceOperatorOptions<T, Split, EnumeratorState> {
  readonly source: Source<T, Split, EnumeratorState>;
  readonly strategy: WatermarkStrategy<T>;
}

export function sourceFactory<T, Split, EnumeratorState>(
  options: SourceOperatorOptions<T, Split, EnumeratorState>,
): OperatorFactory {
  const { source, strategy } = options;
  return {
    kind: "source",
    details: {
      source: source.describe(),
      boundedness: source.boundedness,
      ...watermarkDetails(strategy),
      state: "splits with their positions and watermarks",
    },
    ...(source.givesColumns === true ? { columns: { takes: true, gives: true, ...rowByRow(strategy) } } : {}),
    ...(source.submitterName === undefined ? {} : { submitterName: source.submitterName }),
    parts: () => source.parts ?? [],
    create: (context) => new SourceOperator(context, options),
  };
}

/**
 * Runs the reader of a source: gives its records timestamps and watermarks, carries messages between it and the enumerator, and
 * keeps the splits it still has to read, with the watermark state of each, in operator state.
 *
 * One call of the reader per poll: the task counts polls against its budget, and barriers come between any two. At the end of
 * bounded input the runtime emits the final watermark.
 */
export class SourceOperator<T, Split, EnumeratorState> implements Operator, SourcePoll {
  readonly inputs: readonly Output<never>[] = [];
  readonly source: SourcePoll = this;

  readonly #context: OperatorContext;
  readonly #source: Source<T, Split, EnumeratorState>;
  readonly #strategy: WatermarkStrategy<T>;
  readonly #outputs: SourceOutputs<T>;
  readonly #splits: OperatorListState<Split>;
  readonly #outputStates: OperatorListState<SourceOutputState>;
  readonly #watermark: OperatorValue<number>;
  /** 1 where the whole subtask stood aside, else 0. Where inputs change, those behind begin with all of theirs active, and must be told once more. */
  readonly #idle: OperatorValue<number>;
  readonly #idleWatch: IdleWatch | undefined;
  #reader: SourceReader<T, Split> | undefined;
  #emission: Cancellable | undefined;
  #emissionIsDue = false;
  #wasWaiting = false;
  /** Records that had been emitted when the last poll began. */
  #recordsBefore = 0;
  #isStopped = false;
  #ended = false;
  #closed = false;

  constructor(context: OperatorContext, options: SourceOperatorOptions<T, Split, EnumeratorState>) {
    const { source } = options;
    const strategy = context.mode === "BATCH" ? timestampsOnly(options.strategy) : options.strategy;
    this.#context = context;
    this.#source = source;
    this.#strategy = strategy;
    const state = context.operatorState;
    this.#splits = state.list("splits", source.splitType);
    this.#outputStates = state.list("split-outputs", outputStateType, "union");
    this.#watermark = state.value("watermark", types.number, MIN_WATERMARK, "min");
    this.#idle = state.value("idle", types.int, 0, "initial");
    this.#outputs = new SourceOutputs(context, strategy, () => this.#watchIdleness());
    this.#idleWatch = strategy.idleTimeoutMs === undefined ? undefined : new IdleWatch(context, strategy.idleTimeoutMs);
  }

  open(): void {
    const restored = this.#splits.get();
    this.#outputs.restore({ outputs: this.#outputsOf(restored), watermark: this.#watermark.get(), idle: this.#idle.get() === 1 });
    this.#guarded(() => {
      const reader = this.#source.createReader(this.#readerContext());
      this.#reader = reader;
      if (0 < restored.length) this.#addSplits(restored);
      this.#context.toEnumerator({ kind: "register" });
      reader.start();
    });
    this.#outputs.open();
    this.#watchIdleness();
    this.#planEmission();
  }

  get polledRecords(): number {
    return this.#context.metrics.recordsOut - this.#recordsBefore;
  }

  poll(): "more" | "nothing" | "end" {
    this.#recordsBefore = this.#context.metrics.recordsOut;
    if (this.#ended) return "end";
    if (this.#emissionIsDue) {
      this.#emissionIsDue = false;
      this.#outputs.emitPeriodically();
    }
    if (this.#idleWatch !== undefined && this.#idleWatch.isDue) this.#countTime(this.#idleWatch);
    const status = this.#isStopped ? "END_OF_INPUT" : this.#pollReader();
    switch (status) {
      case "MORE_AVAILABLE":
        this.#wasWaiting = false;
        return "more";
      case "NOTHING_AVAILABLE":
        // Silence begins here, not at the last look.
        if (this.#idleWatch !== undefined && !this.#wasWaiting) this.#countTime(this.#idleWatch);
        this.#wasWaiting = true;
        return "nothing";
      case "END_OF_INPUT":
        this.#ended = true;
        this.#stopTimers();
        return "end";
      default:
        return unreachable(status);
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#context.wake();
  }

  receive(message: ToReader): void {
    if (this.#reader === undefined || this.#closed) return;
    const reader = this.#reader;
    this.#guarded(() => {
      switch (message.kind) {
        case "add-splits":
          return this.#addSplits(message.splits as readonly Split[]);
        case "no-more-splits":
          return reader.notifyNoMoreSplits();
        case "event":
          return reader.handleSourceEvent?.(message.event);
        default:
          return unreachable(message);
      }
    });
    this.#context.wake();
  }

  snapshot(checkpointId: number): void {
    assert(this.#reader !== undefined, "a source is open when it is asked for its state");
    const { outputs, watermark, idle } = this.#outputs.snapshot();
    this.#splits.update(this.#guarded(() => this.#reader!.snapshotState(checkpointId)));
    this.#outputStates.update(outputs);
    this.#watermark.set(watermark);
    this.#idle.set(idle ? 1 : 0);
  }

  completed(checkpointId: number): void {
    this.#guarded(() => this.#reader?.notifyCheckpointComplete?.(checkpointId));
  }

  aborted(checkpointId: number): void {
    this.#guarded(() => this.#reader?.notifyCheckpointAborted?.(checkpointId));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTimers();
    this.#guarded(() => this.#reader?.close());
  }

  /**
   * The states of those splits, of all that any subtask had: others would hold back the watermark for ever, as would what kept the place of splits where there are
   * some now. What belongs to no split goes on from the least that was promised for it.
   */
  #outputsOf(splits: readonly Split[]): readonly SourceOutputState[] {
    const states = this.#outputStates.get();
    const source = this.#source;
    const ids = new Set(splits.flatMap((split) => source.splitId?.(split) ?? []));
    const ofSplits = states.filter(({ id }) => ids.has(id));
    const mains = states.filter(({ id, isPlaceholder }) => id === MAIN_OUTPUT && !(isPlaceholder && 0 < ofSplits.length));
    const [main] = mains.sort((a, b) => Number(a.isPlaceholder) - Number(b.isPlaceholder) || (a.watermark < b.watermark ? -1 : 1));
    return main === undefined ? ofSplits : [main, ...ofSplits];
  }

  #addSplits(splits: readonly Split[]): void {
    if (this.#source.splitId !== undefined) {
      for (const split of splits) this.#outputs.createOutputForSplit(this.#source.splitId(split));
    }
    this.#reader!.addSplits(splits);
  }

  #readerContext(): SourceReaderContext {
    const context = this.#context;
    return {
      subtaskIndex: context.subtask.index,
      parallelism: context.subtask.parallelism,
      sendSplitRequest: () => context.toEnumerator({ kind: "request-split" }),
      sendEventToEnumerator: (event) => context.toEnumerator({ kind: "event", event }),
      notifyAvailable: () => context.wake(),
      post: (mail) => context.post(() => this.#runMail(mail)),
      fail: (cause) => context.fail(this.#failure(cause)),
      at: (time, job) => context.at(time, () => this.#runMail(job)),
      now: () => context.processingTime.now(),
      inbox: (name) => context.submitter.inbox(name),
    };
  }

  #runMail(mail: () => void): void {
    if (!this.#closed) this.#guarded(mail);
  }

  #watchIdleness(): void {
    if (this.#idleWatch === undefined || this.#idleWatch.isRunning) return;
    this.#idleWatch.start(this.#outputs.remainingMs);
  }

  #countTime(watch: IdleWatch): void {
    this.#outputs.passTime(watch.count());
    watch.plan(this.#outputs.remainingMs);
  }

  /** Flink's periodic emission; the watermark itself goes out in the next poll, when there is credit. */
  #planEmission(): void {
    const { periodicIntervalMs } = this.#strategy;
    if (periodicIntervalMs === undefined) return;
    this.#emission = this.#context.at(this.#context.processingTime.now() + periodicIntervalMs, () => {
      this.#emissionIsDue = true;
      this.#context.wake();
      this.#planEmission();
    });
  }

  #stopTimers(): void {
    this.#idleWatch?.stop();
    this.#emission?.cancel();
    this.#emission = undefined;
  }

  /** As `#guarded`, but without a closure for each poll. */
  #pollReader(): InputStatus {
    try {
      return this.#reader!.pollNext(this.#outputs);
    } catch (cause) {
      throw this.#blamed(cause);
    }
  }

  /** What the reader throws fails the job as the source's failure; what comes from further down the chain passes unchanged. */
  #guarded<R>(call: () => R): R {
    try {
      return call();
    } catch (cause) {
      throw this.#blamed(cause);
    }
  }

  #blamed(cause: unknown): unknown {
    return this.#outputs.isEmitting || cause instanceof InvariantViolation ? cause : this.#failure(cause);
  }

  #failure(cause: unknown): JobError {
    const { operatorName, index, parallelism } = this.#context.subtask;
    const place = { operator: operatorName, subtask: index, parallelism };
    if (cause instanceof JobError) return cause.at(place);
    const text = cause instanceof Error ? cause.message : String(cause);
    return new JobError("SOURCE_FAILED", `the source "${this.#source.describe()}" failed: ${text}`, { ...place, cause });
  }
}

/** In BATCH there is no watermark but the final one, as in Flink. */
function timestampsOnly<T>({ timestampAssigner, timestampExpression }: WatermarkStrategy<T>): WatermarkStrategy<T> {
  const strategy = WatermarkStrategy.noWatermarks<T>();
  if (timestampExpression !== undefined) return strategy.withTimestampAssigner(timestampExpression);
  return timestampAssigner === undefined ? strategy : strategy.withTimestampAssigner(timestampAssigner);
}
