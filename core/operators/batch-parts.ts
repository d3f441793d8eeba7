import { type BatchTimes, ColumnBatch, NO_WATERMARKS, type WatermarkPositions } from "../data/column-batch.ts";

/** The records from number `start` to before number `end`, without watermarks. */
export function partOf(batch: ColumnBatch, start: number, end: number): ColumnBatch {
  const isWhole = start === 0 && end === batch.length;
  const part = isWhole ? batch : batch.select(batch.selection?.subarray(start, end) ?? Int32Array.from({ length: end - start }, (_, index) => start + index));
  return part.watermarks === NO_WATERMARKS ? part : stamped(part, part.timestamps, NO_WATERMARKS);
}

/** The same records with other timestamps, and other watermarks between them. */
export function stamped(batch: ColumnBatch, timestamps: Float64Array, watermarks: WatermarkPositions, times?: BatchTimes): ColumnBatch {
  const { layout, rowCount, columns, selection } = batch;
  return new ColumnBatch({ layout, rowCount, columns, timestamps, times, watermarks, selection });
}

/**
 * Sends a batch on in as few parts as possible, each with the watermarks noted in it. A part ends where something comes between
 * two records that a batch cannot say: idleness, or a failure.
 */
export class BatchParts {
  readonly #batch: ColumnBatch;
  readonly #emit: (part: ColumnBatch) => void;
  readonly #emitWatermark: (watermark: number) => void;
  /** Records that have been sent. */
  #sent = 0;
  #rows: number[] = [];
  #watermarks: number[] = [];

  constructor(batch: ColumnBatch, emit: (part: ColumnBatch) => void, emitWatermark: (watermark: number) => void) {
    this.#batch = batch;
    this.#emit = emit;
    this.#emitWatermark = emitWatermark;
  }

  /** Notes a watermark right after record number `index`. Those of a part rise. */
  note(index: number, watermark: number): void {
    this.#rows.push(this.#batch.rowOf(index) + 1);
    this.#watermarks.push(watermark);
  }

  /** Sends the records before number `end` that have not been sent, and the watermarks noted since. */
  send(end: number): void {
    const [rows, watermarks] = [this.#rows, this.#watermarks];
    [this.#rows, this.#watermarks] = [[], []];
    const start = this.#sent;
    this.#sent = end;
    if (start === end) return watermarks.forEach((watermark) => this.#emitWatermark(watermark));
    const part = partOf(this.#batch, start, end);
    this.#emit(rows.length === 0 ? part : stamped(part, part.timestamps, { rows, watermarks }));
  }
}
