import { type ColumnBatch, NO_WATERMARKS, type WatermarkPositions } from "../data/column-batch.ts";
import { types } from "../data/type.ts";
import type { Cancellable } from "../host/host.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";
import type { OperatorListState, OperatorValue } from "../state/operator-state.ts";
import { IdlenessTimer } from "../time/idleness.ts";
import { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP, isTimestamp, timestampAdvice } from "../time/timestamp.ts";
import { asTimestampWatermarks, type TimestampWatermarks, type WatermarkGenerator, type WatermarkOutput } from "../time/watermark-generator.ts";
import { TimestampColumns } from "../time/timestamp-columns.ts";
import type { TimestampAssigner, WatermarkStrategy } from "../time/watermark-strategy.ts";
import { BatchParts, partOf, stamped } from "./batch-parts.ts";
import { columnsInto } from "./columns-output.ts";
import type { Operator, OperatorContext, OperatorFactory, Output } from "./operator.ts";
import { rowByRow, watermarkDetails } from "./watermark-details.ts";

/** How often an idle timeout is looked at. A pause counts for one look at most, so it can shorten the timeout by no more than this part of it. */
const IDLE_LOOKS_PER_TIMEOUT = 8;

/**
 * Gives records their timestamps, and makes watermarks from them: each right after the record that advances it. Watermarks and idleness from upstream stop here,
 * apart from the final watermark. In BATCH there are timestamps only, as in Flink.
 */
export class TimestampsAndWatermarksOperator<T> implements Operator, Output<T>, WatermarkOutput {
  readonly inputs = [this];
  readonly #context: OperatorContext;
  readonly #metrics: OperatorMetrics;
  readonly #output: Output<unknown>;
  readonly #strategy: WatermarkStrategy<T>;
  readonly #assigner: TimestampAssigner<T> | undefined;
  readonly #timestamps: TimestampColumns;
  readonly #giveColumns: (batch: ColumnBatch) => boolean;
  readonly #generator: WatermarkGenerator<T>;
  /** The same generator, where it need not be asked about each record. */
  readonly #byTimestamps: TimestampWatermarks | undefined;
  readonly #generates: boolean;
  readonly #idleness: IdlenessTimer | undefined;
  readonly #emitted: OperatorValue<number>;
  /** 0 or 1. Where inputs change, those behind begin with all of theirs active, and must be told once more. */
  readonly #idle: OperatorValue<number>;
  readonly #generatorState: OperatorListState<unknown>;

  /** When to look at idleness, and when to emit periodically, next; +∞ is never. */
  #nextLook = Infinity;
  #nextEmission = Infinity;
  #lastLook = 0;
  #isActiveSinceLook = false;
  #hasEnded = false;
  #wakeCall: Cancellable | undefined;

  constructor(strategy: WatermarkStrategy<T>, context: OperatorContext) {
    this.#context = context;
    this.#metrics = context.metrics;
    this.#output = context.output;
    this.#strategy = strategy;
    this.#assigner = strategy.timestampAssigner;
    const timestampOf = (record: unknown, previous: number): number => this.#timestampOf(record as T, previous);
    this.#timestamps = new TimestampColumns(timestampOf, strategy.timestampExpression);
    this.#giveColumns = columnsInto(context.output);
    this.#generator = strategy.createGenerator();
    this.#byTimestamps = asTimestampWatermarks(this.#generator);
    this.#generates = context.mode === "STREAMING";
    this.#idleness = strategy.idleTimeoutMs === undefined || !this.#generates ? undefined : new IdlenessTimer(strategy.idleTimeoutMs);
    this.#emitted = context.operatorState.value("watermark", types.number, MIN_WATERMARK, "min");
    this.#idle = context.operatorState.value("idle", types.number, 0, "initial");
    this.#generatorState = context.operatorState.list("generator", types.dynamic, "union");
  }

  open(): void {
    const snapshot = this.#strategy.mergeSnapshots(this.#generatorState.get());
    if (snapshot !== undefined) this.#generator.restore?.(snapshot);
    this.#metrics.currentWatermark = this.#emitted.get();
    this.#idleness?.restore(this.#idle.get() === 1);
    if (!this.#generates) return;

    const now = this.#context.processingTime.now();
    if (this.#idleness !== undefined && !this.#idleness.isIdle) this.#lookFrom(now);
    if (this.#strategy.periodicIntervalMs !== undefined) this.#nextEmission = now + this.#strategy.periodicIntervalMs;
    this.#wakeForNext();
  }

  processRecord(record: T, previousTimestamp: number): void {
    this.#metrics.recordsIn += 1;
    const timestamp = this.#timestampOf(record, previousTimestamp);
    if (this.#idleness !== undefined) this.#noteActivity();
    this.#metrics.recordsOut += 1;
    this.#output.processRecord(record, timestamp);
    if (!this.#generates) return;
    if (this.#byTimestamps === undefined) return this.#generate(record, timestamp, this);
    const watermark = this.#byTimestamps.watermarkAfter(timestamp);
    if (MIN_WATERMARK < watermark) this.emitWatermark(watermark);
  }

  processColumns(batch: ColumnBatch): boolean {
    const { rows, watermarks } = batch.watermarks;
    // Upstream's watermarks stop here, apart from the final one. Who does not make it last must not be obeyed less for it.
    const final = watermarks.indexOf(MAX_WATERMARK);
    if (final < 0) return this.#takeColumns(partOf(batch, 0, batch.length));
    const before = recordsBefore(batch, rows[final]!);
    const isFree = this.#takeColumns(partOf(batch, 0, before));
    this.processWatermark(MAX_WATERMARK);
    return this.#takeColumns(partOf(batch, before, batch.length)) && isFree;
  }

  processWatermark(watermark: number): void {
    if (watermark !== MAX_WATERMARK) return;
    this.#wakeCall?.cancel();
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    // Once more after a restore: behind this operator others may stand than those that had been told.
    if (this.#emitted.get() === MAX_WATERMARK) this.#output.processWatermark(MAX_WATERMARK);
    else this.emitWatermark(MAX_WATERMARK);
  }

  processIdleness(): void {}

  /** Called by the generator. */
  emitWatermark(watermark: number): void {
    if (!this.#advances(watermark)) return;
    this.#noteWatermark(watermark);
    this.markActive();
    this.#output.processWatermark(watermark);
  }

  markIdle(): void {
    this.#setIdle(true);
  }

  markActive(): void {
    this.#setIdle(false);
  }

  snapshot(): void {
    const snapshot = this.#generator.snapshot?.();
    this.#generatorState.update(snapshot === undefined ? [] : [snapshot]);
  }

  close(): void {
    this.#wakeCall?.cancel();
  }

  /** A batch without watermarks. Returns whether nobody keeps memory of it. */
  #takeColumns(batch: ColumnBatch): boolean {
    if (batch.length === 0) return true;
    if (this.#assigner === undefined) return this.#sendColumns(batch);
    const { timestamps, times, failure } = this.#timestamps.assign(batch);
    const taken = failure === undefined ? batch : partOf(batch, 0, failure.index);
    const isFree = taken.length === 0 || this.#sendColumns(stamped(taken, timestamps, NO_WATERMARKS, times));
    if (failure === undefined) return isFree;
    this.#metrics.recordsIn += 1;
    throw failure.error;
  }

  /** The records of a batch, which have their timestamps. */
  #sendColumns(batch: ColumnBatch): boolean {
    if (this.#idleness !== undefined) this.#noteActivity();
    if (!this.#generates) return this.#emitColumns(batch);
    // An input that its generator calls idle turns active between two records, which no batch can say.
    if (this.#byTimestamps === undefined || this.#idle.get() === 1) return this.#sendEach(batch);
    const watermarks = this.#advancing(this.#byTimestamps.watermarksIn(batch));
    return this.#emitColumns(watermarks === NO_WATERMARKS ? batch : stamped(batch, batch.timestamps, watermarks, batch.times));
  }

  /** The generator is asked about each record; the batch is cut where idleness changes. */
  #sendEach(batch: ColumnBatch): boolean {
    const parts = new BatchParts(
      batch,
      (part) => void this.#emitColumns(part),
      (watermark) => this.#output.processWatermark(watermark),
    );
    let index = 0;
    const output: WatermarkOutput = {
      emitWatermark: (watermark) => {
        if (!this.#advances(watermark)) return;
        this.#noteWatermark(watermark);
        if (this.#idle.get() === 1) {
          parts.send(index + 1);
          this.markActive();
        }
        parts.note(index, watermark);
      },
      markIdle: () => {
        parts.send(index + 1);
        this.markIdle();
      },
      markActive: () => {
        parts.send(index + 1);
        this.markActive();
      },
    };
    try {
      for (; index < batch.length; index += 1) {
        const row = batch.rowOf(index);
        this.#generate(batch.rowAt(row) as T, batch.timestamps[row]!, output);
      }
    } finally {
      // What came before a failure has been emitted before it.
      parts.send(Math.min(index + 1, batch.length));
    }
    // Beside that, new memory for the next batch costs nothing.
    return false;
  }

  #emitColumns(batch: ColumnBatch): boolean {
    this.#metrics.recordsIn += batch.length;
    this.#metrics.recordsOut += batch.length;
    return this.#giveColumns(batch);
  }

  #generate(record: T, timestamp: number, output: WatermarkOutput): void {
    try {
      this.#generator.onEvent(record, timestamp, output);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
  }

  /** What the generator promises beyond what was promised before it was made. The watermarks rise. */
  #advancing(positions: WatermarkPositions): WatermarkPositions {
    const { rows, watermarks } = positions;
    if (watermarks.length === 0) return NO_WATERMARKS;
    const emitted = this.#emitted.get();
    const start = watermarks.findIndex((watermark) => emitted < watermark);
    if (start < 0) return NO_WATERMARKS;
    this.#noteWatermark(watermarks[watermarks.length - 1]!);
    return start === 0 ? positions : { rows: rows.slice(start), watermarks: watermarks.slice(start) };
  }

  #advances(watermark: number): boolean {
    if (watermark <= this.#emitted.get()) return false;
    if (typeof watermark === "number" && !Number.isNaN(watermark)) return true;
    throw new JobError("INVALID_TIMESTAMP", `a watermark is a time in ms, but the generator emitted ${show(watermark)}`);
  }

  #noteWatermark(watermark: number): void {
    this.#emitted.set(watermark);
    this.#metrics.currentWatermark = watermark;
  }

  #timestampOf(record: T, previousTimestamp: number): number {
    const assigner = this.#assigner;
    if (assigner === undefined) return previousTimestamp;
    let timestamp: number;
    try {
      timestamp = assigner(record, previousTimestamp);
    } catch (cause) {
      throw this.#context.userError(cause, record, previousTimestamp);
    }
    if (isTimestamp(timestamp)) return timestamp + 0;
    const error = new JobError(
      "INVALID_TIMESTAMP",
      `the timestamp assigner returned ${show(timestamp)}, but a timestamp is a finite number of ms since 1970-01-01T00:00:00Z${timestampAdvice(timestamp)}`,
    );
    throw this.#context.userError(error, record, previousTimestamp);
  }

  #setIdle(idle: boolean): void {
    if ((this.#idle.get() === 1) === idle) return;
    this.#idle.set(idle ? 1 : 0);
    this.#output.processIdleness(idle);
  }

  /** An input that was idle is active again before its record goes on, so that no other input's watermark overtakes the record. */
  #noteActivity(): void {
    this.#isActiveSinceLook = true;
    if (!this.#idleness!.activity()) return;
    this.#lookFrom(this.#context.processingTime.now());
    this.#wakeForNext();
    this.markActive();
  }

  #lookFrom(now: number): void {
    this.#lastLook = now;
    this.#nextLook = now + Math.min(this.#lookIntervalMs, this.#idleness!.remainingMs);
  }

  get #lookIntervalMs(): number {
    return this.#strategy.idleTimeoutMs! / IDLE_LOOKS_PER_TIMEOUT;
  }

  #wakeForNext(): void {
    const next = Math.min(this.#nextLook, this.#nextEmission);
    if (next < Infinity) this.#wakeCall = this.#context.processingTime.at(next, () => this.#onClock());
  }

  #onClock(): void {
    const now = this.#context.processingTime.now();
    if (this.#emitted.get() === MAX_WATERMARK) return;
    if (this.#nextLook <= now) this.#lookForIdleness(now);
    if (this.#nextEmission <= now) {
      this.#nextEmission = now + this.#strategy.periodicIntervalMs!;
      // As in Flink: an idle input has nothing to say, and emitting would make it active.
      if (this.#idleness?.isIdle !== true) this.#emitPeriodically();
    }
    this.#wakeForNext();
  }

  /**
   * Counts the time since the last look as time in which the input could have delivered, but no more than one interval: a clock that jumped was asleep. Where the
   * outputs have no credit, the input could not have delivered either.
   */
  #lookForIdleness(now: number): void {
    const idleness = this.#idleness!;
    const quietMs = Math.min(now - this.#lastLook, this.#lookIntervalMs);
    const couldDeliver = !this.#isActiveSinceLook && this.#context.mayContinue();
    this.#isActiveSinceLook = false;
    if (couldDeliver && idleness.advance(quietMs)) {
      this.#nextLook = Infinity;
      this.markIdle();
    } else {
      this.#lookFrom(now);
    }
  }

  #emitPeriodically(): void {
    try {
      this.#generator.onPeriodicEmit?.(this);
    } catch (cause) {
      throw this.#context.userError(cause, undefined, NO_TIMESTAMP);
    }
  }
}

export function timestampsAndWatermarksFactory<T>(strategy: WatermarkStrategy<T>): OperatorFactory {
  return {
    kind: "timestampsAndWatermarks",
    details: watermarkDetails(strategy),
    columns: { takes: true, gives: true, ...rowByRow(strategy) },
    create: (context) => new TimestampsAndWatermarksOperator(strategy, context),
  };
}

/** How many records of a batch come before a row. */
function recordsBefore(batch: ColumnBatch, row: number): number {
  let count = 0;
  while (count < batch.length && batch.rowOf(count) < row) count += 1;
  return count;
}
