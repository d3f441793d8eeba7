import { assert } from "../lib/assert.ts";
import { MIN_WATERMARK, NO_TIMESTAMP } from "./timestamp.ts";

/** Where a generator puts its watermarks. A watermark that is not larger than the last one changes nothing. */
export interface WatermarkOutput {
  /** Promises that no record with timestamp ≤ `watermark` follows. */
  emitWatermark(watermark: number): void;
  /** Stands aside: the watermark is not held back until `markActive` or the next watermark. */
  markIdle(): void;
  markActive(): void;
}

/**
 * Makes watermarks out of the records it sees. One instance sees one subtask or one source split.
 *
 * A generator without `snapshot` starts fresh after a restore: until it emits again, what it had promised is known to the
 * operators downstream only.
 */
export interface WatermarkGenerator<in T> {
  /** Called after each record with its timestamp; may emit. */
  onEvent(record: T, timestamp: number, output: WatermarkOutput): void;
  /** Called after `onEvent`, or every so often where the strategy says `emitPeriodically`; may emit. */
  onPeriodicEmit?(output: WatermarkOutput): void;
  /** A plain value (what the record codec can write) from which `restore` of a fresh generator can go on. */
  snapshot?(): unknown;
  restore?(snapshot: unknown): void;
}

/**
 * Emits the largest timestamp − bound − 1: a record with the timestamp max − bound may still come, and a watermark includes its
 * own timestamp. Its snapshot is the largest timestamp.
 */
export class BoundedOutOfOrdernessWatermarks implements WatermarkGenerator<unknown> {
  readonly #boundMs: number;
  readonly #emitOnEvent: boolean;
  #maxTimestamp = NO_TIMESTAMP;
  /** After a restore this is behind `#maxTimestamp`, so that the restored promise is made again. */
  #emitted = MIN_WATERMARK;

  constructor(boundMs: number, emitOnEvent: boolean) {
    assert(0 <= boundMs, "the bound of out-of-orderness is not negative");
    this.#boundMs = boundMs;
    this.#emitOnEvent = emitOnEvent;
  }

  onEvent(_record: unknown, timestamp: number, output: WatermarkOutput): void {
    if (this.#maxTimestamp < timestamp) this.#maxTimestamp = timestamp;
    if (this.#emitOnEvent) this.onPeriodicEmit(output);
  }

  onPeriodicEmit(output: WatermarkOutput): void {
    const watermark = this.#maxTimestamp - this.#boundMs - 1;
    if (watermark <= this.#emitted) return;
    this.#emitted = watermark;
    output.emitWatermark(watermark);
  }

  snapshot(): number {
    return this.#maxTimestamp;
  }

  /** The restored maximum is a lower bound: the watermark never falls behind it. */
  restore(snapshot: unknown): void {
    assert(typeof snapshot === "number", "a watermark generator restores the number that it has snapshotted");
    this.#maxTimestamp = Math.max(this.#maxTimestamp, snapshot);
  }
}

/** Emits nothing. */
export class NoWatermarks implements WatermarkGenerator<unknown> {
  onEvent(): void {}
}
