import { collectSink } from "../connectors/collection-sink.ts";
import { printSink } from "../connectors/print-sink.ts";
import { sinkFactory } from "../connectors/sink-operator.ts";
import type { Sink } from "../connectors/sink.ts";
import { isExpression } from "../data/expression-compiler.ts";
import type { AdditionOf, DistinctNames, Expressions, NamedExpressions, ProjectionOf } from "../data/expression-projection.ts";
import type { Expression, KnownBy } from "../data/expression.ts";
import type { Partitioner, StreamNode } from "../graph/stream-graph.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { expressionFilterFactory, projectionFactory } from "../operators/expression-factories.ts";
import { filterFactory, flatMapFactory, mapFactory, processFactory } from "../operators/function-factories.ts";
import { timestampsAndWatermarksFactory } from "../operators/timestamps-and-watermarks-operator.ts";
import { WatermarkStrategy } from "../time/watermark-strategy.ts";
import type { GlobalWindow, Window } from "../windows/time-window.ts";
import type { WindowAssigner } from "../windows/window-assigner.ts";
import type { AllWindowedStream } from "./all-windowed-stream.ts";
import { CollectedRows, type CollectOptions, RowBuffer, collectOptions } from "./collected-rows.ts";
import type { ConnectedStreams } from "./connected-streams.ts";
import type { DataStreamSink } from "./data-stream-sink.ts";
import {
  type Condition,
  type Filtering,
  type FlatMapping,
  type Mapping,
  type Processing,
  type WithValues,
  asFilter,
  asFlatMap,
  asMap,
  asNamedExpressions,
  asProcess,
} from "./functions.ts";
import { type CustomPartitioner, type Key, type KeyField, customPartitioner, keyColumns, keySelector } from "./key-selector.ts";
import type { KeyedStream } from "./keyed-stream.ts";
import { knownColumns, requireColumns } from "./known-columns.ts";
import type { NotFiltering, NotKey } from "./refused-arguments.ts";
import type { SingleOutputStreamOperator } from "./single-output-stream-operator.ts";
import { type NodeSpec, type Upstream, keyOfFor, requireSameGraph, timestampsOf } from "./stream-graph-builder.ts";
import { assignedBy } from "./window-spec.ts";

/**
 * A stream of records. It is a handle: its methods add operators to the job and return new streams; nothing runs until
 * `execute()`.
 *
 * Wherever a function is taken, it may be a lambda, an object literal, or an instance of a class with Flink's name
 * (`RichMapFunction`, …).
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const long = env.fromElements("to", "stream", "records").filter((word) => 2 < word.length).map((word) => word.toUpperCase());
 * console.log(await long.executeAndCollect().toArray()); // [ 'STREAM', 'RECORDS' ]
 * ```
 */
export class DataStream<out T> {
  readonly #upstream: Upstream;

  constructor(upstream: Upstream) {
    this.#upstream = upstream;
  }

  /** One record out for each record in. On a keyed stream the function may use keyed state. */
  map<R>(fn: Mapping<T, R>): SingleOutputStreamOperator<R> {
    const mapping = asMap(fn);
    const keyOf = keyOfFor<T>(this.#upstream, mapping);
    return this.#then({ name: "Map", factory: mapFactory(mapping, keyOf), keyed: keyOf !== undefined });
  }

  /**
   * Passes on the records for which the function returns true; a type guard narrows the type. By an expression, those for which it is
   * true, neither false nor null; where records come as columns, it computes on columns. `isNotNull` of a column, alone or with other
   * conditions by `and`, narrows the type: the field has a value from there on.
   *
   * @example
   * ```ts
   * import { StreamExecutionEnvironment, avg, columnsOf } from "tamias";
   *
   * interface Flight { origin: string; delay: number | null }
   * const env = StreamExecutionEnvironment.getExecutionEnvironment();
   * const mean = env
   *   .fromElements<Flight>({ origin: "JFK", delay: 90 }, { origin: "JFK", delay: null }, { origin: "JFK", delay: 30 })
   *   .filter(columnsOf<Flight>()("delay").isNotNull())
   *   .keyBy("origin")
   *   .countWindow(2)
   *   .aggregate({ delay: avg("delay") });
   * console.log(await mean.executeAndCollect().toArray()); // [ { delay: 60 } ]
   * ```
   * @throws JobError INVALID_ARGUMENT where the expression reads a column that the source is known not to have; so do the other
   *   methods that take expressions.
   */
  filter<S extends T>(fn: (record: T) => record is S): SingleOutputStreamOperator<S>;
  filter<C extends Condition<T>>(condition: C): SingleOutputStreamOperator<WithValues<T, KnownBy<C>>>;
  filter(fn: Filtering<T>): SingleOutputStreamOperator<T>;
  // Only for what the compiler says of a refused call: it shows the last overload.
  filter<G>(given: G & NotFiltering<T, G>): SingleOutputStreamOperator<T>;
  filter(fn: Filtering<T> | Condition<T>): unknown {
    if (isExpression(fn)) {
      const columnNames = this.#columnsFor("filter", fn.columnNames);
      return this.#then({ name: "Filter", factory: expressionFilterFactory(fn as Condition<T>), columnNames });
    }
    const filtering = asFilter(fn);
    const keyOf = keyOfFor<T>(this.#upstream, filtering);
    return this.#then({ name: "Filter", factory: filterFactory(filtering, keyOf), keyed: keyOf !== undefined });
  }

  /**
   * One new record for each record in, with the values of expressions: columns by their names, and what is computed under the name that
   * `as` gives it. Where records come as columns, it computes on columns.
   *
   * @example
   * ```ts
   * import { StreamExecutionEnvironment, columnsOf } from "tamias";
   *
   * interface Flight { origin: string; delay: number | null }
   * const col = columnsOf<Flight>();
   * const env = StreamExecutionEnvironment.getExecutionEnvironment();
   * const late = env
   *   .fromElements<Flight>({ origin: "JFK", delay: 90 }, { origin: "LAX", delay: null }, { origin: "SFO", delay: 5 })
   *   .filter(col("delay").gt(30))
   *   .select(col("origin"), col("delay").dividedBy(60).as("hours"));
   * console.log(await late.executeAndCollect().toArray()); // [ { origin: 'JFK', hours: 1.5 } ]
   * ```
   */
  select<const N extends Expressions<T>>(...values: DistinctNames<N>): SingleOutputStreamOperator<ProjectionOf<N>> {
    const expressions = asNamedExpressions("select", values);
    const factory = projectionFactory("select", expressions);
    this.#columnsFor("select", columnsRead(expressions));
    return this.#then({ name: "Select", factory, columnNames: expressions.map(({ name }) => name) });
  }

  /**
   * One new plain record for each record in, with its fields and the values of expressions beside them; a value replaces the field of its
   * name. Where records come as columns, it computes on columns.
   *
   * @example
   * ```ts
   * import { StreamExecutionEnvironment, columnsOf } from "tamias";
   *
   * const col = columnsOf<{ price: number; count: number }>();
   * const env = StreamExecutionEnvironment.getExecutionEnvironment();
   * const sales = env.fromElements({ price: 3, count: 2 }).addOrReplaceColumns(col("price").times(col("count")).as("total"));
   * console.log(await sales.executeAndCollect().toArray()); // [ { price: 3, count: 2, total: 6 } ]
   * ```
   */
  addOrReplaceColumns<const N extends Expressions<T>>(...values: DistinctNames<N>): SingleOutputStreamOperator<AdditionOf<T, N>> {
    const expressions = asNamedExpressions("addOrReplaceColumns", values);
    const factory = projectionFactory("addOrReplaceColumns", expressions);
    const known = this.#columnsFor("addOrReplaceColumns", columnsRead(expressions));
    const columnNames = known && [...new Set([...known, ...expressions.map(({ name }) => name)])];
    return this.#then({ name: "Add Columns", factory, columnNames });
  }

  /**
   * Any number of records out for each record in: those of the iterable that the function returns, or those it puts into `out`.
   */
  flatMap<R>(fn: FlatMapping<T, R>): SingleOutputStreamOperator<R> {
    const flatMapping = asFlatMap(fn);
    const keyOf = keyOfFor<T>(this.#upstream, flatMapping);
    return this.#then({ name: "Flat Map", factory: flatMapFactory(flatMapping, keyOf), keyed: keyOf !== undefined });
  }

  /**
   * Records, timestamps, watermarks and side outputs in the hand of a function. State and timers need `keyBy`.
   * @throws JobError UNKEYED_STREAM for a function with `onTimer`.
   */
  process<R>(fn: Processing<T, R>): SingleOutputStreamOperator<R> {
    return this.#then({ name: "Process", factory: processFactory(asProcess(fn)) });
  }

  /**
   * Groups the stream by key: all records with one key go to one subtask, which holds the state of that key.
   *
   * Strings, numbers, booleans and safe bigints are keys, as are arrays and plain objects of them, by content. A record whose key
   * is null, undefined or anything else stops the job with INVALID_KEY.
   *
   * @param key the name of a field, an expression, or a function that computes the key from the record and from nothing else. Where
   *   records come as columns, those of a field stay columns
   */
  keyBy<const K extends Key>(selector: (record: T) => K): KeyedStream<T, K>;
  keyBy<K extends Key>(expression: Expression<T, K, string | undefined>): KeyedStream<T, K>;
  keyBy<F extends KeyField<T>>(field: F): KeyedStream<T, T[F]>;
  // Only for what the compiler says of a refused call: it shows the last overload.
  keyBy<const G>(given: G & NotKey<T, G>): KeyedStream<T, never>;
  keyBy<K>(key: unknown): KeyedStream<T, K> {
    const keyOf = keySelector("keyBy", key);
    this.#columnsFor("keyBy", keyColumns(key));
    const inputs = this.#upstream.inputs.map((input) => ({ ...input, partitioner: { kind: "hash", keyOf } as const }));
    return this.#upstream.graph.makers.keyed({ ...this.#upstream, inputs, keyOf });
  }

  /** The records of this stream and the others, each in its order; among each other in whatever order they come. */
  union<U = T>(...others: readonly DataStream<U>[]): DataStream<T | U> {
    if (others.length === 0) throw new JobError("INVALID_ARGUMENT", "union takes one or more streams to join with this one");
    const upstreams = [this.#upstream, ...others.map((other) => upstreamOf("union", other, () => other.#upstream))];
    const { graph } = this.#upstream;
    for (const other of upstreams) requireSameGraph(graph, other.graph);
    return graph.makers.stream({ graph, inputs: upstreams.flatMap(({ inputs }) => inputs), keyOf: undefined });
  }

  /** Both streams as the two inputs of one operator. If both are keyed, by keys of one type, its functions share state by key. */
  connect<B>(other: DataStream<B>): ConnectedStreams<T, B> {
    const second = upstreamOf("connect", other, () => other.#upstream);
    const { graph } = this.#upstream;
    requireSameGraph(graph, second.graph);
    const keyed = this.#upstream.keyOf !== undefined && second.keyOf !== undefined;
    if (keyed) return graph.makers.keyedConnected<T, B, unknown>(this.#upstream, second);
    return graph.makers.connected<T, B>(this.#upstream, second);
  }

  /** Gives records their event time, and the stream its watermarks. Those that came from further up end here. */
  assignTimestampsAndWatermarks(strategy: WatermarkStrategy<T>): SingleOutputStreamOperator<T> {
    if (!(strategy instanceof WatermarkStrategy)) {
      throw new JobError(
        "INVALID_ARGUMENT",
        "assignTimestampsAndWatermarks takes a WatermarkStrategy, such as " +
          "WatermarkStrategy.forBoundedOutOfOrderness(seconds(5)).withTimestampAssigner((r) => r.time), " +
          `but got ${show(strategy)}`,
      );
    }
    const timestamps = strategy.timestampAssigner === undefined ? timestampsOf(this.#upstream) : "assigned";
    const columnNames = this.#columnsFor("withTimestampAssigner", strategy.timestampExpression?.columnNames ?? []);
    return this.#then({ name: "Timestamps/Watermarks", factory: timestampsAndWatermarksFactory(strategy), timestamps, columnNames });
  }

  /** The next operator's subtasks take turns. */
  rebalance(): DataStream<T> {
    return this.#partitioned({ kind: "rebalance" });
  }

  /** As `rebalance`, but each subtask sends to its share of the next operator's subtasks only. */
  rescale(): DataStream<T> {
    return this.#partitioned({ kind: "rescale" });
  }

  /** A random subtask for each record: the one way to send records on that is not reproducible. */
  shuffle(): DataStream<T> {
    return this.#partitioned({ kind: "shuffle" });
  }

  /** Every record to every subtask. */
  broadcast(): DataStream<T> {
    return this.#partitioned({ kind: "broadcast" });
  }

  /** Every record to the first subtask. */
  global(): DataStream<T> {
    return this.#partitioned({ kind: "global" });
  }

  /**
   * Each subtask sends to the one with its number; both operators need one parallelism, which is checked when the graph is
   * complete.
   */
  forward(): DataStream<T> {
    return this.#partitioned({ kind: "forward" });
  }

  /** Your own choice of subtask: `partition` gets the key and the number of subtasks, and returns a whole number below it. */
  partitionCustom<F extends KeyField<T>>(partitioner: CustomPartitioner<T[F]>, field: F): DataStream<T>;
  partitionCustom<K>(partitioner: CustomPartitioner<K>, selector: (record: T) => K): DataStream<T>;
  partitionCustom(partitioner: CustomPartitioner<never>, key: string | ((record: T) => unknown)): DataStream<T> {
    const keyOf = keySelector("partitionCustom", key);
    this.#columnsFor("partitionCustom", keyColumns(key));
    return this.#partitioned(customPartitioner(partitioner, keyOf));
  }

  /**
   * Windows over all records, whatever their key: one instance does all the work.
   * @throws JobError MISSING_TIMESTAMPS for windows of event time where nothing upstream assigns timestamps.
   */
  windowAll<W extends Window>(assigner: WindowAssigner<T, W>): AllWindowedStream<T, W> {
    return this.#upstream.graph.makers.allWindowed(this.#unkeyed(), assignedBy(this.#upstream, assigner));
  }

  /**
   * Windows of `size` records; with `slide`, of the last `size` records every `slide` records. One instance does all the work.
   */
  countWindowAll(size: number, slide?: number): AllWindowedStream<T, GlobalWindow> {
    return this.#upstream.graph.makers.allWindowed(this.#unkeyed(), { kind: "counted", size, slide });
  }

  /** Needs keys: `stream.keyBy(...).window(...)`. @throws JobError UNKEYED_STREAM */
  window(this: "use keyBy(...) first, or windowAll", ..._unusable: readonly never[]): unknown {
    throw unkeyed("window", "windowAll");
  }

  /** Needs keys: `stream.keyBy(...).countWindow(...)`. @throws JobError UNKEYED_STREAM */
  countWindow(this: "use keyBy(...) first, or countWindowAll", ..._unusable: readonly never[]): unknown {
    throw unkeyed("countWindow", "countWindowAll");
  }

  /** Needs keys: `stream.keyBy(...).reduce(...)`. @throws JobError UNKEYED_STREAM */
  reduce(this: "use keyBy(...) first, or windowAll", ..._unusable: readonly never[]): unknown {
    throw unkeyed("reduce", "windowAll");
  }

  /** Prints each record on a line, after `name> ` where there is a name. */
  print(name?: string): DataStreamSink<T> {
    return this.#addSink(printSink(name), "Sink: Print");
  }

  /** Ends the stream in a sink. */
  sinkTo<WriterState, Committable>(sink: Sink<T, WriterState, Committable>): DataStreamSink<T> {
    if (typeof sink !== "object" || sink === null || typeof sink.createWriter !== "function") {
      throw new JobError("INVALID_ARGUMENT", `sinkTo takes a Sink, such as callbackSink((record) => …), but got ${show(sink)}`);
    }
    return this.#addSink(sink, "Sink");
  }

  /**
   * Runs the job, with everything that was written before, and iterates over the records of this stream:
   * `for await (const record of stream.executeAndCollect()) …`. The job starts with the first record asked for; leaving the loop
   * cancels it.
   *
   * @param options a limit on the number of records, or `{ limit, jobName, signal }`
   * @throws JobError where the job is refused; INVALID_ARGUMENT, UNKNOWN_OPTION
   */
  executeAndCollect(options?: number | CollectOptions): CollectedRows<T> {
    const { graph } = this.#upstream;
    const checked = collectOptions(options);
    const buffer = new RowBuffer<T>();
    const factory = sinkFactory(collectSink<T>(buffer));
    const node = graph.addOperator({ name: "Sink: Collect", factory, parallelismMax: 1 }, [this.#upstream]);
    try {
      return new CollectedRows(buffer, graph.prepareJob(checked.jobName), checked);
    } catch (refusal) {
      graph.withdraw(node);
      throw refusal;
    }
  }

  /** The fields of the records, where the graph knows them. @throws JobError INVALID_ARGUMENT where a step reads others. */
  #columnsFor(step: string, read: Iterable<string>): readonly string[] | undefined {
    const known = knownColumns(this.#upstream);
    requireColumns(step, read, known);
    return known;
  }

  #then<R>(spec: NodeSpec): SingleOutputStreamOperator<R> {
    const { graph } = this.#upstream;
    return graph.makers.operator(graph, graph.addOperator(spec, [this.#upstream]));
  }

  #addSink<WriterState, Committable>(sink: Sink<T, WriterState, Committable>, name: string): DataStreamSink<T> {
    const { graph } = this.#upstream;
    const node: StreamNode = graph.addOperator({ name, factory: sinkFactory(sink) }, [this.#upstream]);
    return graph.makers.sink(node);
  }

  #partitioned(partitioner: Partitioner): DataStream<T> {
    if (this.#upstream.keyOf !== undefined) {
      throw new JobError(
        "INVALID_ARGUMENT",
        `${partitioner.kind} cannot follow keyBy(...), which has decided where records go: leave one of them out`,
      );
    }
    const inputs = this.#upstream.inputs.map((input) => ({ ...input, partitioner }));
    return this.#upstream.graph.makers.stream({ ...this.#upstream, inputs });
  }

  /** Windows over all records take them in whatever way they come. */
  #unkeyed(): Upstream {
    const { keyOf, inputs } = this.#upstream;
    if (keyOf === undefined) return this.#upstream;
    return { ...this.#upstream, keyOf: undefined, inputs: inputs.map((input) => ({ ...input, partitioner: undefined })) };
  }
}

function columnsRead(expressions: NamedExpressions<never>): readonly string[] {
  return expressions.flatMap(({ columnNames }) => [...columnNames]);
}

function upstreamOf(step: string, other: unknown, read: () => Upstream): Upstream {
  if (other instanceof DataStream) return read();
  throw new JobError("INVALID_ARGUMENT", `${step} takes streams, but got ${show(other)}`);
}

function unkeyed(method: string, instead: string): JobError {
  return new JobError(
    "UNKEYED_STREAM",
    `${method} works by key: use keyBy(...) first, or ${instead}(...) for all records together`,
  );
}
