import type { FunctionScope } from "../functions/function-binding.ts";
import type { MapFunction } from "../functions/stream-functions.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";

/** One record out for each record in. */
export class MapOperator<T, R> implements Operator, Output<T> {
  readonly inputs = [this];
  readonly #fn: MapFunction<T, R>;
  readonly #scope: FunctionScope;
  readonly #context: OperatorContext;
  readonly #output: Output<R>;
  readonly #metrics: OperatorMetrics;

  constructor(fn: MapFunction<T, R>, context: OperatorContext, scope: FunctionScope) {
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
    let result: R;
    this.#scope.enter();
    try {
      result = this.#fn.map(record);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    this.#metrics.recordsOut += 1;
    this.#output.processRecord(result, timestamp);
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
