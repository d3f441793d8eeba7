import type { Collector } from "../functions/collector.ts";
import type {
  CoFlatMapFunction,
  CoMapFunction,
  CoProcessFunctionLike,
  KeyedCoProcessFunctionLike,
  RichFunction,
} from "../functions/stream-functions.ts";
import { coFlatMapFactory, coMapFactory, coProcessFactory, keyedCoProcessFactory } from "../operators/function-factories.ts";
import { asCoFlatMap, asCoMap, asCoProcess, asKeyedCoProcess } from "./functions.ts";
import { type Key, type KeyField, keySelector } from "./key-selector.ts";
import type { SingleOutputStreamOperator } from "./single-output-stream-operator.ts";
import { type NodeSpec, type Upstream, keyOfFor, keyOfKeyed, timestampsOf } from "./stream-graph-builder.ts";

interface TwoKeys<A, B> {
  readonly keyOf1: (record: A) => unknown;
  readonly keyOf2: (record: B) => unknown;
}

/**
 * Two streams, perhaps of different types, that are the two inputs of one operator.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const both = env.fromElements(1, 2).connect(env.fromElements("a")).map(
 *   (n) => `number ${n}`,
 *   (s) => `string ${s}`,
 * );
 * console.log((await both.executeAndCollect().toArray()).sort()); // [ 'number 1', 'number 2', 'string a' ]
 * ```
 */
export class ConnectedStreams<out A, out B> {
  readonly #first: Upstream;
  readonly #second: Upstream;

  constructor(first: Upstream, second: Upstream) {
    this.#first = first;
    this.#second = second;
  }

  /** Keys both streams: records with one key meet in one subtask and share its state. */
  keyBy<F1 extends KeyField<A>, F2 extends KeyField<B>>(field1: F1, field2: F2): KeyedConnectedStreams<A, B, A[F1] | B[F2]>;
  keyBy<const K extends Key>(selector1: (record: A) => K, selector2: (record: B) => K): KeyedConnectedStreams<A, B, K>;
  keyBy<K>(key1: string | ((record: A) => unknown), key2: string | ((record: B) => unknown)): KeyedConnectedStreams<A, B, K> {
    const first = keyedBy(this.#first, keySelector("keyBy", key1));
    const second = keyedBy(this.#second, keySelector("keyBy", key2));
    return first.graph.makers.keyedConnected(first, second);
  }

  /** One record out for each record in: an object with `map1` and `map2`, or a lambda for each input. */
  map<R>(fn: CoMapFunction<A, B, R>): SingleOutputStreamOperator<R>;
  map<R>(map1: (record: A) => R, map2: (record: B) => R): SingleOutputStreamOperator<R>;
  map<R>(first: CoMapFunction<A, B, R> | ((record: A) => R), second?: (record: B) => R): SingleOutputStreamOperator<R> {
    const fn = asCoMap(first, second);
    const keys = keysFor<A, B>(this.#first, this.#second, fn);
    return this.#then({ name: "Co-Map", factory: coMapFactory(fn, keys), keyed: keys !== undefined });
  }

  /** Any number of records out for each record in: an object with `flatMap1` and `flatMap2`, or a lambda for each input. */
  flatMap<R>(fn: CoFlatMapFunction<A, B, R>): SingleOutputStreamOperator<R>;
  flatMap<R>(
    flatMap1: (record: A, out: Collector<R>) => Iterable<R> | void,
    flatMap2: (record: B, out: Collector<R>) => Iterable<R> | void,
  ): SingleOutputStreamOperator<R>;
  flatMap<R>(
    first: CoFlatMapFunction<A, B, R> | ((record: A, out: Collector<R>) => Iterable<R> | void),
    second?: (record: B, out: Collector<R>) => Iterable<R> | void,
  ): SingleOutputStreamOperator<R> {
    const fn = asCoFlatMap(first, second);
    const keys = keysFor<A, B>(this.#first, this.#second, fn);
    return this.#then({ name: "Co-Flat Map", factory: coFlatMapFactory(fn, keys), keyed: keys !== undefined });
  }

  /**
   * Both inputs, time and side outputs in the hand of a function. State and timers need keys on both streams.
   * @throws JobError UNKEYED_STREAM for a function with `onTimer`.
   */
  process<R>(fn: CoProcessFunctionLike<A, B, R>): SingleOutputStreamOperator<R> {
    return this.#then({ name: "Co-Process", factory: coProcessFactory(asCoProcess(fn)) });
  }

  #then<R>(spec: NodeSpec): SingleOutputStreamOperator<R> {
    const { graph } = this.#first;
    return graph.makers.operator(graph, graph.addOperator(spec, [this.#first, this.#second]));
  }
}

/**
 * Two keyed streams with keys of one type: the functions of both inputs share state and timers by key.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const orders = env.fromElements({ id: 1, item: "tea" });
 * const payments = env.fromElements({ order: 1, amount: 3 });
 * const ids = orders.connect(payments).keyBy("id", "order").process<number>({
 *   processElement1: (_order, context, out) => out.collect(context.getCurrentKey()),
 *   processElement2: (_payment, context, out) => out.collect(context.getCurrentKey()),
 * });
 * console.log(await ids.executeAndCollect().toArray()); // [ 1, 1 ]
 * ```
 */
export class KeyedConnectedStreams<out A, out B, K> extends ConnectedStreams<A, B> {
  readonly #first: Upstream;
  readonly #second: Upstream;

  constructor(first: Upstream, second: Upstream) {
    super(first, second);
    this.#first = first;
    this.#second = second;
  }

  /** Both inputs, time, side outputs, and state and timers of the key at hand, in the hand of a function. */
  override process<R>(fn: KeyedCoProcessFunctionLike<K, A, B, R>): SingleOutputStreamOperator<R> {
    const [first, second] = [this.#first, this.#second];
    const processing = asKeyedCoProcess(fn);
    const keys = { keyOf1: keyOfKeyed<A, K>(first), keyOf2: keyOfKeyed<B, K>(second) };
    const mayStamp = processing.onTimer !== undefined && timestampsOf(first) === "none" && timestampsOf(second) === "none";
    const spec: NodeSpec = { name: "Co-Keyed-Process", factory: keyedCoProcessFactory({ ...keys, fn: processing }), keyed: true };
    const node = first.graph.addOperator(mayStamp ? { ...spec, timestamps: "unknown" } : spec, [first, second]);
    return first.graph.makers.operator(first.graph, node);
  }
}

function keyedBy<T>(upstream: Upstream, keyOf: (record: T) => unknown): Upstream {
  const inputs = upstream.inputs.map((input) => ({ ...input, partitioner: { kind: "hash", keyOf } as const }));
  return { ...upstream, inputs, keyOf };
}

/** Both key selectors, where both streams are keyed and the function may ask for keyed state. */
function keysFor<A, B>(first: Upstream, second: Upstream, fn: RichFunction): TwoKeys<A, B> | undefined {
  const keyOf1 = keyOfFor<A>(first, fn);
  const keyOf2 = keyOfFor<B>(second, fn);
  return keyOf1 === undefined || keyOf2 === undefined ? undefined : { keyOf1, keyOf2 };
}
