import type { ColumnBatch } from "../data/column-batch.ts";
import type { NamedExpressions, ProjectionProgram } from "../data/expression-projection.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";
import { BatchTransform } from "./batch-transform.ts";
import type { Operator, OperatorContext, OperatorFactory, Output } from "./operator.ts";

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

  processColumns(batch: ColumnBatch): void {
    this.#batches.process(batch);
  }

  processWatermark(watermark: number): void {
    this.#metrics.currentWatermark = watermark;
    this.#output.processWatermark(watermark);
  }

  processIdleness(idle: boolean): void {
    this.#output.processIdleness(idle);
  }
}

/** `select`: the values alone; `addOrReplaceColumns`: the values beside the fields that are there. */
export function projectionFactory(kind: "select" | "addOrReplaceColumns", expressions: NamedExpressions<never>): OperatorFactory {
  const compile = (): ProjectionProgram => {
    const { compiler } = expressions[0]!;
    return kind === "select" ? compiler.projection(expressions) : compiler.addition(expressions);
  };
  // What is wrong with the names is told where the job is written.
  compile();
  return {
    kind,
    details: { fields: expressions.map(showField) },
    columns: { takes: true, gives: true },
    // Each subtask has programs of its own: they keep memory from batch to batch.
    create: (context) => new ProjectionOperator(compile(), context),
  };
}

function showField(expression: NamedExpressions<never>[number]): string {
  const { node, name } = expression;
  return node.op === "column" && node.name === name ? name : `${name} = ${String(expression)}`;
}
