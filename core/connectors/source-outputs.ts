import type { ColumnBatch } from "../data/column-batch.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { types, type TypeOf } from "../data/type.ts";
import { columnsInto } from "../operators/columns-output.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";
import type { OperatorContext } from "../operators/operator.ts";
import { IdlenessTimer } from "../time/idleness.ts";
import { type BatchTimestamps, TimestampColumns } from "../time/timestamp-columns.ts";
import { MIN_WATERMARK, NO_TIMESTAMP, timestampAdvice } from "../time/timestamp.ts";
import { type MultiplexedOutput, WatermarkMultiplexer } from "../time/watermark-multiplexer.ts";
import type { TimestampAssigner, WatermarkStrategy } from "../time/watermark-strategy.ts";
import type { ReaderOutput } from "./source.ts";
import { type SharedOutputs, SplitOutput } from "./split-output.ts";

/** The output of records that belong to no split. Splits have ids that are not empty. */
export const MAIN_OUTPUT = "";

/** What is kept of an output: enough to promise after a restore what had been promised before. */
export const outputStateType = /* @__PURE__ */ types.object({
  id: types.string,
  watermark: types.number,
  idle: types.boolean,
  generator: types.optional(types.dynamic),
  /** Whether it only stands for "no split at all". */
  isPlaceholder: types.boolean,
});
export type SourceOutputState = TypeOf<typeof outputStateType>;

export interface SourceOutputsState {
  readonly outputs: readonly SourceOutputState[];
  readonly watermark: number;
  readonly idle: boolean;
}

/**
 * Where a reader's records go: gives each its timestamp, makes the watermarks of each split, and emits their minimum. A record
 * goes out before the watermark that it causes.
 */
export class SourceOutputs<T> implements ReaderOutput<T>, SharedOutputs<T> {
  /** Whether the last call into the chain has not returned: what is thrown then comes from downstream and is not the reader's. */
  isEmitting = false;

  readonly #context: OperatorContext;
  readonly #metrics: OperatorMetrics;
  readonly #strategy: WatermarkStrategy<T>;
  readonly #assigner: TimestampAssigner<T> | undefined;
  readonly #timestamps: TimestampColumns;
  readonly #giveColumns: (batch: ColumnBatch) => boolean;
  readonly #multiplexer: WatermarkMultiplexer;
  readonly #outputs = new Map<string, SplitOutput<T>>();
  readonly #onActive: () => void;
  #main: SplitOutput<T> | undefined;
  /** Main output that only stands for "no split at all", so that a subtask without splits can turn idle. */
  #mainIsPlaceholder = false;

  /** `onActive` is called when an output begins to count its silence: at the start, and when it was idle. */
  constructor(context: OperatorContext, strategy: WatermarkStrategy<T>, onActive: () => void) {
    this.#context = context;
    this.#metrics = context.metrics;
    this.#strategy = strategy;
    this.#assigner = strategy.timestampAssigner;
    const timestampOf = (record: unknown, previous: number): number => this.timestampOf(record as T, previous === NO_TIMESTAMP ? undefined : previous);
    this.#timestamps = new TimestampColumns(timestampOf, strategy.timestampExpression);
    this.#giveColumns = columnsInto(context.output);
    this.#onActive = onActive;
    this.#multiplexer = new WatermarkMultiplexer({
      emitWatermark: (watermark) => {
        if (context.mode === "BATCH") return;
        context.metrics.currentWatermark = watermark;
        this.isEmitting = true;
        context.output.processWatermark(watermark);
        this.isEmitting = false;
      },
      markIdle: () => this.#emitIdleness(true),
      markActive: () => this.#emitIdleness(false),
    });
  }

  collect(record: T, timestamp?: number): void {
    this.#mainOutput().collect(record, timestamp);
  }

  collectColumns(batch: ColumnBatch): boolean {
    return this.#mainOutput().collectColumns(batch);
  }

  collectAll(records: readonly T[], timestamps?: ArrayLike<number>): boolean {
    return this.#mainOutput().collectAll(records, timestamps);
  }

  emitWatermark(watermark: number): void {
    this.#mainOutput().emitWatermark(watermark);
  }

  markIdle(): void {
    this.#mainOutput().markIdle();
  }

  markActive(): void {
    this.#mainOutput().markActive();
  }

  /** The output of the split; the same one again until it is released. */
  createOutputForSplit(splitId: string): ReaderOutput<T> {
    if (splitId === MAIN_OUTPUT)
      throw new JobError("SOURCE_FAILED", "a source has a split whose id is empty; give every split an id of its own");
    const existing = this.#outputs.get(splitId);
    if (existing !== undefined) return existing;
    const output = this.#register(splitId);
    if (this.#mainIsPlaceholder) this.#removeMain();
    return output;
  }

  releaseOutputForSplit(splitId: string): void {
    if (!this.#outputs.delete(splitId)) return;
    if (this.#outputs.size === 0) this.#holdPlace();
    this.#multiplexer.removeOutput(splitId);
  }

  /** With idleness, a subtask that has no split stands aside after the timeout too. Splits that came here from other subtasks may all be idle. */
  open(): void {
    if (this.#outputs.size === 0) this.#holdPlace();
    this.#multiplexer.settle();
  }

  /** Asks every generator for the watermark of now. */
  emitPeriodically(): void {
    for (const output of this.#outputs.values()) output.emitPeriodically();
  }

  /** `deliverableMs` more have passed in which records could have come. */
  passTime(deliverableMs: number): void {
    for (const output of this.#outputs.values()) output.passTime(deliverableMs);
  }

  /** Deliverable time until the next output turns idle; +∞ where none will. */
  get remainingMs(): number {
    let remaining = Infinity;
    for (const output of this.#outputs.values()) remaining = Math.min(remaining, output.remainingMs);
    return remaining;
  }

  snapshot(): SourceOutputsState {
    const outputs: SourceOutputState[] = [];
    for (const [id, output] of this.#outputs) {
      const state = { id, watermark: this.#multiplexer.watermarkOf(id), idle: this.#multiplexer.isIdleOf(id) };
      outputs.push({ ...state, generator: output.generator.snapshot?.(), isPlaceholder: this.#mainIsPlaceholder && id === MAIN_OUTPUT });
    }
    return { outputs, watermark: this.#multiplexer.watermark, idle: this.#multiplexer.isIdle };
  }

  /** Goes on where a snapshot was taken; emits nothing, because downstream restores what it was told. */
  restore(state: SourceOutputsState): void {
    const { outputs, watermark, idle } = state;
    this.#multiplexer.restore({
      outputs: outputs.map(({ id, watermark, idle }) => ({ id, watermark, idle })),
      combinedWatermark: watermark,
      combinedIdle: idle,
    });
    for (const { id, idle, generator } of outputs) {
      const output = this.#add(id, this.#multiplexer.output(id));
      if (generator !== undefined) output.generator.restore?.(generator);
      output.restoreIdle(idle);
    }
    this.#main = this.#outputs.get(MAIN_OUTPUT);
    this.#mainIsPlaceholder = outputs.some(({ isPlaceholder }) => isPlaceholder);
    this.#metrics.currentWatermark = watermark;
  }

  /** Sends a record on. Called by the outputs. */
  emit(record: T, timestamp: number): void {
    this.isEmitting = true;
    this.#metrics.recordsOut += 1;
    this.#context.openOutput.processRecord(record, timestamp);
    this.isEmitting = false;
  }

  /** Sends a batch on, with the watermarks of the source in it. Returns whether nobody keeps memory of it. */
  emitColumns(batch: ColumnBatch): boolean {
    this.isEmitting = true;
    const { watermarks } = batch.watermarks;
    if (0 < watermarks.length) this.#metrics.currentWatermark = watermarks[watermarks.length - 1]!;
    this.#metrics.recordsOut += batch.length;
    const isFree = this.#giveColumns(batch);
    this.isEmitting = false;
    return isFree;
  }

  /** Whether records that come together are best sent on together. */
  get takesRecords(): boolean {
    return this.#context.output.processRecords !== undefined;
  }

  timestampsOf(batch: ColumnBatch): BatchTimestamps {
    return this.#assigner === undefined ? this.#timestamps.check(batch) : this.#timestamps.assign(batch);
  }

  /** The timestamp that a record goes on with: the assigner's, else the source's. */
  timestampOf(record: T, sourceTimestamp: number | undefined): number {
    if (this.#assigner === undefined) {
      if (sourceTimestamp === undefined) return NO_TIMESTAMP;
      return Number.isFinite(sourceTimestamp) ? sourceTimestamp + 0 : this.#refuse(record, sourceTimestamp, "the source gave");
    }
    const previous = sourceTimestamp ?? NO_TIMESTAMP;
    let timestamp: number;
    try {
      timestamp = this.#assigner(record, previous);
    } catch (cause) {
      throw this.#context.userError(cause, record, previous);
    }
    if (!Number.isFinite(timestamp)) this.#refuse(record, timestamp, "the timestamp assigner returned");
    // Never −0. Otherwise the very number that came goes on: V8 makes 16 bytes for each that is computed and passed to a call.
    return (timestamp === previous ? previous : timestamp) || 0;
  }

  userError(cause: unknown, record: T, timestamp: number): JobError {
    return this.#context.userError(cause, record, timestamp);
  }

  #refuse(record: T, timestamp: unknown, who: string): never {
    const { operatorName, index, parallelism } = this.#context.subtask;
    throw new JobError(
      "INVALID_TIMESTAMP",
      `${who} ${show(timestamp)} as a timestamp; it must be a finite number of milliseconds since 1970-01-01T00:00:00Z${timestampAdvice(timestamp)}`,
      { operator: operatorName, subtask: index, parallelism, record: show(record) },
    );
  }

  #mainOutput(): SplitOutput<T> {
    this.#mainIsPlaceholder = false;
    this.#main ??= this.#register(MAIN_OUTPUT);
    return this.#main;
  }

  #holdPlace(): void {
    if (this.#strategy.idleTimeoutMs === undefined) return;
    this.#main = this.#register(MAIN_OUTPUT);
    this.#mainIsPlaceholder = true;
  }

  #removeMain(): void {
    this.#mainIsPlaceholder = false;
    this.#main = undefined;
    this.#outputs.delete(MAIN_OUTPUT);
    this.#multiplexer.removeOutput(MAIN_OUTPUT);
  }

  #register(id: string): SplitOutput<T> {
    const output = this.#add(id, this.#multiplexer.registerOutput(id, MIN_WATERMARK));
    this.#onActive();
    return output;
  }

  #add(id: string, target: MultiplexedOutput): SplitOutput<T> {
    const { idleTimeoutMs } = this.#strategy;
    const output = new SplitOutput<T>({
      outputs: this,
      generator: this.#strategy.createGenerator(),
      target,
      idleness: idleTimeoutMs === undefined ? undefined : new IdlenessTimer(idleTimeoutMs),
      onActive: this.#onActive,
    });
    this.#outputs.set(id, output);
    return output;
  }

  #emitIdleness(idle: boolean): void {
    if (this.#context.mode === "BATCH") return;
    this.isEmitting = true;
    this.#context.output.processIdleness(idle);
    this.isEmitting = false;
  }
}
