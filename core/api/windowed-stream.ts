import type { Duration } from "../lib/duration.ts";
import type { WindowEmit } from "../operators/window-emitter.ts";
import type { AggregateFunction, ReduceFunction } from "../state/aggregation.ts";
import type { AggregateResult, AggregateSpec } from "../windows/aggregates.ts";
import { type WindowContents, aggregatePane, listPane, reducePane } from "../windows/pane-functions.ts";
import type { Window } from "../windows/time-window.ts";
import {
  type Comparable,
  type FieldOf,
  type Selecting,
  type Summable,
  extremeOf,
  extremeRecordOf,
  sumOf,
} from "./field-aggregations.ts";
import {
  type Reducing,
  type WindowApplying,
  type WindowProcessing,
  asAggregate,
  asWindowApply,
  asWindowProcess,
  asWindowReduce,
} from "./functions.ts";
import type { NotAggregating } from "./refused-arguments.ts";
import type { SingleOutputStreamOperator } from "./single-output-stream-operator.ts";
import type { Upstream } from "./stream-graph-builder.ts";
import {
  type TagFor,
  type WindowSettings,
  type WindowSpec,
  addWindows,
  checkedLateTag,
  checkedLatenessMs,
} from "./window-spec.ts";

/** Without a window function the values themselves are the results. */
const VALUES = { kind: "values" } as const;

/**
 * A keyed stream cut into windows, and what to compute of each: `reduce`, `aggregate`, `process` or `apply`. Each result carries
 * the last timestamp of its window.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment, TumblingEventTimeWindows, WatermarkStrategy, count, max, minutes } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const byTime = WatermarkStrategy.forMonotonousTimestamps<{ time: number }>().withTimestampAssigner((hit) => hit.time);
 * const perMinute = env
 *   .fromElements({ page: "/", ms: 30, time: 0 }, { page: "/", ms: 50, time: 59_999 }, { page: "/", ms: 20, time: 60_000 })
 *   .assignTimestampsAndWatermarks(byTime)
 *   .keyBy("page")
 *   .window(TumblingEventTimeWindows.of(minutes(1)))
 *   .aggregate({ hits: count(), slowest: max("ms") });
 * console.log(await perMinute.executeAndCollect().toArray()); // [ { hits: 2, slowest: 50 }, { hits: 1, slowest: 20 } ]
 * ```
 */
export class WindowedStream<out T, K, W extends Window> {
  #settings: WindowSettings;

  constructor(upstream: Upstream, spec: WindowSpec) {
    this.#settings = { upstream, spec, allowedLatenessMs: 0, lateTag: undefined };
  }

  /**
   * How long after its end, in event time, a window is kept for late records, each of which fires it again with the corrected
   * result. Default zero; without effect on windows of processing time and on count windows.
   * @throws JobError INVALID_ARGUMENT when negative.
   */
  allowedLateness(lateness: Duration): this {
    this.#settings = { ...this.#settings, allowedLatenessMs: checkedLatenessMs(lateness) };
    return this;
  }

  /**
   * Records that come too late for all of their windows go to this side output of the result, instead of being dropped and
   * counted.
   */
  sideOutputLateData(tag: TagFor<T>): this {
    this.#settings = { ...this.#settings, lateTag: checkedLateTag(tag) };
    return this;
  }

  /**
   * Combines the records of a window as they come, and stores only the result; a window function may see it when the window
   * fires.
   */
  reduce(fn: (left: T, right: T) => T): SingleOutputStreamOperator<T>;
  reduce(fn: ReduceFunction<T>): SingleOutputStreamOperator<T>;
  reduce<R>(fn: (left: T, right: T) => T, windowFn: WindowProcessing<T, R, K, W>): SingleOutputStreamOperator<R>;
  reduce<R>(fn: ReduceFunction<T>, windowFn: WindowProcessing<T, R, K, W>): SingleOutputStreamOperator<R>;
  reduce<R>(fn: Reducing<T>, windowFn?: WindowProcessing<T, R, K, W>): unknown {
    const emit = windowFn === undefined ? VALUES : asWindowProcess<K, T, R>(windowFn);
    return this.#add(reducePane(asWindowReduce(fn)), emit);
  }

  /**
   * Adds up the records of a window as they come, and stores only the accumulator: built-in aggregates by name, or a function of
   * your own. A window function may see the result when the window fires.
   */
  aggregate<S extends AggregateSpec<T>>(aggregates: S): SingleOutputStreamOperator<AggregateResult<T, S>>;
  aggregate<Acc, R>(fn: AggregateFunction<T, Acc, R>): SingleOutputStreamOperator<R>;
  aggregate<Acc, V, R>(fn: AggregateFunction<T, Acc, V>, windowFn: WindowProcessing<V, R, K, W>): SingleOutputStreamOperator<R>;
  aggregate<S extends AggregateSpec<T>, R>(
    aggregates: S,
    windowFn: WindowProcessing<AggregateResult<T, S>, R, K, W>,
  ): SingleOutputStreamOperator<R>;
  // Only for what the compiler says of a refused call: it shows the last overload.
  aggregate<S extends AggregateSpec<never>, R>(
    aggregates: S & NotAggregating<T, S>,
    windowFn: WindowProcessing<AggregateResult<T, S>, R, K, W>,
  ): SingleOutputStreamOperator<R>;
  aggregate<S extends AggregateSpec<never>>(aggregates: S & NotAggregating<T, S>): SingleOutputStreamOperator<AggregateResult<T, S>>;
  aggregate<R>(
    given: AggregateFunction<T, unknown, unknown> | AggregateSpec<T>,
    windowFn?: WindowProcessing<never, R, K, W>,
  ): unknown {
    // The overloads hold the window function to what the aggregation gives.
    const forAny = windowFn as WindowProcessing<unknown, R, K, W> | undefined;
    const emit = forAny === undefined ? VALUES : asWindowProcess<K, unknown, R>(forAny);
    return this.#add(aggregatePane(asAggregate(given)), emit);
  }

  /** All records of a window at once, with its state and side outputs; the window stores every record. */
  process<R>(fn: WindowProcessing<T, R, K, W>): SingleOutputStreamOperator<R> {
    return this.#add(listPane<T>(), asWindowProcess<K, T, R>(fn));
  }

  /** All records of a window at once; the window stores every record. */
  apply<R>(fn: WindowApplying<T, R, K, W>): SingleOutputStreamOperator<R> {
    return this.#add(listPane<T>(), asWindowApply<K, T, R>(fn));
  }

  /** The first record of the window, with this field the sum over all. */
  sum<F extends FieldOf<T, Summable>>(field: F): SingleOutputStreamOperator<T> {
    return this.reduce(sumOf<T>(field, this.#settings.upstream));
  }

  /** The first record of the window, with this field the smallest of all; `minBy` gives the whole record that has it. */
  min<F extends FieldOf<T, Comparable>>(field: F): SingleOutputStreamOperator<T> {
    return this.reduce(extremeOf<T>("min", field, this.#settings.upstream));
  }

  /** The first record of the window, with this field the largest of all; `maxBy` gives the whole record that has it. */
  max<F extends FieldOf<T, Comparable>>(field: F): SingleOutputStreamOperator<T> {
    return this.reduce(extremeOf<T>("max", field, this.#settings.upstream));
  }

  /** The record of the window with the smallest value; of several, the first, or the last where `first` is false. */
  minBy<F extends FieldOf<T, Comparable>>(field: F, first?: boolean): SingleOutputStreamOperator<T>;
  minBy(selector: Selecting<T, Comparable>, first?: boolean): SingleOutputStreamOperator<T>;
  minBy(by: string | number | Selecting<T, Comparable>, first: boolean = true): SingleOutputStreamOperator<T> {
    return this.reduce(extremeRecordOf<T>("min", by, first, this.#settings.upstream));
  }

  /** The record of the window with the largest value; of several, the first, or the last where `first` is false. */
  maxBy<F extends FieldOf<T, Comparable>>(field: F, first?: boolean): SingleOutputStreamOperator<T>;
  maxBy(selector: Selecting<T, Comparable>, first?: boolean): SingleOutputStreamOperator<T>;
  maxBy(by: string | number | Selecting<T, Comparable>, first: boolean = true): SingleOutputStreamOperator<T> {
    return this.reduce(extremeRecordOf<T>("max", by, first, this.#settings.upstream));
  }

  #add<Contents, V, R>(contents: WindowContents<T, Contents, V>, emit: WindowEmit<K, V, R>): SingleOutputStreamOperator<R> {
    const { graph } = this.#settings.upstream;
    return graph.makers.operator(graph, addWindows(this.#settings, contents, emit));
  }
}
