import { type FunctionScope, bindingOf } from "../functions/function-binding.ts";
import type { ProcessFunctionLike } from "../functions/stream-functions.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";
import { RecordContext } from "./process-context.ts";
import { TimestampedCollector } from "./timestamped-collector.ts";
import { UnkeyedTime } from "./unkeyed-time.ts";

/** A process function on a stream without keys: no timers, no keyed state. */
export class ProcessOperator<T, R> implements Operator, Output<T> {
  readonly inputs = [this];
  readonly #fn: ProcessFunctionLike<T, R>;
  readonly #scope: FunctionScope;
  readonly #context: OperatorContext;
  readonly #time: UnkeyedTime;
  readonly #collector: TimestampedCollector<R>;
  readonly #recordContext: RecordContext;

  constructor(fn: ProcessFunctionLike<T, R>, context: OperatorContext) {
    this.#fn = fn;
    this.#scope = bindingOf(fn).scope(context, undefined);
    this.#context = context;
    this.#time = new UnkeyedTime(context);
    this.#collector = new TimestampedCollector(context);
    this.#recordContext = new RecordContext(context, this.#time);
  }

  open(): void {
    this.#scope.open();
  }

  processRecord(record: T, timestamp: number): void {
    this.#context.metrics.recordsIn += 1;
    this.#collector.timestamp = timestamp;
    this.#recordContext.recordTimestamp = timestamp;
    const outer = this.#scope.enter();
    try {
      this.#fn.processElement(record, this.#recordContext, this.#collector);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    this.#scope.leave(outer);
  }

  processWatermark(watermark: number): void {
    this.#time.processWatermark(watermark);
  }

  processIdleness(idle: boolean): void {
    this.#context.output.processIdleness(idle);
  }

  close(): void {
    this.#scope.close();
  }
}
