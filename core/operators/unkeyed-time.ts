import { types } from "../data/type.ts";
import type { TimerService } from "../functions/stream-functions.ts";
import { JobError } from "../lib/errors.ts";
import type { OperatorValue } from "../state/operator-state.ts";
import { MIN_WATERMARK } from "../time/timestamp.ts";
import type { OperatorContext } from "./operator.ts";

/** Time for process functions without keys: they can read it, and set no timers, as in Flink. */
export class UnkeyedTime implements TimerService {
  readonly #context: OperatorContext;
  readonly #watermark: OperatorValue<number>;

  constructor(context: OperatorContext) {
    this.#context = context;
    this.#watermark = context.operatorState.value("watermark", types.number, MIN_WATERMARK, "min");
    context.metrics.currentWatermark = this.#watermark.get();
  }

  processWatermark(watermark: number): void {
    this.#watermark.set(watermark);
    this.#context.metrics.currentWatermark = watermark;
    this.#context.output.processWatermark(watermark);
  }

  currentProcessingTime(): number {
    return this.#context.processingTime.now();
  }

  currentWatermark(): number {
    return this.#watermark.get();
  }

  registerEventTimeTimer(): void {
    throw timersNeedKeys();
  }

  registerProcessingTimeTimer(): void {
    throw timersNeedKeys();
  }

  deleteEventTimeTimer(): void {
    throw timersNeedKeys();
  }

  deleteProcessingTimeTimer(): void {
    throw timersNeedKeys();
  }
}

function timersNeedKeys(): JobError {
  return new JobError("STATE_NOT_AVAILABLE", "timers need a keyed stream: call keyBy before process, and use a KeyedProcessFunction");
}
