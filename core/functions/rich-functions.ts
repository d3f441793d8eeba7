import { JobError } from "../lib/errors.ts";
import type { Window } from "../windows/time-window.ts";
import type { ReduceFunction } from "../state/aggregation.ts";
import type { Collector } from "./collector.ts";
import type { RuntimeContext } from "./runtime-context.ts";
import type {
  CoFlatMapFunction,
  CoMapFunction,
  CoProcessFunctionLike,
  FilterFunction,
  FlatMapFunction,
  KeyedCoProcessFunctionLike,
  KeyedProcessContext,
  KeyedProcessFunctionLike,
  MapFunction,
  OnTimerContext,
  ProcessContext,
  ProcessFunctionLike,
  RichFunction,
} from "./stream-functions.ts";
import type {
  AllWindowFunction,
  ProcessAllWindowFunctionLike,
  ProcessWindowContext,
  ProcessWindowFunctionLike,
  WindowFunction,
} from "./window-functions.ts";

/** By this name the engine gives a rich function its runtime context; the same one in every copy of this module. */
export const SET_RUNTIME_CONTEXT: unique symbol = /* @__PURE__ */ Symbol.for("tamias.setRuntimeContext");

/**
 * What Flink users extend: a lifecycle and access to the runtime context, and no logic. Extending is optional everywhere: an object literal or a lambda
 * that fits the interface does as well.
 *
 * ```ts
 * class CountClicks extends KeyedProcessFunction<string, Click, number> {
 *   private count!: ValueState<number>;
 *
 *   override open(): void {
 *     this.count = this.getRuntimeContext().getState(new ValueStateDescriptor("count", types.number));
 *   }
 *
 *   override processElement(_click: Click, _context: KeyedProcessContext<string>, out: Collector<number>): void {
 *     const count = (this.count.value() ?? 0) + 1;
 *     this.count.update(count);
 *     out.collect(count);
 *   }
 * }
 * ```
 *
 * All subtasks of an operator that run in one process share the function object. State handles and the runtime context speak for the subtask at hand;
 * plain fields are shared, and no checkpoint holds them.
 */
export abstract class AbstractRichFunction implements RichFunction {
  #context: RuntimeContext | undefined;

  /** Called once per subtask before its first record. */
  open(_context: RuntimeContext): void {}

  /** Called once per subtask at its end, also after a failure. */
  close(): void {}

  /** @throws JobError STATE_NOT_AVAILABLE before `open`, in a constructor for example. */
  getRuntimeContext(): RuntimeContext {
    if (this.#context !== undefined) return this.#context;
    throw new JobError(
      "STATE_NOT_AVAILABLE",
      `${this.constructor.name} asked for its runtime context before it was opened: move the call from the constructor or the field into open()`,
    );
  }

  [SET_RUNTIME_CONTEXT](context: RuntimeContext): void {
    this.#context = context;
  }
}

/** `MapFunction` with `open`, `close` and the runtime context. */
export abstract class RichMapFunction<T, R> extends AbstractRichFunction implements MapFunction<T, R> {
  abstract map(record: T): R;
}

/** `FilterFunction` with `open`, `close` and the runtime context. */
export abstract class RichFilterFunction<T> extends AbstractRichFunction implements FilterFunction<T> {
  abstract filter(record: T): boolean;
}

/** `FlatMapFunction` with `open`, `close` and the runtime context. It emits through `out`, or returns an iterable. */
export abstract class RichFlatMapFunction<T, R> extends AbstractRichFunction implements FlatMapFunction<T, R> {
  abstract flatMap(record: T, out: Collector<R>): Iterable<R> | void;
}

/** `ReduceFunction` with `open`, `close` and the runtime context. */
export abstract class RichReduceFunction<T> extends AbstractRichFunction implements ReduceFunction<T> {
  abstract reduce(left: T, right: T): T;
}

/** `CoMapFunction` with `open`, `close` and the runtime context. On two keyed streams both methods share keyed state. */
export abstract class RichCoMapFunction<A, B, R> extends AbstractRichFunction implements CoMapFunction<A, B, R> {
  abstract map1(record: A): R;
  abstract map2(record: B): R;
}

/** `CoFlatMapFunction` with `open`, `close` and the runtime context. On two keyed streams both methods share keyed state. */
export abstract class RichCoFlatMapFunction<A, B, R> extends AbstractRichFunction implements CoFlatMapFunction<A, B, R> {
  abstract flatMap1(record: A, out: Collector<R>): Iterable<R> | void;
  abstract flatMap2(record: B, out: Collector<R>): Iterable<R> | void;
}

/** Processes the records of a stream without keys: time to read and side outputs, no timers. */
export abstract class ProcessFunction<T, R> extends AbstractRichFunction implements ProcessFunctionLike<T, R> {
  abstract processElement(record: T, context: ProcessContext, out: Collector<R>): void;
}

/** Processes the records of a keyed stream with state and timers by key; `AbstractRichFunction` has an example. */
export abstract class KeyedProcessFunction<K, T, R> extends AbstractRichFunction implements KeyedProcessFunctionLike<K, T, R> {
  abstract processElement(record: T, context: KeyedProcessContext<K>, out: Collector<R>): void;

  /** Called when a timer of the current key fires. */
  onTimer(_timestamp: number, _context: OnTimerContext<K>, _out: Collector<R>): void {}
}

/** Processes the records of two connected streams without keys. */
export abstract class CoProcessFunction<A, B, R> extends AbstractRichFunction implements CoProcessFunctionLike<A, B, R> {
  abstract processElement1(record: A, context: ProcessContext, out: Collector<R>): void;
  abstract processElement2(record: B, context: ProcessContext, out: Collector<R>): void;
}

/** Processes the records of two connected keyed streams, which share keys, state and timers. */
export abstract class KeyedCoProcessFunction<K, A, B, R> extends AbstractRichFunction implements KeyedCoProcessFunctionLike<K, A, B, R> {
  abstract processElement1(record: A, context: KeyedProcessContext<K>, out: Collector<R>): void;
  abstract processElement2(record: B, context: KeyedProcessContext<K>, out: Collector<R>): void;

  /** Called when a timer of the current key fires; both inputs share keys, state and timers. */
  onTimer(_timestamp: number, _context: OnTimerContext<K>, _out: Collector<R>): void {}
}

/** Makes results of a window of a key when it fires, with the window, its state and side outputs at hand. */
export abstract class ProcessWindowFunction<In, Out, K, W extends Window>
  extends AbstractRichFunction
  implements ProcessWindowFunctionLike<In, Out, K, W>
{
  abstract process(key: K, context: ProcessWindowContext<W>, records: Iterable<In>, out: Collector<Out>): void;

  /** Called when the window is dropped: clears what was put into `windowState`. */
  clear(_key: K, _context: Omit<ProcessWindowContext<W>, "isRefiring">): void {}
}

/** Makes results of a window over the whole stream (`windowAll`) when it fires. */
export abstract class ProcessAllWindowFunction<In, Out, W extends Window>
  extends AbstractRichFunction
  implements ProcessAllWindowFunctionLike<In, Out, W>
{
  abstract process(context: ProcessWindowContext<W>, records: Iterable<In>, out: Collector<Out>): void;

  /** Called when the window is dropped: clears what was put into `windowState`. */
  clear(_context: Omit<ProcessWindowContext<W>, "isRefiring">): void {}
}

/** `WindowFunction` with `open`, `close` and the runtime context. */
export abstract class RichWindowFunction<In, Out, K, W extends Window> extends AbstractRichFunction implements WindowFunction<In, Out, K, W> {
  abstract apply(key: K, window: W, records: Iterable<In>, out: Collector<Out>): void;
}

/** `AllWindowFunction` with `open`, `close` and the runtime context. */
export abstract class RichAllWindowFunction<In, Out, W extends Window> extends AbstractRichFunction implements AllWindowFunction<In, Out, W> {
  abstract apply(window: W, records: Iterable<In>, out: Collector<Out>): void;
}
