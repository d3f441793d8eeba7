import type { FunctionScope } from "../functions/function-binding.ts";
import type { FlatMapFunction } from "../functions/stream-functions.ts";
import { IterablePuller } from "./iterable-puller.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";
import { TimestampedCollector } from "./timestamped-collector.ts";

/** Any number of records out for each record in. */
export class FlatMapOperator<T, R> implements Operator, Output<T> {
  readonly inputs = [this];
  readonly #fn: FlatMapFunction<T, R>;
  readonly #scope: FunctionScope;
  readonly #context: OperatorContext;
  readonly #collector: TimestampedCollector<R>;
  readonly #puller: IterablePuller<R>;

  constructor(fn: FlatMapFunction<T, R>, context: OperatorContext, scope: FunctionScope) {
    this.#fn = fn;
    this.#scope = scope;
    this.#context = context;
    this.#collector = new TimestampedCollector(context);
    this.#puller = new IterablePuller(context, this.#collector, scope);
  }

  open(): void {
    this.#scope.open();
  }

  processRecord(record: T, timestamp: number): void {
    this.#context.metrics.recordsIn += 1;
    this.#collector.timestamp = timestamp;
    let iterable: Iterable<R> | void;
    const outer = this.#scope.enter();
    try {
      iterable = this.#fn.flatMap(record, this.#collector);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    this.#scope.leave(outer);
    this.#puller.pull(iterable, record, timestamp);
  }

  processWatermark(watermark: number): void {
    this.#context.metrics.currentWatermark = watermark;
    this.#context.output.processWatermark(watermark);
  }

  processIdleness(idle: boolean): void {
    this.#context.output.processIdleness(idle);
  }

  close(): void {
    try {
      this.#puller.close();
    } finally {
      this.#scope.close();
    }
  }
}
