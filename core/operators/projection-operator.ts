import type { ColumnBatch } from "../data/column-batch.ts";
import type { ProjectionProgram } from "../data/expression-projection.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";
import { BatchTransform } from "./batch-transform.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";

/** A new record of each record, with the values of expressions. */
export class ProjectionOperator<T> implements Operator, Output<T> {
  readonly inputs = [this];
  readonly #program: ProjectionProgram;
  readonly #context: OperatorContext;
  readonly #output: Output<unknown>;
  readonly #batches: BatchTransform;
  readonly #metrics: OperatorMetrics;

  constructor(program: ProjectionProgram, context: OperatorContext) {
    this.#program = program;
    this.#context = context;
    this.#output = context.output;
    this.#batches = new BatchTransform(program.columns, this, context);
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
