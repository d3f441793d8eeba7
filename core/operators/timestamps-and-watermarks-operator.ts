import { types } from "../data/type.ts";
import type { Cancellable } from "../host/host.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import type { OperatorListState, OperatorValue } from "../state/operator-state.ts";
import { IdlenessTimer } from "../time/idleness.ts";
import { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP, isTimestamp, timestampAdvice } from "../time/timestamp.ts";
import type { WatermarkGenerator, WatermarkOutput } from "../time/watermark-generator.ts";
import type { WatermarkStrategy } from "../time/watermark-strategy.ts";
import type { Operator, OperatorContext, OperatorFactory, Output } from "./operator.ts";
import { watermarkDetails } from "./watermark-details.ts";

/** How often an idle timeout is looked at. A pause counts for one look at most, so it can shorten the timeout by no more than this part of it. */
const IDLE_LOOKS_PER_TIMEOUT = 8;

/**
 * Gives records their timestamps, and makes watermarks from them: each right after the record that advances it. Watermarks and idleness from upstream stop here,
 * apart from the final watermark. In BATCH there are timestamps only, as in Flink.
 */
export class TimestampsAndWatermarksOperator<T> implements Operator, Output<T>, WatermarkOutput {
  readonly inputs = [this];
  readonly #context: OperatorContext;
  readonly #strategy: WatermarkStrategy<T>;
  readonly #generator: WatermarkGenerator<T>;
  readonly #generates: boolean;
  readonly #idleness: IdlenessTimer | undefined;
  readonly #emitted: OperatorValue<number>;
  /** 0 or 1, so that subtasks that become one are idle only where all were. */
  readonly #idle: OperatorValue<number>;
  readonly #generatorState: OperatorListState<unknown>;

  /** When to look at idleness, and when to emit periodically, next; +∞ is never. */
  #nextLook = Infinity;
  #nextEmission = Infinity;
  #lastLook = 0;
  #isActiveSinceLook = false;
  #wakeCall: Cancellable | undefined;

  constructor(strategy: WatermarkStrategy<T>, context: OperatorContext) {
    this.#context = context;
    this.#strategy = strategy;
    this.#generator = strategy.createGenerator();
    this.#generates = context.mode === "STREAMING";
    this.#idleness = strategy.idleTimeoutMs === undefined || !this.#generates ? undefined : new IdlenessTimer(strategy.idleTimeoutMs);
    this.#emitted = context.operatorState.value("watermark", types.number, MIN_WATERMARK, "min");
    this.#idle = context.operatorState.value("idle", types.number, 0, "min");
    this.#generatorState = context.operatorState.list("generator", types.dynamic);
  }

  open(): void {
    const snapshot = this.#strategy.mergeSnapshots(this.#generatorState.get());
    if (snapshot !== undefined) this.#generator.restore?.(snapshot);
    this.#context.metrics.currentWatermark = this.#emitted.get();
    this.#idleness?.restore(this.#idle.get() === 1);
    if (!this.#generates) return;

    const now = this.#context.processingTime.now();
    if (this.#idleness !== undefined && !this.#idleness.isIdle) this.#lookFrom(now);
    if (this.#strategy.periodicIntervalMs !== undefined) this.#nextEmission = now + this.#strategy.periodicIntervalMs;
    this.#wakeForNext();
  }

  processRecord(record: T, previousTimestamp: number): void {
    this.#context.metrics.recordsIn += 1;
    const timestamp = this.#timestampOf(record, previousTimestamp);
    if (this.#idleness !== undefined) this.#noteActivity();
    this.#context.metrics.recordsOut += 1;
    this.#context.output.processRecord(record, timestamp);
    if (!this.#generates) return;
    try {
      this.#generator.onEvent(record, timestamp, this);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
  }

  processWatermark(watermark: number): void {
    if (watermark !== MAX_WATERMARK) return;
    this.#wakeCall?.cancel();
    this.emitWatermark(MAX_WATERMARK);
  }

  processIdleness(): void {}

  /** Called by the generator. */
  emitWatermark(watermark: number): void {
    if (watermark <= this.#emitted.get()) return;
    if (typeof watermark !== "number" || Number.isNaN(watermark)) {
      throw new JobError("INVALID_TIMESTAMP", `a watermark is a time in ms, but the generator emitted ${show(watermark)}`);
    }
    this.#emitted.set(watermark);
    this.#context.metrics.currentWatermark = watermark;
    this.markActive();
    this.#context.output.processWatermark(watermark);
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

  #timestampOf(record: T, previousTimestamp: number): number {
    const assigner = this.#strategy.timestampAssigner;
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
    this.#context.output.processIdleness(idle);
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
    create: (context) => new TimestampsAndWatermarksOperator(strategy, context),
  };
}
