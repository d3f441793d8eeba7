import { type FunctionScope, bindingOf } from "../functions/function-binding.ts";
import type { CoProcessFunctionLike } from "../functions/stream-functions.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";
import { RecordContext } from "./process-context.ts";
import { TimestampedCollector } from "./timestamped-collector.ts";
import { TwoInputWatermarks } from "./two-input-watermarks.ts";
import { UnkeyedTime } from "./unkeyed-time.ts";

/** A process function on two connected streams without keys: no timers, no keyed state. */
export class CoProcessOperator<A, B, R> implements Operator {
  readonly inputs: readonly [Output<A>, Output<B>];
  readonly #fn: CoProcessFunctionLike<A, B, R>;
  readonly #scope: FunctionScope;
  readonly #context: OperatorContext;
  readonly #watermarks: TwoInputWatermarks;
  readonly #collector: TimestampedCollector<R>;
  readonly #recordContext: RecordContext;

  constructor(fn: CoProcessFunctionLike<A, B, R>, context: OperatorContext) {
    const time = new UnkeyedTime(context);
    this.#fn = fn;
    this.#scope = bindingOf(fn).scope(context, undefined);
    this.#context = context;
    this.#collector = new TimestampedCollector(context);
    this.#recordContext = new RecordContext(context, time);
    this.#watermarks = new TwoInputWatermarks(context, {
      onWatermark: (watermark) => time.processWatermark(watermark),
      onIdleness: (idle) => context.output.processIdleness(idle),
    });
    this.inputs = [
      this.#watermarks.input(0, (record: A, timestamp) => this.#process1(record, timestamp)),
      this.#watermarks.input(1, (record: B, timestamp) => this.#process2(record, timestamp)),
    ];
  }

  open(): void {
    this.#scope.open();
  }

  snapshot(): void {
    this.#watermarks.snapshot();
  }

  close(): void {
    this.#scope.close();
  }

  #process1(record: A, timestamp: number): void {
    this.#prepare(timestamp);
    const outer = this.#scope.enter();
    try {
      this.#fn.processElement1(record, this.#recordContext, this.#collector);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    this.#scope.leave(outer);
  }

  #process2(record: B, timestamp: number): void {
    this.#prepare(timestamp);
    const outer = this.#scope.enter();
    try {
      this.#fn.processElement2(record, this.#recordContext, this.#collector);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    this.#scope.leave(outer);
  }

  #prepare(timestamp: number): void {
    this.#context.metrics.recordsIn += 1;
    this.#collector.timestamp = timestamp;
    this.#recordContext.recordTimestamp = timestamp;
  }
}
