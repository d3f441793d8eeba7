/** Keyed state as user functions see it: each handle reads and writes the value of the key at hand. */

export interface State {
  /** Removes the value of the current key. */
  clear(): void;
}

/** One value for each key. */
/** One value per key. */
export interface ValueState<T> extends State {
  /** The value of the current key, or undefined where none was set. Changing an object without `update` is undefined behaviour; tests freeze it. */
  value(): T | undefined;
  update(value: T): void;
}

/** A list of values for each key. */
/** A list per key. */
export interface ListState<T> extends State {
  get(): Iterable<T>;
  add(element: T): void;
  addAll(elements: Iterable<T>): void;
  /** Replaces all elements. */
  update(elements: Iterable<T>): void;
}

/** A map for each key; its entries are read and written one by one. */
/** A map per key. */
export interface MapState<K, V> extends State {
  get(key: K): V | undefined;
  put(key: K, value: V): void;
  putAll(entries: Iterable<readonly [K, V]>): void;
  remove(key: K): void;
  contains(key: K): boolean;
  entries(): Iterable<readonly [K, V]>;
  keys(): Iterable<K>;
  values(): Iterable<V>;
  isEmpty(): boolean;
}

/** One value for each key: everything that was added, reduced. */
/** One value per key, to which elements are reduced. */
export interface ReducingState<T> extends State {
  get(): T | undefined;
  add(element: T): void;
}

/** One accumulator for each key: what is added goes in, its result comes out. */
/** An accumulator per key; `get` gives its result. */
export interface AggregatingState<In, Out> extends State {
  get(): Out | undefined;
  add(element: In): void;
}
