import type { FunctionScope } from "../functions/function-binding.ts";
import type { KeyedProcessFunctionLike, TimeDomain } from "../functions/stream-functions.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";
import { NO_TIMESTAMP } from "../time/timestamp.ts";
import { type KeyOf, KeyedFunction } from "./keyed-function.ts";
import { KeyedTimers, type TimerTarget } from "./keyed-timers.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";
import { KeyedRecordContext } from "./process-context.ts";
import { TimestampedCollector, timestampOfTimer } from "./timestamped-collector.ts";

export interface KeyedProcessOptions<K, T, R> {
  readonly keyOf: (record: T) => K;
  readonly fn: KeyedProcessFunctionLike<K, T, R>;
}

/** A process function on a keyed stream: state and timers by key. */
export class KeyedProcessOperator<K, T, R> implements Operator, Output<T>, TimerTarget {
  readonly inputs = [this];
  readonly #fn: KeyedProcessFunctionLike<K, T, R>;
  readonly #keyOf: KeyOf<T>;
  readonly #context: OperatorContext;
  readonly #metrics: OperatorMetrics;
  readonly #function: KeyedFunction;
  readonly #scope: FunctionScope;
  readonly #timers: KeyedTimers;
  readonly #collector: TimestampedCollector<R>;
  readonly #recordContext: KeyedRecordContext<K>;

  constructor(options: KeyedProcessOptions<K, T, R>, context: OperatorContext) {
    this.#fn = options.fn;
    this.#keyOf = options.keyOf;
    this.#context = context;
    this.#metrics = context.metrics;
    this.#function = new KeyedFunction(options.fn, context);
    this.#scope = this.#function.scope;
    this.#timers = new KeyedTimers(context, this.#function.cursor, this);
    this.#collector = new TimestampedCollector(context);
    this.#recordContext = new KeyedRecordContext(context, this.#function, this.#timers);
  }

  open(): void {
    this.#scope.open();
    this.#timers.open(false);
  }

  processRecord(record: T, timestamp: number): void {
    this.#metrics.recordsIn += 1;
    this.#function.takeKeyOf(this.#keyOf, record, timestamp);
    this.#collector.timestamp = timestamp;
    this.#recordContext.time = timestamp;
    const scope = this.#scope;
    const outer = scope.enter();
    try {
      this.#fn.processElement(record, this.#recordContext, this.#collector);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    scope.leave(outer);
  }

  processWatermark(watermark: number): void {
    this.#timers.processWatermark(watermark);
  }

  processIdleness(idle: boolean): void {
    this.#timers.processIdleness(idle);
  }

  onTimer(time: number, domain: TimeDomain): void {
    // As in Flink: a record that the clock causes has no event time.
    this.#collector.timestamp = domain === "EVENT_TIME" ? timestampOfTimer(time) : NO_TIMESTAMP;
    this.#recordContext.time = time;
    this.#recordContext.domain = domain;
    const scope = this.#scope;
    const outer = scope.enter();
    try {
      this.#fn.onTimer?.(time, this.#recordContext, this.#collector);
    } catch (cause) {
      throw this.#function.timerError(cause, time);
    }
    scope.leave(outer);
  }

  onKeyEnd(): void {
    this.#scope.clearStates();
  }

  endKey(): void {
    this.#timers.endKey();
  }

  finish(): void {
    this.#timers.finish();
  }

  close(): void {
    this.#timers.close();
    this.#scope.close();
  }
}
