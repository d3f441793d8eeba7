import type { AggregatingState, ListState, MapState, ReducingState, ValueState } from "../state/state.ts";

/** Finds the state of the subtask that is running: as an object with one method, since engines see through that where they do not through a closure. */
export interface StateLookup<S> {
  state(): S;
}

/** State handles that user functions keep in their fields: each call goes to the state of the subtask that is running. */
export class ValueStateHandle<T> implements ValueState<T> {
  readonly #lookup: StateLookup<ValueState<T>>;

  constructor(lookup: StateLookup<ValueState<T>>) {
    this.#lookup = lookup;
  }

  value(): T | undefined {
    return this.#lookup.state().value();
  }

  update(value: T): void {
    this.#lookup.state().update(value);
  }

  clear(): void {
    this.#lookup.state().clear();
  }
}

export class ListStateHandle<T> implements ListState<T> {
  readonly #lookup: StateLookup<ListState<T>>;

  constructor(lookup: StateLookup<ListState<T>>) {
    this.#lookup = lookup;
  }

  get(): Iterable<T> {
    return this.#lookup.state().get();
  }

  add(element: T): void {
    this.#lookup.state().add(element);
  }

  addAll(elements: Iterable<T>): void {
    this.#lookup.state().addAll(elements);
  }

  update(elements: Iterable<T>): void {
    this.#lookup.state().update(elements);
  }

  clear(): void {
    this.#lookup.state().clear();
  }
}

export class MapStateHandle<K, V> implements MapState<K, V> {
  readonly #lookup: StateLookup<MapState<K, V>>;

  constructor(lookup: StateLookup<MapState<K, V>>) {
    this.#lookup = lookup;
  }

  get(key: K): V | undefined {
    return this.#lookup.state().get(key);
  }

  put(key: K, value: V): void {
    this.#lookup.state().put(key, value);
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    this.#lookup.state().putAll(entries);
  }

  remove(key: K): void {
    this.#lookup.state().remove(key);
  }

  contains(key: K): boolean {
    return this.#lookup.state().contains(key);
  }

  entries(): Iterable<readonly [K, V]> {
    return this.#lookup.state().entries();
  }

  keys(): Iterable<K> {
    return this.#lookup.state().keys();
  }

  values(): Iterable<V> {
    return this.#lookup.state().values();
  }

  isEmpty(): boolean {
    return this.#lookup.state().isEmpty();
  }

  clear(): void {
    this.#lookup.state().clear();
  }
}

export class ReducingStateHandle<T> implements ReducingState<T> {
  readonly #lookup: StateLookup<ReducingState<T>>;

  constructor(lookup: StateLookup<ReducingState<T>>) {
    this.#lookup = lookup;
  }

  get(): T | undefined {
    return this.#lookup.state().get();
  }

  add(element: T): void {
    this.#lookup.state().add(element);
  }

  clear(): void {
    this.#lookup.state().clear();
  }
}

export class AggregatingStateHandle<In, Out> implements AggregatingState<In, Out> {
  readonly #lookup: StateLookup<AggregatingState<In, Out>>;

  constructor(lookup: StateLookup<AggregatingState<In, Out>>) {
    this.#lookup = lookup;
  }

  get(): Out | undefined {
    return this.#lookup.state().get();
  }

  add(element: In): void {
    this.#lookup.state().add(element);
  }

  clear(): void {
    this.#lookup.state().clear();
  }
}
