import type { ColumnBatch } from "../data/column-batch.ts";
import type { ProjectionProgram } from "../data/expression-projection.ts";
import { InvariantViolation } from "../lib/assert.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";
import { columnsInto, rowsInto } from "./columns-output.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";

/** A new record of each record, with the values of expressions. */
export class ProjectionOperator<T> implements Operator, Output<T> {
  readonly inputs = [this];
  readonly #program: ProjectionProgram;
  readonly #context: OperatorContext;
  readonly #output: Output<unknown>;
  readonly #giveColumns: (batch: ColumnBatch) => void;
  readonly #metrics: OperatorMetrics;

  constructor(program: ProjectionProgram, context: OperatorContext) {
    this.#program = program;
    this.#context = context;
    this.#output = context.output;
    this.#giveColumns = columnsInto(context.output);
    this.#metrics = context.metrics;
  }

  processRecord(record: T, timestamp: number): void {
    this.#metrics.recordsIn += 1;
    let result: Record<string, unknown>;
    try {
      result = this.#program.row(record);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    this.#metrics.recordsOut += 1;
    this.#output.processRecord(result, timestamp);
  }

  processColumns(batch: ColumnBatch): void {
    let result = batch;
    try {
      if (0 < batch.length) result = this.#program.columns(batch);
    } catch (cause) {
      if (cause instanceof InvariantViolation) throw cause;
      // Some record makes an expression fail: by rows those before it pass, and the error names it.
      return rowsInto(this, batch);
    }
    const { watermarks } = batch.watermarks;
    if (0 < watermarks.length) this.#metrics.currentWatermark = watermarks.at(-1)!;
    this.#metrics.recordsIn += batch.length;
    this.#metrics.recordsOut += batch.length;
    if (0 < batch.length) this.#giveColumns(result);
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
