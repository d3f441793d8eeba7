import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { types, type Type } from "../data/type.ts";
import type { AggregateFunction, ReduceFunction } from "./aggregation.ts";

/**
 * Descriptors name a piece of keyed state and say what it holds. Within one operator a name stands for one kind and
 * one type. Without a type the self-describing codec is used: it takes every plain value.
 */
export type StateDescriptor =
  | ValueStateDescriptor<unknown>
  | ListStateDescriptor<unknown>
  | MapStateDescriptor<unknown, unknown>
  | ReducingStateDescriptor<unknown>
  | AggregatingStateDescriptor<unknown, unknown, unknown>;

/**
 * One value per key.
 *
 * ```ts
 * const count = context.getState(new ValueStateDescriptor<number>("count"));
 * ```
 */
export class ValueStateDescriptor<T> {
  readonly kind = "value";
  readonly name: string;
  readonly type: Type<T>;

  /** @throws JobError INVALID_ARGUMENT for an empty name or for what is no type */
  constructor(name: string, type?: Type<T>) {
    this.name = checkedName("ValueStateDescriptor", name);
    this.type = checkedType("ValueStateDescriptor", type);
  }
}

/**
 * A list per key.
 *
 * ```ts
 * const lastTen = context.getListState(new ListStateDescriptor<Login>("last-ten"));
 * ```
 */
export class ListStateDescriptor<T> {
  readonly kind = "list";
  readonly name: string;
  /** The type of an element. */
  readonly type: Type<T>;

  /** @throws JobError INVALID_ARGUMENT for an empty name or for what is no type */
  constructor(name: string, type?: Type<T>) {
    this.name = checkedName("ListStateDescriptor", name);
    this.type = checkedType("ListStateDescriptor", type);
  }
}

/**
 * A map per key. Its own keys are equal as the keys of a stream are: by content, never by reference.
 *
 * ```ts
 * const actions = context.getMapState(new MapStateDescriptor<string, number>("actions"));
 * ```
 */
export class MapStateDescriptor<K, V> {
  readonly kind = "map";
  readonly name: string;
  readonly keyType: Type<K>;
  /** The type of a value. */
  readonly type: Type<V>;

  /** @throws JobError INVALID_ARGUMENT for an empty name or for what is no type */
  constructor(name: string, keyType?: Type<K>, valueType?: Type<V>) {
    this.name = checkedName("MapStateDescriptor", name);
    this.keyType = checkedType("MapStateDescriptor", keyType);
    this.type = checkedType("MapStateDescriptor", valueType);
  }
}

/**
 * One value per key, reduced from all that were added.
 *
 * ```ts
 * const worst = context.getReducingState(new ReducingStateDescriptor<number>("worst", (a, b) => Math.max(a, b)));
 * ```
 */
export class ReducingStateDescriptor<T> {
  readonly kind = "reducing";
  readonly name: string;
  readonly reduceFunction: ReduceFunction<T>;
  readonly type: Type<T>;

  /** @throws JobError INVALID_ARGUMENT for an empty name, for what is no ReduceFunction or no type */
  constructor(name: string, reduce: ReduceFunction<T> | ((left: T, right: T) => T), type?: Type<T>) {
    this.name = checkedName("ReducingStateDescriptor", name);
    const reduceFunction = typeof reduce === "function" ? { reduce } : reduce;
    if (typeof reduceFunction?.reduce !== "function") {
      throw new JobError(
        "INVALID_ARGUMENT",
        `ReducingStateDescriptor "${name}" takes (left, right) => … or an object with reduce, but got ${show(reduce)}`,
      );
    }
    this.reduceFunction = reduceFunction;
    this.type = checkedType("ReducingStateDescriptor", type);
  }
}

/**
 * One accumulator per key, which records are added to and a result is read from.
 *
 * ```ts
 * const mean = context.getAggregatingState(new AggregatingStateDescriptor("mean", new Mean()));
 * ```
 */
export class AggregatingStateDescriptor<In, Acc, Out> {
  readonly kind = "aggregating";
  readonly name: string;
  readonly aggregateFunction: AggregateFunction<In, Acc, Out>;
  /** The type of the accumulator. */
  readonly type: Type<Acc>;

  /** @throws JobError INVALID_ARGUMENT for an empty name, for what is no AggregateFunction or no type */
  constructor(name: string, aggregateFunction: AggregateFunction<In, Acc, Out>, accumulatorType?: Type<Acc>) {
    this.name = checkedName("AggregatingStateDescriptor", name);
    if (typeof aggregateFunction?.createAccumulator !== "function" || typeof aggregateFunction.add !== "function") {
      throw new JobError(
        "INVALID_ARGUMENT",
        `AggregatingStateDescriptor "${name}" takes an object with createAccumulator, add and getResult, ` +
          `but got ${show(aggregateFunction)}`,
      );
    }
    this.aggregateFunction = aggregateFunction;
    this.type = checkedType("AggregatingStateDescriptor", accumulatorType);
  }
}

function checkedName(descriptor: string, name: string): string {
  if (typeof name === "string" && name !== "") return name;
  throw new JobError(
    "INVALID_ARGUMENT",
    `the name of a ${descriptor} must be a non-empty string, but is ${show(name)}; it names the state in snapshots`,
  );
}

function checkedType<T>(descriptor: string, type: Type<T> | undefined): Type<T> {
  // The self-describing codec takes every value that can be stored, and refuses the others itself.
  if (type === undefined) return types.dynamic as unknown as Type<T>;
  if (typeof type?.write === "function" && typeof type.read === "function") return type;
  throw new JobError(
    "INVALID_ARGUMENT",
    `the type of a ${descriptor} must be a Type such as types.string, but is ${show(type)}; leave it out to store any plain value`,
  );
}
