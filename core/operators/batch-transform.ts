import type { ColumnBatch } from "../data/column-batch.ts";
import { InvariantViolation } from "../lib/assert.ts";
import { columnsInto, rowsInto } from "./columns-output.ts";
import type { OperatorContext, Output } from "./operator.ts";

/** What operators of expressions do with batches: each batch becomes another one with the same watermarks, and some or all of its records. */
export class BatchTransform {
  readonly #columns: (batch: ColumnBatch) => ColumnBatch;
  readonly #rows: Output<never>;
  readonly #context: OperatorContext;
  readonly #giveColumns: (batch: ColumnBatch) => boolean;

  /** @param rows the operator, as it takes records one by one */
  constructor(columns: (batch: ColumnBatch) => ColumnBatch, rows: Output<never>, context: OperatorContext) {
    this.#columns = columns;
    this.#rows = rows;
    this.#context = context;
    this.#giveColumns = columnsInto(context.output);
  }

  /** Returns whether nobody keeps memory of the batch: of the one that is made of it neither, which may share that. */
  process(batch: ColumnBatch): boolean {
    const { metrics, output } = this.#context;
    let result = batch;
    try {
      if (0 < batch.length) result = this.#columns(batch);
    } catch (cause) {
      if (cause instanceof InvariantViolation) throw cause;
      // Some record makes an expression fail: by rows those before it pass, and the error names it.
      rowsInto(this.#rows as Output<unknown>, batch);
      return true;
    }
    const { watermarks } = batch.watermarks;
    if (0 < watermarks.length) metrics.currentWatermark = watermarks.at(-1)!;
    metrics.recordsIn += batch.length;
    metrics.recordsOut += result.length;
    if (0 < result.length) return this.#giveColumns(result);
    for (const watermark of watermarks) output.processWatermark(watermark);
    return true;
  }
}
