import type { ColumnBatch } from "../data/column-batch.ts";
import type { Output } from "../operators/operator.ts";
import { WatermarkValve, type WatermarkValveOutput } from "../time/watermark-valve.ts";
import { BatchMerger } from "./batch-merger.ts";

/** One input of an operator: its channels give watermarks and idleness, the valve says what they come to together. */
export class MergedInput implements WatermarkValveOutput {
  readonly output: Output<unknown>;
  readonly valve: WatermarkValve;
  /** Where the operator takes batches of columns. */
  readonly #merger: BatchMerger | undefined;

  constructor(output: Output<unknown>, channelCount: number) {
    this.output = output;
    this.valve = new WatermarkValve(channelCount, this);
    this.#merger = output.processColumns === undefined ? undefined : new BatchMerger(output);
  }

  get takesColumns(): boolean {
    return this.#merger !== undefined;
  }

  /** Hands a batch of one channel on, with the watermarks of all of them. Returns whether nobody keeps memory of it. */
  processColumns(channel: number, batch: ColumnBatch): boolean {
    return this.#merger!.merge(batch, (watermark) => this.valve.processWatermark(channel, watermark));
  }

  onWatermark(watermark: number): void {
    if (this.#merger?.isMerging === true) this.#merger.addWatermark(watermark);
    else this.output.processWatermark(watermark);
  }

  onIdleness(idle: boolean): void {
    // What a batch has before the change comes before it.
    if (this.#merger?.isMerging === true) this.#merger.cut();
    this.output.processIdleness(idle);
  }
}
