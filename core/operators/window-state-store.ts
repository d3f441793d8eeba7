import type { KeyedStateStore } from "../functions/window-functions.ts";
import { type KeyCursor, bindState } from "../state/bound-state.ts";
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from "../state/descriptors.ts";
import type { KeyedState } from "../state/keyed-state.ts";
import type { AggregatingState, ListState, MapState, ReducingState, State, ValueState } from "../state/state.ts";

/** Keyed state at the address where the cursor stands: what a window function asks its context for, at each call. */
export class CursorStateStore implements KeyedStateStore {
  readonly #state: KeyedState;
  readonly #cursor: KeyCursor;
  /** A function that keeps its descriptors finds its handles again. */
  readonly #bound = new WeakMap<object, State>();
  /** One handle for each name that was asked for: as many as the function has names. */
  readonly #byName = new Map<string, State>();

  constructor(state: KeyedState, cursor: KeyCursor) {
    this.#state = state;
    this.#cursor = cursor;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.#once(descriptor, () => bindState(this.#state, descriptor, this.#cursor));
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#once(descriptor, () => bindState(this.#state, descriptor, this.#cursor));
  }

  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return this.#once(descriptor, () => bindState(this.#state, descriptor, this.#cursor));
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    return this.#once(descriptor, () => bindState(this.#state, descriptor, this.#cursor));
  }

  getAggregatingState<In, Acc, Out>(descriptor: AggregatingStateDescriptor<In, Acc, Out>): AggregatingState<In, Out> {
    return this.#once(descriptor, () => bindState(this.#state, descriptor, this.#cursor));
  }

  /** Removes what lies where the cursor stands, of every name that was ever asked for. */
  clear(): void {
    for (const state of this.#byName.values()) state.clear();
  }

  #once<S extends State>(descriptor: { readonly name: string }, bind: () => S): S {
    const present = this.#bound.get(descriptor);
    if (present !== undefined) return present as S;
    const state = bind();
    this.#bound.set(descriptor, state);
    this.#byName.set(descriptor.name, state);
    return state;
  }
}
