import type { FunctionScope } from "../functions/function-binding.ts";
import type { CoFlatMapFunction } from "../functions/stream-functions.ts";
import { IterablePuller } from "./iterable-puller.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";
import { TimestampedCollector } from "./timestamped-collector.ts";
import { TwoInputWatermarks } from "./two-input-watermarks.ts";

/** Any number of records out for each record in, from either of two inputs. */
export class CoFlatMapOperator<A, B, R> implements Operator {
  readonly inputs: readonly [Output<A>, Output<B>];
  readonly #fn: CoFlatMapFunction<A, B, R>;
  readonly #scope: FunctionScope;
  readonly #context: OperatorContext;
  readonly #watermarks: TwoInputWatermarks;
  readonly #collector: TimestampedCollector<R>;
  readonly #puller: IterablePuller<R>;

  constructor(fn: CoFlatMapFunction<A, B, R>, context: OperatorContext, scope: FunctionScope) {
    this.#fn = fn;
    this.#scope = scope;
    this.#context = context;
    this.#collector = new TimestampedCollector(context);
    this.#puller = new IterablePuller(context, this.#collector, scope);
    this.#watermarks = new TwoInputWatermarks(context, {
      onWatermark: (watermark) => this.#forwardWatermark(watermark),
      onIdleness: (idle) => context.output.processIdleness(idle),
    });
    this.inputs = [
      this.#watermarks.input(0, (record: A, timestamp) => this.#flatMap1(record, timestamp)),
      this.#watermarks.input(1, (record: B, timestamp) => this.#flatMap2(record, timestamp)),
    ];
  }

  open(): void {
    this.#scope.open();
  }

  snapshot(): void {
    this.#watermarks.snapshot();
  }

  close(): void {
    try {
      this.#puller.close();
    } finally {
      this.#scope.close();
    }
  }

  #flatMap1(record: A, timestamp: number): void {
    this.#context.metrics.recordsIn += 1;
    this.#collector.timestamp = timestamp;
    let iterable: Iterable<R> | void;
    const outer = this.#scope.enter();
    try {
      iterable = this.#fn.flatMap1(record, this.#collector);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    this.#scope.leave(outer);
    this.#puller.pull(iterable, record, timestamp);
  }

  #flatMap2(record: B, timestamp: number): void {
    this.#context.metrics.recordsIn += 1;
    this.#collector.timestamp = timestamp;
    let iterable: Iterable<R> | void;
    const outer = this.#scope.enter();
    try {
      iterable = this.#fn.flatMap2(record, this.#collector);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    this.#scope.leave(outer);
    this.#puller.pull(iterable, record, timestamp);
  }

  #forwardWatermark(watermark: number): void {
    this.#context.metrics.currentWatermark = watermark;
    this.#context.output.processWatermark(watermark);
  }
}
