import { types } from "../data/type.ts";
import type { OperatorValue } from "../state/operator-state.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../time/timestamp.ts";
import { WatermarkMultiplexer } from "../time/watermark-multiplexer.ts";
import type { WatermarkValveOutput } from "../time/watermark-valve.ts";
import type { OperatorContext, Output } from "./operator.ts";

/** What is stored of one input; claims as 0 or 1. Whoever is idle says so once more where the parallelism has changed; an input has ended only where all had. */
interface StoredInput {
  readonly watermark: OperatorValue<number>;
  readonly idle: OperatorValue<number>;
  readonly ended: OperatorValue<number>;
}

const INPUTS = ["0", "1"] as const;

/**
 * Time of an operator with two inputs: its watermark is the smaller of theirs, where an idle input does not count; it is idle when both are.
 *
 * An input that comes back holds the watermark at once, as in Flink: unlike a channel of a gate, it need not catch up first. What it sends next was judged by
 * its own watermark, and must not be overtaken by the other input's.
 *
 * The final watermark goes on when it has come from both: until then an input that has ended counts as idle, because the other may be idle and still deliver.
 */
export class TwoInputWatermarks {
  readonly #target: WatermarkValveOutput;
  readonly #combination: WatermarkMultiplexer;
  readonly #stored: readonly StoredInput[];
  readonly #combined: OperatorValue<number>;

  constructor(context: OperatorContext, target: WatermarkValveOutput) {
    const state = context.operatorState;
    this.#target = target;
    this.#stored = INPUTS.map((input) => ({
      watermark: state.value(`input-${input}-watermark`, types.number, MIN_WATERMARK, "min"),
      idle: state.value(`input-${input}-idle`, types.number, 0, "initial"),
      ended: state.value(`input-${input}-ended`, types.number, 0, "min"),
    }));
    this.#combined = state.value("inputs-watermark", types.number, MIN_WATERMARK, "min");
    this.#combination = new WatermarkMultiplexer({
      emitWatermark: (watermark) => target.onWatermark(watermark),
      markIdle: () => target.onIdleness(true),
      markActive: () => target.onIdleness(false),
    });
    const outputs = this.#stored.map(({ watermark, idle, ended }, index) => {
      return { id: INPUTS[index]!, watermark: watermark.get(), idle: idle.get() === 1 || (ended.get() === 1 && watermark.get() < MAX_WATERMARK) };
    });
    const combinedIdle = outputs.every(({ idle }) => idle);
    this.#combination.restore({ outputs, combinedWatermark: this.#combined.get(), combinedIdle });
  }

  get isIdle(): boolean {
    return this.#combination.isIdle;
  }

  /** An input of the operator, whose records go to `processRecord`. */
  input<T>(index: 0 | 1, processRecord: (record: T, timestamp: number) => void): Output<T> {
    const part = this.#combination.output(INPUTS[index]);
    const { ended } = this.#stored[index]!;
    return {
      processRecord,
      processWatermark: (watermark) => (watermark === MAX_WATERMARK ? this.#end(index) : part.emitWatermark(watermark)),
      processIdleness: (idle) => {
        if (ended.get() === 1) return;
        if (idle) part.markIdle();
        else part.markActive();
      },
    };
  }

  #end(index: 0 | 1): void {
    this.#stored[index]!.ended.set(1);
    const parts = INPUTS.map((input) => this.#combination.output(input));
    // As often as it comes: behind a restored operator others may stand than those that it had told.
    if (this.#combination.watermark === MAX_WATERMARK) this.#target.onWatermark(MAX_WATERMARK);
    else if (this.#stored.every(({ ended }) => ended.get() === 1)) for (const part of parts) part.emitWatermark(MAX_WATERMARK);
    else parts[index]!.markIdle();
  }

  snapshot(): void {
    this.#combined.set(this.#combination.watermark);
    this.#stored.forEach(({ watermark, idle }, index) => {
      watermark.set(this.#combination.watermarkOf(INPUTS[index]!));
      idle.set(this.#combination.isIdleOf(INPUTS[index]!) ? 1 : 0);
    });
  }
}
