import type { ColumnBatch } from "../data/column-batch.ts";
import { recordBatch } from "../data/record-batch.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { BatchParts, partOf, stamped } from "../operators/batch-parts.ts";
import type { IdlenessTimer } from "../time/idleness.ts";
import { type BatchTimestamps, timesOf } from "../time/timestamp-columns.ts";
import { MIN_WATERMARK, NO_TIMESTAMP } from "../time/timestamp.ts";
import { asTimestampWatermarks, type TimestampWatermarks, type WatermarkGenerator, type WatermarkOutput } from "../time/watermark-generator.ts";
import type { MultiplexedOutput } from "../time/watermark-multiplexer.ts";
import { BATCH_ROWS } from "./batch-rows.ts";
import type { ReaderOutput } from "./source.ts";

/** What the outputs of a source have in common: how records get their timestamps, and where they go. */
export interface SharedOutputs<T> {
  timestampOf(record: T, sourceTimestamp: number | undefined): number;
  timestampsOf(batch: ColumnBatch): BatchTimestamps;
  readonly takesRecords: boolean;
  emit(record: T, timestamp: number): void;
  /** Returns whether nobody keeps memory of the batch. */
  emitColumns(batch: ColumnBatch): boolean;
  userError(cause: unknown, record: T, timestamp: number): JobError;
  createOutputForSplit(splitId: string): ReaderOutput<T>;
  releaseOutputForSplit(splitId: string): void;
}

export interface SplitOutputParts<T> {
  readonly outputs: SharedOutputs<T>;
  readonly generator: WatermarkGenerator<T>;
  readonly target: MultiplexedOutput;
  readonly idleness: IdlenessTimer | undefined;
  readonly onActive: () => void;
}

/** One split's records and watermarks. */
export class SplitOutput<T> implements ReaderOutput<T> {
  readonly generator: WatermarkGenerator<T>;
  /** The same generator, where it need not be asked about each record. */
  readonly #byTimestamps: TimestampWatermarks | undefined;
  readonly #outputs: SharedOutputs<T>;
  readonly #target: MultiplexedOutput;
  readonly #idleness: IdlenessTimer | undefined;
  readonly #onActive: () => void;
  /**
   * What the generator emits is noted and sent on when its call has returned, so that an error of the generator is told from one
   * further down.
   */
  readonly #noted = new NotedWatermark();
  /** Of the records that were sent together last, where nobody has kept them. */
  #timestamps: Float64Array | undefined;
  #isIdle = false;
  /** Whether something came since time was last counted: the span counted next was not silent. */
  #wasActive = false;

  constructor(parts: SplitOutputParts<T>) {
    this.generator = parts.generator;
    this.#byTimestamps = asTimestampWatermarks(parts.generator);
    this.#outputs = parts.outputs;
    this.#target = parts.target;
    this.#idleness = parts.idleness;
    this.#onActive = parts.onActive;
  }

  collect(record: T, sourceTimestamp?: number): void {
    const timestamp = this.#outputs.timestampOf(record, sourceTimestamp);
    if (this.#idleness !== undefined) this.#noteActivity(this.#idleness);
    if (this.#isIdle) this.#setIdle(false);
    this.#outputs.emit(record, timestamp);
    if (this.#byTimestamps === undefined) {
      this.#generate(record, timestamp);
      if (this.#noted.isNoted) this.#sendNoted();
    } else {
      const watermark = this.#byTimestamps.watermarkAfter(timestamp);
      if (MIN_WATERMARK < watermark) this.#target.emitWatermark(watermark);
    }
  }

  collectColumns(batch: ColumnBatch): boolean {
    if (0 < batch.watermarks.rows.length) {
      throw new JobError("SOURCE_FAILED", "the reader emitted a column batch with watermarks in it; the strategy makes them, or emitWatermark between two batches");
    }
    const { timestamps, times, failure } = this.#outputs.timestampsOf(batch);
    const taken = failure === undefined ? batch : partOf(batch, 0, failure.index);
    const isFree = taken.length === 0 || this.#take(timestamps === batch.timestamps ? taken : stamped(taken, timestamps, taken.watermarks, times));
    if (failure !== undefined) throw failure.error;
    return isFree;
  }

  collectAll(records: readonly T[], sourceTimestamps?: ArrayLike<number>): boolean {
    if (this.#byTimestamps === undefined || !this.#outputs.takesRecords) {
      for (let index = 0; index < records.length; index += 1) this.collect(records[index]!, knownAt(sourceTimestamps, index));
      return true;
    }
    if (records.length <= BATCH_ROWS) return this.#collectSome(records, sourceTimestamps, 0);
    for (let from = 0; from < records.length; from += BATCH_ROWS) this.#collectSome(records.slice(from, from + BATCH_ROWS), sourceTimestamps, from);
    return true;
  }

  /** The records from number `from` of the timestamps on. */
  #collectSome(records: readonly T[], sourceTimestamps: ArrayLike<number> | undefined, from: number): boolean {
    const timestamps = (this.#timestamps ??= new Float64Array(BATCH_ROWS));
    let failure: { readonly error: unknown } | undefined;
    let index = 0;
    try {
      for (; index < records.length; index += 1) timestamps[index] = this.#outputs.timestampOf(records[index]!, knownAt(sourceTimestamps, from + index));
    } catch (error) {
      failure = { error };
    }
    const taken = failure === undefined ? records : records.slice(0, index);
    const isFree = index === 0 || this.#take(recordBatch(taken, { timestamps, times: timesOf(timestamps, index) }));
    if (!isFree) this.#timestamps = undefined;
    if (failure !== undefined) throw failure.error;
    return isFree;
  }

  emitWatermark(watermark: number): void {
    if (typeof watermark !== "number" || Number.isNaN(watermark)) {
      throw new JobError("INVALID_TIMESTAMP", `a watermark is a time in ms, but the reader emitted ${show(watermark)}`);
    }
    if (this.#idleness !== undefined) this.#noteActivity(this.#idleness);
    this.#isIdle = false;
    this.#target.emitWatermark(watermark);
  }

  markIdle(): void {
    this.#setIdle(true);
  }

  markActive(): void {
    if (this.#idleness !== undefined) this.#noteActivity(this.#idleness);
    this.#setIdle(false);
  }

  createOutputForSplit(splitId: string): ReaderOutput<T> {
    return this.#outputs.createOutputForSplit(splitId);
  }

  releaseOutputForSplit(splitId: string): void {
    this.#outputs.releaseOutputForSplit(splitId);
  }

  /** An idle split stays so: silence brings no new watermark. */
  emitPeriodically(): void {
    if (this.generator.onPeriodicEmit === undefined || this.#idleness?.isIdle === true) return;
    try {
      this.generator.onPeriodicEmit(this.#noted);
    } catch (cause) {
      throw this.#outputs.userError(cause, undefined as T, NO_TIMESTAMP);
    }
    if (this.#noted.isNoted) this.#sendNoted();
  }

  passTime(deliverableMs: number): void {
    if (this.#wasActive) this.#wasActive = false;
    else if (this.#idleness !== undefined && this.#idleness.advance(deliverableMs)) this.#setIdle(true);
  }

  get remainingMs(): number {
    return this.#idleness === undefined ? Infinity : this.#idleness.remainingMs;
  }

  restoreIdle(idle: boolean): void {
    this.#isIdle = idle;
    this.#idleness?.restore(idle);
  }

  /** The records of a batch, which have their timestamps. */
  #take(batch: ColumnBatch): boolean {
    if (this.#idleness !== undefined) this.#noteActivity(this.#idleness);
    if (this.#isIdle) this.#setIdle(false);
    if (this.#byTimestamps === undefined) return this.#takeEach(batch);
    const watermarks = this.#target.combine(this.#byTimestamps.watermarksIn(batch));
    return this.#outputs.emitColumns(watermarks.rows.length === 0 ? batch : stamped(batch, batch.timestamps, watermarks, batch.times));
  }

  /** A generator of the user's is asked about each record. Where it says that the split is idle, the batch is cut. */
  #takeEach(batch: ColumnBatch): boolean {
    const parts = new BatchParts(
      batch,
      (part) => this.#emitCombined(part),
      (watermark) => this.#target.emitWatermark(watermark),
    );
    let highest = MIN_WATERMARK;
    for (let index = 0; index < batch.length; index += 1) {
      const row = batch.rowOf(index);
      if (this.#isIdle) this.#setIdle(false);
      try {
        this.#generate(batch.rowAt(row) as T, batch.timestamps[row]!);
      } catch (cause) {
        parts.send(index + 1);
        throw cause;
      }
      if (!this.#noted.isNoted) continue;
      const { watermark, idle } = this.#noted;
      this.#noted.clear();
      if (highest < watermark) {
        highest = watermark;
        parts.note(index, watermark);
      }
      if (idle === undefined) continue;
      parts.send(index + 1);
      this.#setIdle(idle);
    }
    parts.send(batch.length);
    // Beside that, new memory for the next batch costs nothing.
    return false;
  }

  #emitCombined(part: ColumnBatch): void {
    this.#outputs.emitColumns(stamped(part, part.timestamps, this.#target.combine(part.watermarks)));
  }

  #generate(record: T, timestamp: number): void {
    try {
      this.generator.onEvent(record, timestamp, this.#noted);
    } catch (cause) {
      throw this.#outputs.userError(cause, record, timestamp);
    }
  }

  #noteActivity(idleness: IdlenessTimer): void {
    this.#wasActive = true;
    if (idleness.activity()) this.#onActive();
  }

  #setIdle(idle: boolean): void {
    this.#isIdle = idle;
    if (idle) this.#target.markIdle();
    else this.#target.markActive();
  }

  #sendNoted(): void {
    const { watermark, idle } = this.#noted;
    this.#noted.clear();
    if (MIN_WATERMARK < watermark) {
      this.#isIdle = false;
      this.#target.emitWatermark(watermark);
    }
    if (idle !== undefined) this.#setIdle(idle);
  }
}

function knownAt(timestamps: ArrayLike<number> | undefined, index: number): number | undefined {
  const timestamp = timestamps?.[index];
  return timestamp === NO_TIMESTAMP ? undefined : timestamp;
}

class NotedWatermark implements WatermarkOutput {
  watermark = MIN_WATERMARK;
  idle: boolean | undefined = undefined;
  isNoted = false;

  emitWatermark(watermark: number): void {
    if (this.watermark < watermark) this.watermark = watermark;
    this.idle = undefined;
    this.isNoted = true;
  }

  markIdle(): void {
    this.idle = true;
    this.isNoted = true;
  }

  markActive(): void {
    this.idle = false;
    this.isNoted = true;
  }

  clear(): void {
    this.watermark = MIN_WATERMARK;
    this.idle = undefined;
    this.isNoted = false;
  }
}
