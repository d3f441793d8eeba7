import type { AggregatingState, ListState, MapState, ReducingState, ValueState } from "../state/state.ts";

/** Finds the state of the subtask that is running. */
export type StateLookup<S> = () => S;

/** State handles that user functions keep in their fields: each call goes to the state of the subtask that is running. */
export class ValueStateHandle<T> implements ValueState<T> {
  readonly #state: StateLookup<ValueState<T>>;

  constructor(state: StateLookup<ValueState<T>>) {
    this.#state = state;
  }

  value(): T | undefined {
    return this.#state().value();
  }

  update(value: T): void {
    this.#state().update(value);
  }

  clear(): void {
    this.#state().clear();
  }
}

export class ListStateHandle<T> implements ListState<T> {
  readonly #state: StateLookup<ListState<T>>;

  constructor(state: StateLookup<ListState<T>>) {
    this.#state = state;
  }

  get(): Iterable<T> {
    return this.#state().get();
  }

  add(element: T): void {
    this.#state().add(element);
  }

  addAll(elements: Iterable<T>): void {
    this.#state().addAll(elements);
  }

  update(elements: Iterable<T>): void {
    this.#state().update(elements);
  }

  clear(): void {
    this.#state().clear();
  }
}

export class MapStateHandle<K, V> implements MapState<K, V> {
  readonly #state: StateLookup<MapState<K, V>>;

  constructor(state: StateLookup<MapState<K, V>>) {
    this.#state = state;
  }

  get(key: K): V | undefined {
    return this.#state().get(key);
  }

  put(key: K, value: V): void {
    this.#state().put(key, value);
  }

  putAll(entries: Iterable<readonly [K, V]>): void {
    this.#state().putAll(entries);
  }

  remove(key: K): void {
    this.#state().remove(key);
  }

  contains(key: K): boolean {
    return this.#state().contains(key);
  }

  entries(): Iterable<readonly [K, V]> {
    return this.#state().entries();
  }

  keys(): Iterable<K> {
    return this.#state().keys();
  }

  values(): Iterable<V> {
    return this.#state().values();
  }

  isEmpty(): boolean {
    return this.#state().isEmpty();
  }

  clear(): void {
    this.#state().clear();
  }
}

export class ReducingStateHandle<T> implements ReducingState<T> {
  readonly #state: StateLookup<ReducingState<T>>;

  constructor(state: StateLookup<ReducingState<T>>) {
    this.#state = state;
  }

  get(): T | undefined {
    return this.#state().get();
  }

  add(element: T): void {
    this.#state().add(element);
  }

  clear(): void {
    this.#state().clear();
  }
}

export class AggregatingStateHandle<In, Out> implements AggregatingState<In, Out> {
  readonly #state: StateLookup<AggregatingState<In, Out>>;

  constructor(state: StateLookup<AggregatingState<In, Out>>) {
    this.#state = state;
  }

  get(): Out | undefined {
    return this.#state().get();
  }

  add(element: In): void {
    this.#state().add(element);
  }

  clear(): void {
    this.#state().clear();
  }
}
