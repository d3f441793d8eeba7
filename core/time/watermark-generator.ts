import { type ColumnBatch, NO_WATERMARKS, type WatermarkPositions } from "../data/column-batch.ts";
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

/** A generator that looks at timestamps only, and need not be called for each record. */
export interface TimestampWatermarks extends WatermarkGenerator<unknown> {
  /** As `onEvent`; returns the watermark that it would emit, MIN_WATERMARK where it emits none. */
  watermarkAfter(timestamp: number): number;
  /** As `onEvent` for each record of the batch in order: the watermarks with their positions. */
  watermarksIn(batch: ColumnBatch): WatermarkPositions;
}

/** A class that extends one of these may do anything, and is called for each record. */
export function asTimestampWatermarks(generator: WatermarkGenerator<never>): TimestampWatermarks | undefined {
  const prototype: unknown = Object.getPrototypeOf(generator);
  const isOne = prototype === BoundedOutOfOrdernessWatermarks.prototype || prototype === NoWatermarks.prototype;
  return isOne ? (generator as unknown as TimestampWatermarks) : undefined;
}

/**
 * Emits the largest timestamp − bound − 1: a record with the timestamp max − bound may still come, and a watermark includes its
 * own timestamp. Its snapshot is the largest timestamp.
 */
export class BoundedOutOfOrdernessWatermarks implements TimestampWatermarks {
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
    const watermark = this.watermarkAfter(timestamp);
    if (MIN_WATERMARK < watermark) output.emitWatermark(watermark);
  }

  onPeriodicEmit(output: WatermarkOutput): void {
    const watermark = this.#advance();
    if (MIN_WATERMARK < watermark) output.emitWatermark(watermark);
  }

  watermarkAfter(timestamp: number): number {
    if (this.#maxTimestamp < timestamp) this.#maxTimestamp = timestamp;
    return this.#emitOnEvent ? this.#advance() : MIN_WATERMARK;
  }

  watermarksIn(batch: ColumnBatch): WatermarkPositions {
    const { timestamps, times, selection, length } = batch;
    const rows: number[] = [];
    const watermarks: number[] = [];
    const take = (row: number): void => {
      const watermark = this.watermarkAfter(timestamps[row]!);
      if (watermark === MIN_WATERMARK) return;
      rows.push(row + 1);
      watermarks.push(watermark);
    };
    // The first record may cause a watermark without being the latest: after a restore. Of the others, only one that is later than all before.
    if (times !== undefined && selection === undefined) times.rising.forEach(take);
    else for (let index = 0; index < length; index = firstLater(this.#maxTimestamp, index + 1, batch)) take(batch.rowOf(index));
    return rows.length === 0 ? NO_WATERMARKS : { rows, watermarks };
  }

  #advance(): number {
    const watermark = this.#maxTimestamp - this.#boundMs - 1;
    if (watermark <= this.#emitted) return MIN_WATERMARK;
    this.#emitted = watermark;
    return watermark;
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

/** The number of the first record from `start` on that is later; the length where there is none. */
function firstLater(latest: number, start: number, { timestamps, selection, length }: ColumnBatch): number {
  let index = start;
  if (selection === undefined) while (index < length && !(latest < timestamps[index]!)) index += 1;
  else while (index < length && !(latest < timestamps[selection[index]!]!)) index += 1;
  return index;
}

/** Emits nothing. */
export class NoWatermarks implements TimestampWatermarks {
  onEvent(): void {}

  watermarkAfter(): number {
    return MIN_WATERMARK;
  }

  watermarksIn(): WatermarkPositions {
    return NO_WATERMARKS;
  }
}
