import type { KeyedCoProcessFunctionLike, TimeDomain } from "../functions/stream-functions.ts";
import { NO_TIMESTAMP } from "../time/timestamp.ts";
import { type KeyOf, KeyedFunction } from "./keyed-function.ts";
import { KeyedTimers, type TimerTarget } from "./keyed-timers.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";
import { KeyedRecordContext } from "./process-context.ts";
import { TimestampedCollector, timestampOfTimer } from "./timestamped-collector.ts";
import { TwoInputWatermarks } from "./two-input-watermarks.ts";

export interface KeyedCoProcessOptions<K, A, B, R> {
  readonly keyOf1: (record: A) => K;
  readonly keyOf2: (record: B) => K;
  readonly fn: KeyedCoProcessFunctionLike<K, A, B, R>;
}

/** A process function on two keyed streams: both inputs share keys, state and timers. */
export class KeyedCoProcessOperator<K, A, B, R> implements Operator, TimerTarget {
  readonly inputs: readonly [Output<A>, Output<B>];
  readonly #fn: KeyedCoProcessFunctionLike<K, A, B, R>;
  readonly #context: OperatorContext;
  readonly #function: KeyedFunction;
  readonly #timers: KeyedTimers;
  readonly #watermarks: TwoInputWatermarks;
  readonly #collector: TimestampedCollector<R>;
  readonly #recordContext: KeyedRecordContext<K>;

  constructor(options: KeyedCoProcessOptions<K, A, B, R>, context: OperatorContext) {
    this.#fn = options.fn;
    this.#context = context;
    this.#function = new KeyedFunction(options.fn, context);
    this.#timers = new KeyedTimers(context, this.#function.cursor, this);
    this.#collector = new TimestampedCollector(context);
    this.#recordContext = new KeyedRecordContext(context, this.#function, this.#timers);
    this.#watermarks = new TwoInputWatermarks(context, {
      onWatermark: (watermark) => this.#timers.processWatermark(watermark),
      onIdleness: (idle) => this.#timers.processIdleness(idle),
    });
    this.inputs = [
      this.#watermarks.input(0, (record: A, timestamp) => this.#process1(options.keyOf1, record, timestamp)),
      this.#watermarks.input(1, (record: B, timestamp) => this.#process2(options.keyOf2, record, timestamp)),
    ];
  }

  open(): void {
    this.#function.scope.open();
    this.#timers.open(this.#watermarks.isIdle);
  }

  snapshot(): void {
    this.#watermarks.snapshot();
  }

  onTimer(time: number, domain: TimeDomain): void {
    // As in Flink: a record that the clock causes has no event time.
    this.#collector.timestamp = domain === "EVENT_TIME" ? timestampOfTimer(time) : NO_TIMESTAMP;
    this.#recordContext.time = time;
    this.#recordContext.domain = domain;
    const { scope } = this.#function;
    const outer = scope.enter();
    try {
      this.#fn.onTimer?.(time, this.#recordContext, this.#collector);
    } catch (cause) {
      throw this.#function.timerError(cause, time);
    }
    scope.leave(outer);
  }

  onKeyEnd(): void {
    this.#function.scope.clearStates();
  }

  endKey(): void {
    this.#timers.endKey();
  }

  finish(): void {
    this.#timers.finish();
  }

  close(): void {
    this.#timers.close();
    this.#function.scope.close();
  }

  #process1(keyOf: KeyOf<A>, record: A, timestamp: number): void {
    this.#prepare(keyOf, record, timestamp);
    const { scope } = this.#function;
    const outer = scope.enter();
    try {
      this.#fn.processElement1(record, this.#recordContext, this.#collector);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    scope.leave(outer);
  }

  #process2(keyOf: KeyOf<B>, record: B, timestamp: number): void {
    this.#prepare(keyOf, record, timestamp);
    const { scope } = this.#function;
    const outer = scope.enter();
    try {
      this.#fn.processElement2(record, this.#recordContext, this.#collector);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    scope.leave(outer);
  }

  #prepare<T>(keyOf: KeyOf<T>, record: T, timestamp: number): void {
    this.#context.metrics.recordsIn += 1;
    this.#function.takeKeyOf(keyOf, record, timestamp);
    this.#collector.timestamp = timestamp;
    this.#recordContext.time = timestamp;
  }
}
