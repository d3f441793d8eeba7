import { types } from "../data/type.ts";
import type { OperatorValue } from "../state/operator-state.ts";
import { MIN_WATERMARK } from "../time/timestamp.ts";
import { WatermarkValve, type WatermarkValveOutput } from "../time/watermark-valve.ts";
import type { OperatorContext, Output } from "./operator.ts";

/** What is stored of one input; idleness as 0 or 1, so that subtasks that become one are idle only where all were. */
interface StoredInput {
  readonly watermark: OperatorValue<number>;
  readonly idle: OperatorValue<number>;
}

/** Time of an operator with two inputs: its watermark is the smaller of theirs, where an idle input does not count; it is idle when both are. */
export class TwoInputWatermarks {
  readonly #valve: WatermarkValve;
  readonly #stored: readonly [StoredInput, StoredInput];
  readonly #combined: OperatorValue<number>;

  constructor(context: OperatorContext, target: WatermarkValveOutput) {
    const state = context.operatorState;
    const stored = (input: number): StoredInput => ({
      watermark: state.value(`input-${input}-watermark`, types.number, MIN_WATERMARK, "min"),
      idle: state.value(`input-${input}-idle`, types.number, 0, "min"),
    });
    this.#stored = [stored(0), stored(1)];
    this.#combined = state.value("inputs-watermark", types.number, MIN_WATERMARK, "min");
    this.#valve = new WatermarkValve(2, target);
    this.#restore();
  }

  get isIdle(): boolean {
    return this.#valve.isIdle;
  }

  /** An input of the operator, whose records go to `processRecord`. */
  input<T>(index: 0 | 1, processRecord: (record: T, timestamp: number) => void): Output<T> {
    return {
      processRecord,
      processWatermark: (watermark) => this.#valve.processWatermark(index, watermark),
      processIdleness: (idle) => this.#valve.processIdleness(index, idle),
    };
  }

  snapshot(): void {
    const { watermarks, idle, outputWatermark } = this.#valve.snapshot();
    this.#combined.set(outputWatermark);
    this.#stored.forEach((input, index) => {
      input.watermark.set(watermarks[index]!);
      input.idle.set(idle[index]! ? 1 : 0);
    });
  }

  #restore(): void {
    const outputWatermark = this.#combined.get();
    const watermarks = this.#stored.map((input) => input.watermark.get());
    const idle = this.#stored.map((input) => input.idle.get() === 1);
    this.#valve.restore({
      watermarks,
      idle,
      // An active input that has reached the output takes part, and no other.
      aligned: watermarks.map((watermark, index) => !idle[index]! && outputWatermark <= watermark),
      outputWatermark,
      outputIdle: idle.every((isIdle) => isIdle),
    });
  }
}
