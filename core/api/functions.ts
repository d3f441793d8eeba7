import { isExpression } from "../data/expression-compiler.ts";
import type { NamedExpressions } from "../data/expression-projection.ts";
import type { Expression } from "../data/expression.ts";
import type { Collector } from "../functions/collector.ts";
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
  ProcessContext,
  ProcessFunctionLike,
} from "../functions/stream-functions.ts";
import type {
  AllWindowFunction,
  ProcessAllWindowFunctionLike,
  ProcessWindowContext,
  ProcessWindowFunctionLike,
  WindowFunction,
} from "../functions/window-functions.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import type { WindowEmit } from "../operators/window-emitter.ts";
import type { AggregateFunction, ReduceFunction } from "../state/aggregation.ts";
import { type AggregateSpec } from "../windows/aggregates.ts";
import { BuiltInAggregates } from "../windows/built-in-aggregates.ts";
import type { Window } from "../windows/time-window.ts";

/**
 * What the methods of streams take: a lambda, an object literal, or an instance of one of the classes that Flink users extend.
 * Here, and nowhere else, each becomes the object that the engine calls.
 */

/** What `map` takes. */
export type Mapping<T, R> = MapFunction<T, R> | ((record: T) => R);
/** What `filter` takes. */
export type Filtering<T> = FilterFunction<T> | ((record: T) => boolean);
/** What `filter` takes instead of a function: null counts as no. */
export type Condition<T> = Expression<T, boolean | null | undefined, string | undefined>;
/** Records of T of which it is known that these fields have a value. */
export type WithValues<T, F extends string> = [F] extends [never] ? T : T & { readonly [P in F & keyof T]-?: NonNullable<T[P]> };
/** What `flatMap` takes: it emits through `out`, or returns an iterable. */
export type FlatMapping<T, R> = FlatMapFunction<T, R> | ((record: T, out: Collector<R>) => Iterable<R> | void);
/** What `process` takes on a stream without keys. */
export type Processing<T, R> = ProcessFunctionLike<T, R> | ((record: T, context: ProcessContext, out: Collector<R>) => void);
/** What `process` takes on a keyed stream. */
export type KeyedProcessing<K, T, R> =
  | KeyedProcessFunctionLike<K, T, R>
  | ((record: T, context: KeyedProcessContext<K>, out: Collector<R>) => void);
/** What `reduce` takes. */
export type Reducing<T> = ReduceFunction<T> | ((left: T, right: T) => T);
/** The window function of `process` on keyed windows. */
export type WindowProcessing<V, R, K, W extends Window> =
  | ProcessWindowFunctionLike<V, R, K, W>
  | ((key: K, context: ProcessWindowContext<W>, records: Iterable<V>, out: Collector<R>) => void);
/** The window function of `process` on windows over all keys. */
export type AllWindowProcessing<V, R, W extends Window> =
  | ProcessAllWindowFunctionLike<V, R, W>
  | ((context: ProcessWindowContext<W>, records: Iterable<V>, out: Collector<R>) => void);
/** The window function of `apply` on keyed windows. */
export type WindowApplying<V, R, K, W extends Window> =
  | WindowFunction<V, R, K, W>
  | ((key: K, window: W, records: Iterable<V>, out: Collector<R>) => void);
/** The window function of `apply` on windows over all keys. */
export type AllWindowApplying<V, R, W extends Window> =
  | AllWindowFunction<V, R, W>
  | ((window: W, records: Iterable<V>, out: Collector<R>) => void);

/** What messages show of a process function. */
const PROCESS_EXAMPLE = "(record, context, out) => out.collect(record)";

/** What `map` is to call. */
export function asMap<T, R>(given: Mapping<T, R>): MapFunction<T, R> {
  return asObject("map", "(record) => record.value", ["map"], given);
}

/** What `filter` is to call. */
export function asFilter<T>(given: Filtering<T>): FilterFunction<T> {
  return asObject("filter", '(record) => 0 < record.value, an expression such as columnsOf<Flight>()("delay").gt(30)', ["filter"], given);
}

/** What `select` and `addOrReplaceColumns` compute. */
export function asNamedExpressions(step: string, given: readonly unknown[]): NamedExpressions<never> {
  const other = given.find((value) => !isExpression(value));
  if (0 < given.length && other === undefined) return given as NamedExpressions<never>;
  throw new JobError(
    "INVALID_ARGUMENT",
    `${step} takes expressions with names, such as columnsOf<Flight>()("delay").dividedBy(60).as("hours"), but got ${given.length === 0 ? "none" : showGiven(other)}`,
  );
}

/** What `flatMap` is to call. */
export function asFlatMap<T, R>(given: FlatMapping<T, R>): FlatMapFunction<T, R> {
  return asObject("flatMap", '(line) => line.split(" ")', ["flatMap"], given);
}

/** What `reduce` is to call. */
export function asReduce<T>(given: Reducing<T>): ReduceFunction<T> {
  return asObject("reduce", "(left, right) => left + right", ["reduce"], given);
}

/**
 * What `reduce` is to call on windows.
 * @throws JobError INVALID_ARGUMENT for a rich function: as in Flink, what adds up a window is never opened.
 */
export function asWindowReduce<T>(given: Reducing<T>): ReduceFunction<T> {
  const fn = asReduce(given);
  refuseRich("reduce", fn);
  return fn;
}

/** @throws JobError UNKEYED_STREAM where the function has timers, which need keys. */
export function asProcess<T, R>(given: Processing<T, R>): ProcessFunctionLike<T, R> {
  const fn: ProcessFunctionLike<T, R> = asObject("process", PROCESS_EXAMPLE, ["processElement"], given);
  refuseTimersWithoutKeys(fn);
  return fn;
}

/** What `process` is to call on a keyed stream. */
export function asKeyedProcess<K, T, R>(given: KeyedProcessing<K, T, R>): KeyedProcessFunctionLike<K, T, R> {
  return asObject("process", PROCESS_EXAMPLE, ["processElement"], given);
}

/** What `map` is to call on connected streams: an object, or a lambda for each input. */
export function asCoMap<A, B, R>(
  first: CoMapFunction<A, B, R> | ((record: A) => R),
  second: ((record: B) => R) | undefined,
): CoMapFunction<A, B, R> {
  return asPair("map", ["map1", "map2"], first, second);
}

/** What `flatMap` is to call on connected streams: an object, or a lambda for each input. */
export function asCoFlatMap<A, B, R>(
  first: CoFlatMapFunction<A, B, R> | ((record: A, out: Collector<R>) => Iterable<R> | void),
  second: ((record: B, out: Collector<R>) => Iterable<R> | void) | undefined,
): CoFlatMapFunction<A, B, R> {
  return asPair("flatMap", ["flatMap1", "flatMap2"], first, second);
}

/** @throws JobError UNKEYED_STREAM where the function has timers, which need keys. */
export function asCoProcess<A, B, R>(given: CoProcessFunctionLike<A, B, R>): CoProcessFunctionLike<A, B, R> {
  const fn: CoProcessFunctionLike<A, B, R> = asPair("process", ["processElement1", "processElement2"], given, undefined);
  refuseTimersWithoutKeys(fn);
  return fn;
}

/** What `process` is to call on connected keyed streams. */
export function asKeyedCoProcess<K, A, B, R>(
  given: KeyedCoProcessFunctionLike<K, A, B, R>,
): KeyedCoProcessFunctionLike<K, A, B, R> {
  return asPair("process", ["processElement1", "processElement2"], given, undefined);
}

/**
 * What `aggregate` takes: an AggregateFunction, or `{ name: count(), … }`.
 * @throws JobError INVALID_ARGUMENT also for a rich function: as in Flink, what adds up a window is never opened.
 */
export function asAggregate<T>(
  given: AggregateFunction<T, unknown, unknown> | AggregateSpec<T>,
): AggregateFunction<T, unknown, unknown> {
  const candidate = given as Partial<Record<string, unknown>> | null | undefined;
  const methods = ["createAccumulator", "add", "getResult"] as const;
  if (typeof candidate !== "object" || candidate === null) {
    throw new JobError(
      "INVALID_ARGUMENT",
      `aggregate takes aggregates such as { records: count() }, or an AggregateFunction, but got ${showGiven(given)}`,
    );
  }
  if (methods.every((method) => typeof candidate[method] !== "function")) {
    return new BuiltInAggregates<T, unknown>(given as AggregateSpec<T>) as unknown as AggregateFunction<T, unknown, unknown>;
  }
  refuseRich("aggregate", candidate);
  return asObject("aggregate", "", methods, given);
}

/** What windows of a key do when they fire. */
export function asWindowProcess<K, V, R>(given: WindowProcessing<V, R, K, never>): WindowEmit<K, V, R> {
  const example = "(key, context, records, out) => out.collect([...records].length)";
  return { kind: "process", fn: asObject("process", example, ["process"], given) };
}

/** What windows over all records do when they fire. */
export function asWindowProcessAll<K, V, R>(given: AllWindowProcessing<V, R, never>): WindowEmit<K, V, R> {
  const example = "(context, records, out) => out.collect([...records].length)";
  return { kind: "process-all", fn: asObject("process", example, ["process"], given) };
}

/** What windows of a key do when they fire, told of the window only. */
export function asWindowApply<K, V, R>(given: WindowApplying<V, R, K, never>): WindowEmit<K, V, R> {
  return { kind: "apply", fn: asObject("apply", "(key, window, records, out) => out.collect(window.end)", ["apply"], given) };
}

/** What windows over all records do when they fire, told of the window only. */
export function asWindowApplyAll<K, V, R>(given: AllWindowApplying<V, R, never>): WindowEmit<K, V, R> {
  return { kind: "apply-all", fn: asObject("apply", "(window, records, out) => out.collect(window.end)", ["apply"], given) };
}

/** Lambdas become the one method of an object; objects are checked and stay what they are. */
function asObject<F extends object>(step: string, example: string, methods: readonly string[], given: unknown): F {
  const [method] = methods;
  if (typeof given === "function" && example !== "") {
    refuseClass(step, given);
    refuseAsync(step, given);
    return { [method!]: given } as F;
  }
  return checkedObject(step, methods, given, example === "" ? "" : `a function such as ${example}, or `);
}

/** Two lambdas, one for each input, become the two methods of an object. */
function asPair<F extends object>(step: string, methods: readonly [string, string], first: unknown, second: unknown): F {
  if (typeof first === "function" && typeof second === "function") {
    for (const given of [first, second]) {
      refuseClass(step, given);
      refuseAsync(step, given);
    }
    return { [methods[0]]: first, [methods[1]]: second } as F;
  }
  return checkedObject(step, methods, first, step === "process" ? "" : "two functions, one for each input, or ");
}

function checkedObject<F extends object>(step: string, methods: readonly string[], given: unknown, otherwise: string): F {
  if (typeof given === "object" && given !== null) {
    const found = given as Readonly<Record<string, unknown>>;
    const missing = methods.filter((method) => typeof found[method] !== "function");
    if (missing.length === 0) {
      for (const method of methods) refuseAsync(step, found[method]);
      return given as F;
    }
  }
  if (typeof given === "function") refuseClass(step, given);
  const wanted = methods.length === 1 ? `the method ${methods[0]}` : `the methods ${methods.join(", ")}`;
  throw new JobError("INVALID_ARGUMENT", `${step} takes ${otherwise}an object with ${wanted}, but got ${showGiven(given)}`);
}

function refuseClass(step: string, given: unknown): void {
  if (!/^class\b/.test(Function.prototype.toString.call(given))) return;
  const name = (given as { readonly name: string }).name;
  throw new JobError("INVALID_ARGUMENT", `${step} got a class itself${name === "" ? "" : `, ${name}`}: pass an instance, new ${name === "" ? "MyFunction" : name}(…)`);
}

/** A promise as a record is never what was meant: nothing on the data path waits. */
function refuseAsync(step: string, given: unknown): void {
  const kind = Object.prototype.toString.call(given);
  if (kind !== "[object AsyncFunction]" && kind !== "[object AsyncGeneratorFunction]") return;
  throw new JobError(
    "INVALID_ARGUMENT",
    `${step} takes a function that returns its result at once, but got an async one: nothing between source and sink waits; ` +
      "fetch what it needs before the job, or in an async iterable that is the source",
  );
}

function refuseTimersWithoutKeys(fn: object): void {
  if (!("onTimer" in fn)) return;
  throw new JobError("UNKEYED_STREAM", "process got a function with onTimer, but timers belong to keys: use keyBy(...) first");
}

function refuseRich(step: string, fn: object): void {
  if (!("open" in fn)) return;
  throw new JobError(
    "INVALID_ARGUMENT",
    `${step} of a window takes no function with open: give it a window function second, which may have one`,
  );
}

function showGiven(given: unknown): string {
  if (typeof given !== "object" || given === null) return show(given);
  const name = given.constructor?.name;
  return name === undefined || name === "Object" ? show(given) : `an instance of ${name}`;
}
