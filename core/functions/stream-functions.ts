import type { CheckpointedFunction } from "./checkpointed-function.ts";
import type { Collector } from "./collector.ts";
import type { OutputTag } from "./output-tag.ts";
import type { RuntimeContext } from "./runtime-context.ts";

/**
 * What every function object may have besides its own method. `open` is called once per subtask before the first record, `close` once at its
 * end, also after a failure.
 */
export interface RichFunction extends CheckpointedFunction {
  open?(context: RuntimeContext): void;
  close?(): void;
}

/** Makes one record of each. */
export interface MapFunction<T, R> extends RichFunction {
  map(record: T): R;
}
/** Says which records stay. */
export interface FilterFunction<T> extends RichFunction {
  filter(record: T): boolean;
}
/** Makes any number of records of each. */
export interface FlatMapFunction<T, R> extends RichFunction {
  /** Emits through `out`, or returns an iterable, which is pulled only while the outputs have credit: it may be endless for all the engine cares. */
  flatMap(record: T, out: Collector<R>): Iterable<R> | void;
}

/** Time as a process function sees it. Timers need a keyed stream. */
export interface TimerService {
  currentProcessingTime(): number;
  /** The watermark of the operator; −∞ before the first. */
  currentWatermark(): number;
  /** @throws JobError STATE_NOT_AVAILABLE on a stream without keys. Setting a timer twice sets it once. */
  registerEventTimeTimer(time: number): void;
  registerProcessingTimeTimer(time: number): void;
  deleteEventTimeTimer(time: number): void;
  deleteProcessingTimeTimer(time: number): void;
}

/** What a process function learns besides the record, and its side outputs. Valid during the call that it is given to. */
export interface ProcessContext {
  /** Timestamp of the record at hand (ms), or undefined where it has none; in `onTimer` the time of the timer. */
  timestamp(): number | undefined;
  timerService(): TimerService;
  output<S>(tag: OutputTag<S>, record: S): void;
}
/** `ProcessContext` on a keyed stream: with the key at hand, and timers. */
export interface KeyedProcessContext<K> extends ProcessContext {
  getCurrentKey(): K;
}
/** Whether a timer is of event time or of processing time. */
export type TimeDomain = "EVENT_TIME" | "PROCESSING_TIME";
/** What `onTimer` learns besides the time; the key is that of the timer. */
export interface OnTimerContext<K> extends KeyedProcessContext<K> {
  timeDomain(): TimeDomain;
}

/**
 * What the `process` methods take, as an object literal. Flink's names, `ProcessFunction` and so on, are the classes in rich-functions.ts,
 * which fit these interfaces.
 */
export interface ProcessFunctionLike<T, R> extends RichFunction {
  processElement(record: T, context: ProcessContext, out: Collector<R>): void;
}
/** What `process` of a keyed stream takes: state and timers by key. */
export interface KeyedProcessFunctionLike<K, T, R> extends RichFunction {
  processElement(record: T, context: KeyedProcessContext<K>, out: Collector<R>): void;
  onTimer?(timestamp: number, context: OnTimerContext<K>, out: Collector<R>): void;
}

/** Makes one record of each, out of two streams. */
export interface CoMapFunction<A, B, R> extends RichFunction {
  map1(record: A): R;
  map2(record: B): R;
}
/** Makes any number of records of each, out of two streams. */
export interface CoFlatMapFunction<A, B, R> extends RichFunction {
  /** Emits through `out` or returns an iterable, as `FlatMapFunction` does. */
  flatMap1(record: A, out: Collector<R>): Iterable<R> | void;
  flatMap2(record: B, out: Collector<R>): Iterable<R> | void;
}
/** What `process` of connected streams takes. */
export interface CoProcessFunctionLike<A, B, R> extends RichFunction {
  processElement1(record: A, context: ProcessContext, out: Collector<R>): void;
  processElement2(record: B, context: ProcessContext, out: Collector<R>): void;
}
/** What `process` of connected keyed streams takes: both share keys, state and timers. */
export interface KeyedCoProcessFunctionLike<K, A, B, R> extends RichFunction {
  processElement1(record: A, context: KeyedProcessContext<K>, out: Collector<R>): void;
  processElement2(record: B, context: KeyedProcessContext<K>, out: Collector<R>): void;
  onTimer?(timestamp: number, context: OnTimerContext<K>, out: Collector<R>): void;
}
