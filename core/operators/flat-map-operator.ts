import { type FunctionScope, bindingOf } from "../functions/function-binding.ts";
import type { FlatMapFunction } from "../functions/stream-functions.ts";
import { declaredState } from "./declared-state.ts";
import { IterablePuller } from "./iterable-puller.ts";
import { withKeys } from "./keyed-inputs.ts";
import type { KeyOf } from "./keyed-function.ts";
import type { Operator, OperatorContext, OperatorFactory, Output } from "./operator.ts";
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

/** `keyOf` on a keyed stream: then the function may use keyed state. */
export function flatMapFactory<T, R>(fn: FlatMapFunction<T, R>, keyOf?: KeyOf<T>): OperatorFactory {
  return {
    kind: "flatMap",
    details: declaredState(fn, keyOf === undefined ? "unkeyed" : "keyed"),
    suspends: true,
    create: (context) =>
      keyOf === undefined
        ? new FlatMapOperator(fn, context, bindingOf(fn).scope(context, undefined))
        : withKeys(fn, context, [keyOf], (scope) => new FlatMapOperator(fn, context, scope)),
  };
}
