import { keyedProcessFactory, keyedReduceFactory } from "../operators/function-factories.ts";
import type { ReduceFunction } from "../state/aggregation.ts";
import type { GlobalWindow, Window } from "../windows/time-window.ts";
import type { WindowAssigner } from "../windows/window-assigner.ts";
import type { ConnectedStreams, KeyedConnectedStreams } from "./connected-streams.ts";
import { DataStream } from "./data-stream.ts";
import {
  type Comparable,
  type FieldOf,
  type Selecting,
  type Summable,
  extremeOf,
  extremeRecordOf,
  sumOf,
} from "./field-aggregations.ts";
import { type KeyedProcessing, type Reducing, asKeyedProcess, asReduce } from "./functions.ts";
import type { SingleOutputStreamOperator } from "./single-output-stream-operator.ts";
import { type Upstream, keyOfKeyed, timestampsOf } from "./stream-graph-builder.ts";
import { assignedBy } from "./window-spec.ts";
import type { WindowedStream } from "./windowed-stream.ts";

/**
 * A stream grouped by key: what follows works for each key on its own, with state and timers by key.
 *
 * `reduce`, `sum`, `min`, `max`, `minBy` and `maxBy` emit the value so far after each record, and in BATCH the final one only.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const sums = env
 *   .fromElements({ user: "ada", amount: 2 }, { user: "bob", amount: 5 }, { user: "ada", amount: 3 })
 *   .keyBy((payment) => payment.user)
 *   .sum("amount");
 * for await (const sum of sums.executeAndCollect()) console.log(sum.user, sum.amount); // ada 2, bob 5, ada 5
 * ```
 */
export class KeyedStream<out T, K> extends DataStream<T> {
  readonly #upstream: Upstream;

  constructor(upstream: Upstream) {
    super(upstream);
    this.#upstream = upstream;
  }

  /** Records, time, side outputs, and state and timers of the key at hand, in the hand of a function. */
  override process<R>(fn: KeyedProcessing<K, T, R>): SingleOutputStreamOperator<R> {
    const { graph } = this.#upstream;
    const processing = asKeyedProcess(fn);
    const factory = keyedProcessFactory({ keyOf: keyOfKeyed<T, K>(this.#upstream), fn: processing });
    // What a timer emits has the timer's time, whether the records had one or not.
    const mayStamp = processing.onTimer !== undefined && timestampsOf(this.#upstream) === "none";
    const timestamps = mayStamp ? "unknown" : timestampsOf(this.#upstream);
    const node = graph.addOperator({ name: "KeyedProcess", factory, keyed: true, timestamps }, [this.#upstream]);
    return graph.makers.operator(graph, node);
  }

  /** Combines each record with the value so far. */
  override reduce(fn: (left: T, right: T) => T): SingleOutputStreamOperator<T>;
  override reduce(fn: ReduceFunction<T>): SingleOutputStreamOperator<T>;
  override reduce(fn: Reducing<T>): SingleOutputStreamOperator<T> {
    return this.#reduced("Keyed Reduce", asReduce(fn));
  }

  /**
   * The first record of the key, with this field the sum so far. Numbers add up as f64; bigints as 64-bit integers, whose
   * overflow stops the job.
   */
  sum<F extends FieldOf<T, Summable>>(field: F): SingleOutputStreamOperator<T> {
    return this.#reduced("Keyed Aggregation", sumOf(field, this.#upstream));
  }

  /** The first record of the key, with this field the smallest so far; `minBy` gives the whole record that has it. */
  min<F extends FieldOf<T, Comparable>>(field: F): SingleOutputStreamOperator<T> {
    return this.#reduced("Keyed Aggregation", extremeOf("min", field, this.#upstream));
  }

  /** The first record of the key, with this field the largest so far; `maxBy` gives the whole record that has it. */
  max<F extends FieldOf<T, Comparable>>(field: F): SingleOutputStreamOperator<T> {
    return this.#reduced("Keyed Aggregation", extremeOf("max", field, this.#upstream));
  }

  /** The record of the key with the smallest value so far; of several, the first, or the last where `first` is false. */
  minBy<F extends FieldOf<T, Comparable>>(field: F, first?: boolean): SingleOutputStreamOperator<T>;
  minBy(selector: Selecting<T, Comparable>, first?: boolean): SingleOutputStreamOperator<T>;
  minBy(by: string | number | Selecting<T, Comparable>, first: boolean = true): SingleOutputStreamOperator<T> {
    return this.#reduced("Keyed Aggregation", extremeRecordOf("min", by, first, this.#upstream));
  }

  /** The record of the key with the largest value so far; of several, the first, or the last where `first` is false. */
  maxBy<F extends FieldOf<T, Comparable>>(field: F, first?: boolean): SingleOutputStreamOperator<T>;
  maxBy(selector: Selecting<T, Comparable>, first?: boolean): SingleOutputStreamOperator<T>;
  maxBy(by: string | number | Selecting<T, Comparable>, first: boolean = true): SingleOutputStreamOperator<T> {
    return this.#reduced("Keyed Aggregation", extremeRecordOf("max", by, first, this.#upstream));
  }

  /**
   * Windows for each key.
   * @throws JobError MISSING_TIMESTAMPS for windows of event time where nothing upstream assigns timestamps.
   */
  override window<W extends Window>(assigner: WindowAssigner<T, W>): WindowedStream<T, K, W> {
    return this.#upstream.graph.makers.windowed(this.#upstream, assignedBy(this.#upstream, assigner));
  }

  /** Windows of `size` records of a key; with `slide`, of its last `size` records every `slide` records. */
  override countWindow(size: number, slide?: number): WindowedStream<T, K, GlobalWindow> {
    return this.#upstream.graph.makers.windowed(this.#upstream, { kind: "counted", size, slide });
  }

  override connect<B>(other: KeyedStream<B, K>): KeyedConnectedStreams<T, B, K>;
  override connect<B>(other: DataStream<B>): ConnectedStreams<T, B>;
  override connect<B>(other: DataStream<B>): ConnectedStreams<T, B> {
    return super.connect(other);
  }

  #reduced(name: string, fn: ReduceFunction<T>): SingleOutputStreamOperator<T> {
    const { graph } = this.#upstream;
    const factory = keyedReduceFactory({ keyOf: keyOfKeyed<T, K>(this.#upstream), fn });
    return graph.makers.operator(graph, graph.addOperator({ name, factory, keyed: true }, [this.#upstream]));
  }
}
