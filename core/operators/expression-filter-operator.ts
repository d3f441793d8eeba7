import type { ColumnBatch } from "../data/column-batch.ts";
import type { FilterProgram } from "../data/expression-program.ts";
import { InvariantViolation } from "../lib/assert.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";
import { columnsInto, rowsInto } from "./columns-output.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";

/** Passes on the records for which an expression is true. */
export class ExpressionFilterOperator<T> implements Operator, Output<T> {
  readonly inputs = [this];
  readonly #program: FilterProgram;
  readonly #context: OperatorContext;
  readonly #output: Output<T>;
  readonly #giveColumns: (batch: ColumnBatch) => void;
  readonly #metrics: OperatorMetrics;

  constructor(program: FilterProgram, context: OperatorContext) {
    this.#program = program;
    this.#context = context;
    this.#output = context.output;
    this.#giveColumns = columnsInto(context.output);
    this.#metrics = context.metrics;
  }

  processRecord(record: T, timestamp: number): void {
    this.#metrics.recordsIn += 1;
    let passes: boolean;
    try {
      passes = this.#program.row(record);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    if (!passes) return;
    this.#metrics.recordsOut += 1;
    this.#output.processRecord(record, timestamp);
  }

  processColumns(batch: ColumnBatch): void {
    let passed = batch;
    try {
      if (0 < batch.length) passed = this.#program.columns(batch);
    } catch (cause) {
      if (cause instanceof InvariantViolation) throw cause;
      // Some record makes the expression fail: by rows those before it pass, and the error names it.
      return rowsInto(this, batch);
    }
    const { watermarks } = batch.watermarks;
    if (0 < watermarks.length) this.#metrics.currentWatermark = watermarks.at(-1)!;
    this.#metrics.recordsIn += batch.length;
    this.#metrics.recordsOut += passed.length;
    if (0 < passed.length) this.#giveColumns(passed);
    else for (const watermark of watermarks) this.#output.processWatermark(watermark);
  }

  processWatermark(watermark: number): void {
    this.#metrics.currentWatermark = watermark;
    this.#output.processWatermark(watermark);
  }

  processIdleness(idle: boolean): void {
    this.#output.processIdleness(idle);
  }
}
