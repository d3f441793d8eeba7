import { types } from "../data/type.ts";
import type { KeyId } from "../data/key.ts";
import type { AggregateFunction, ReduceFunction } from "./aggregation.ts";
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  StateDescriptor,
  ValueStateDescriptor,
} from "./descriptors.ts";
import type { KeyedState, Namespace, StateTable } from "./keyed-state.ts";
import type { AggregatingState, ListState, MapState, ReducingState, State, ValueState } from "./state.ts";
import { UserMap, userMapType } from "./user-map.ts";

/**
 * The address that handles of user functions read and write. The operator that calls the function owns it, and moves
 * it before each call.
 */
export interface KeyCursor {
  key: KeyId;
  namespace: Namespace;
}

/**
 * A handle on the state that the descriptor names, at wherever the cursor stands when it is used.
 * @throws JobError STATE_TYPE_CONFLICT when the name has another kind or type in this operator
 */
export function bindState<T>(store: KeyedState, descriptor: ValueStateDescriptor<T>, cursor: KeyCursor): ValueState<T>;
export function bindState<T>(store: KeyedState, descriptor: ListStateDescriptor<T>, cursor: KeyCursor): ListState<T>;
export function bindState<K, V>(store: KeyedState, descriptor: MapStateDescriptor<K, V>, cursor: KeyCursor): MapState<K, V>;
export function bindState<T>(store: KeyedState, descriptor: ReducingStateDescriptor<T>, cursor: KeyCursor): ReducingState<T>;
export function bindState<In, Acc, Out>(
  store: KeyedState,
  descriptor: AggregatingStateDescriptor<In, Acc, Out>,
  cursor: KeyCursor,
): AggregatingState<In, Out>;
export function bindState(store: KeyedState, descriptor: StateDescriptor, cursor: KeyCursor): State {
  const { kind, name } = descriptor;
  switch (kind) {
    case "value":
      return new BoundValue(store.table({ name, kind, type: descriptor.type }), cursor);
    case "list":
      return new BoundList(store.table({ name, kind, type: types.array(descriptor.type) }), cursor);
    case "map":
      return new BoundMap(store.table({ name, kind, type: userMapType(descriptor.keyType, descriptor.type) }), cursor);
    case "reducing":
      return new BoundReducing(store.table({ name, kind, type: descriptor.type }), cursor, descriptor.reduceFunction);
    case "aggregating":
      return new BoundAggregating(store.table({ name, kind, type: descriptor.type }), cursor, descriptor.aggregateFunction);
  }
}

class BoundValue<T> implements ValueState<T> {
  readonly #table: StateTable<T>;
  readonly #cursor: KeyCursor;

  constructor(table: StateTable<T>, cursor: KeyCursor) {
    this.#table = table;
    this.#cursor = cursor;
  }

  value(): T | undefined {
    return this.#table.get(this.#cursor.key, this.#cursor.namespace);
  }

  update(value: T): void {
    // Undefined is what `value` gives where there is nothing.
    if (value === undefined) this.clear();
    else this.#table.put(this.#cursor.key, this.#cursor.namespace, value);
  }

  clear(): void {
    this.#table.remove(this.#cursor.key, this.#cursor.namespace);
  }
}

class BoundList<T> implements ListState<T> {
  readonly #table: StateTable<T[]>;
  readonly #cursor: KeyCursor;

  constructor(table: StateTable<T[]>, cursor: KeyCursor) {
    this.#table = table;
    this.#cursor = cursor;
  }

  get(): Iterable<T> {
    const list = this.#table.get(this.#cursor.key, this.#cursor.namespace);
    return list === undefined ? [] : new ListView(list);
  }

  add(element: T): void {
    const list = this.#table.get(this.#cursor.key, this.#cursor.namespace) ?? [];
    list.push(element);
    this.#table.put(this.#cursor.key, this.#cursor.namespace, list);
  }

  addAll(elements: Iterable<T>): void {
    const list = this.#table.get(this.#cursor.key, this.#cursor.namespace) ?? [];
    for (const element of elements) list.push(element);
    if (0 < list.length) this.#table.put(this.#cursor.key, this.#cursor.namespace, list);
  }

  update(elements: Iterable<T>): void {
    const list = [...elements];
    if (0 < list.length) this.#table.put(this.#cursor.key, this.#cursor.namespace, list);
    else this.clear();
  }

  clear(): void {
    this.#table.remove(this.#cursor.key, this.#cursor.namespace);
  }
}

/** The elements that a list had when it was asked for: what is added in a loop over them does not make the loop longer. */
class ListView<T> implements Iterable<T> {
  readonly #list: readonly T[];
  readonly #length: number;

  constructor(list: readonly T[]) {
    this.#list = list;
    this.#length = list.length;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let index = 0; index < this.#length; index += 1) yield this.#list[index]!;
  }
}

class BoundMap<K, V> implements MapState<K, V> {
  readonly #table: StateTable<UserMap<K, V>>;
  readonly #cursor: KeyCursor;

  constructor(table: StateTable<UserMap<K, V>>, cursor: KeyCursor) {
    this.#table = table;
    this.#cursor = cursor;
  }

  get(key: K): V | undefined {
    return this.#map()?.get(key);
  }

  put(key: K, value: V): void {
    const map = this.#map() ?? new UserMap<K, V>();
    map.set(key, value);
    this.#table.put(this.#cursor.key, this.#cursor.namespace, map);
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    for (const [key, value] of entries) this.put(key, value);
  }

  remove(key: K): void {
    const map = this.#map();
    if (map === undefined || !map.delete(key)) return;
    if (map.size === 0) this.clear();
    else this.#table.put(this.#cursor.key, this.#cursor.namespace, map);
  }

  contains(key: K): boolean {
    return this.#map()?.has(key) ?? false;
  }

  // Each can be iterated over more than once, and goes on with the map of the key for which it was asked.
  entries(): Iterable<readonly [K, V]> {
    const map = this.#map();
    return map === undefined ? [] : { [Symbol.iterator]: () => map.entries() };
  }

  keys(): Iterable<K> {
    const map = this.#map();
    return map === undefined ? [] : { [Symbol.iterator]: () => map.keys() };
  }

  values(): Iterable<V> {
    const map = this.#map();
    return map === undefined ? [] : { [Symbol.iterator]: () => map.values() };
  }

  isEmpty(): boolean {
    return this.#map() === undefined;
  }

  clear(): void {
    this.#table.remove(this.#cursor.key, this.#cursor.namespace);
  }

  #map(): UserMap<K, V> | undefined {
    return this.#table.get(this.#cursor.key, this.#cursor.namespace);
  }
}

class BoundReducing<T> implements ReducingState<T> {
  readonly #table: StateTable<T>;
  readonly #cursor: KeyCursor;
  readonly #function: ReduceFunction<T>;

  constructor(table: StateTable<T>, cursor: KeyCursor, reduceFunction: ReduceFunction<T>) {
    this.#table = table;
    this.#cursor = cursor;
    this.#function = reduceFunction;
  }

  get(): T | undefined {
    return this.#table.get(this.#cursor.key, this.#cursor.namespace);
  }

  add(element: T): void {
    const present = this.get();
    const reduced = present === undefined ? element : this.#function.reduce(present, element);
    if (reduced === undefined) throw new TypeError("reduce returned undefined: it must return both elements combined");
    this.#table.put(this.#cursor.key, this.#cursor.namespace, reduced);
  }

  clear(): void {
    this.#table.remove(this.#cursor.key, this.#cursor.namespace);
  }
}

class BoundAggregating<In, Acc, Out> implements AggregatingState<In, Out> {
  readonly #table: StateTable<Acc>;
  readonly #cursor: KeyCursor;
  readonly #function: AggregateFunction<In, Acc, Out>;

  constructor(table: StateTable<Acc>, cursor: KeyCursor, aggregateFunction: AggregateFunction<In, Acc, Out>) {
    this.#table = table;
    this.#cursor = cursor;
    this.#function = aggregateFunction;
  }

  get(): Out | undefined {
    const accumulator = this.#table.get(this.#cursor.key, this.#cursor.namespace);
    return accumulator === undefined ? undefined : this.#function.getResult(accumulator);
  }

  add(element: In): void {
    const present = this.#table.get(this.#cursor.key, this.#cursor.namespace);
    const accumulator = this.#function.add(element, present === undefined ? this.#function.createAccumulator() : present);
    if (accumulator === undefined) throw new TypeError("add returned undefined: it must return the accumulator with the element added");
    this.#table.put(this.#cursor.key, this.#cursor.namespace, accumulator);
  }

  clear(): void {
    this.#table.remove(this.#cursor.key, this.#cursor.namespace);
  }
}
