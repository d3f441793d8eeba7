import type { FunctionScope } from "../functions/function-binding.ts";
import type { FilterFunction } from "../functions/stream-functions.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";

/** Passes on the records for which the function says yes. */
export class FilterOperator<T> implements Operator, Output<T> {
  readonly inputs = [this];
  readonly #fn: FilterFunction<T>;
  readonly #scope: FunctionScope;
  readonly #context: OperatorContext;
  readonly #output: Output<T>;
  readonly #metrics: OperatorMetrics;

  constructor(fn: FilterFunction<T>, context: OperatorContext, scope: FunctionScope) {
    this.#fn = fn;
    this.#scope = scope;
    this.#context = context;
    this.#output = context.output;
    this.#metrics = context.metrics;
  }

  open(): void {
    this.#scope.open();
  }

  processRecord(record: T, timestamp: number): void {
    this.#metrics.recordsIn += 1;
    let passes: boolean;
    this.#scope.enter();
    try {
      passes = this.#fn.filter(record);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    if (!passes) return;
    this.#metrics.recordsOut += 1;
    this.#output.processRecord(record, timestamp);
  }

  processWatermark(watermark: number): void {
    this.#metrics.currentWatermark = watermark;
    this.#output.processWatermark(watermark);
  }

  processIdleness(idle: boolean): void {
    this.#output.processIdleness(idle);
  }

  close(): void {
    this.#scope.close();
  }
}
