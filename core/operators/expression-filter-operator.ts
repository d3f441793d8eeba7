import type { ColumnBatch } from "../data/column-batch.ts";
import type { FilterProgram } from "../data/expression-program.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";
import { BatchTransform } from "./batch-transform.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";

/** Passes on the records for which an expression is true. */
export class ExpressionFilterOperator<T> implements Operator, Output<T> {
  readonly inputs = [this];
  readonly #program: FilterProgram;
  readonly #context: OperatorContext;
  readonly #output: Output<T>;
  readonly #batches: BatchTransform;
  readonly #metrics: OperatorMetrics;

  constructor(program: FilterProgram, context: OperatorContext) {
    this.#program = program;
    this.#context = context;
    this.#output = context.output;
    this.#batches = new BatchTransform(program.columns, this, context);
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

  processColumns(batch: ColumnBatch): boolean {
    return this.#batches.process(batch);
  }

  processWatermark(watermark: number): void {
    this.#metrics.currentWatermark = watermark;
    this.#output.processWatermark(watermark);
  }

  processIdleness(idle: boolean): void {
    this.#output.processIdleness(idle);
  }
}
