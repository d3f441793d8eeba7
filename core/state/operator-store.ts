import type { Type } from "../data/type.ts";
import { assert } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import type { RestoredOperatorState, Share } from "./operator-snapshot.ts";
import { type ListShare, type OperatorListState, type OperatorState, type OperatorValue, type Redistribution, type ValueMerge, formatOf } from "./operator-state.ts";
import { snapshotCode } from "./state-parts.ts";

/** One list or value in use. */
export interface StateInUse {
  readonly how: Redistribution;
  /** Of the value, or of each element of the list. */
  readonly type: Type<unknown>;
  readonly state: StoredList<unknown> | StoredValue<unknown>;
}

/**
 * The operator state of one subtask. Restore comes first, if at all; what nothing asks for is kept and goes into
 * every later snapshot.
 */
export class OperatorStore implements OperatorState {
  readonly #used = new Map<string, StateInUse>();
  #restored: RestoredOperatorState | undefined;

  list<T>(name: string, type: Type<T>, share: ListShare = "split"): OperatorListState<T> {
    const make = (): StoredList<T> => new StoredList(this.#restored?.claimList(name, share, type) ?? []);
    return this.#use(name, share, type, make) as StoredList<T>;
  }

  value<T>(name: string, type: Type<T>, initial: T, merge: ValueMerge): OperatorValue<T> {
    const make = (): StoredValue<T> => new StoredValue(this.#restored === undefined ? initial : this.#restored.claimValue(name, merge, type, initial));
    return this.#use(name, merge, type, make) as StoredValue<T>;
  }

  /** Whether it holds anything but what is stored under that name. */
  hasMoreThan(name: string): boolean {
    const names = [...this.#used.keys(), ...(this.#restored?.ownUnclaimed().keys() ?? [])];
    return names.some((each) => each !== name);
  }

  snapshot(): Uint8Array {
    return snapshotCode.module.writeOperatorState(this.#used, this.#restored);
  }

  /**
   * Takes over what `snapshot` gave: of this subtask, or its share of what all subtasks had before the parallelism changed.
   * @throws JobError CORRUPT_DATA
   */
  restore(parts: readonly Uint8Array[], share?: Share): void {
    assert(this.#used.size === 0 && this.#restored === undefined, "a store is restored once, before its state is used");
    this.#restored = new snapshotCode.module.RestoredOperatorState(parts, share);
  }

  /** What holds the elements and values; for tests, see KeyedComponent. */
  heldObjects(): readonly object[] {
    return [...this.#used.values()].flatMap(({ state }) => {
      const held = state.get();
      return typeof held === "object" && held !== null ? [held] : [];
    });
  }

  #use<T>(name: string, how: Redistribution, type: Type<T>, make: () => StateInUse["state"]): StateInUse["state"] {
    const present = this.#used.get(name);
    if (present === undefined) {
      const state = make();
      this.#used.set(name, { how, type: type as Type<unknown>, state });
      return state;
    }
    if (present.how === how && present.type.name === type.name) return present.state;
    throw new JobError(
      "STATE_TYPE_CONFLICT",
      `operator state "${name}" is used as ${formatOf(present.how, present.type)} and as ${formatOf(how, type)} in one operator; give one of them another name`,
    );
  }
}

class StoredList<T> implements OperatorListState<T> {
  #elements: T[];

  constructor(elements: T[]) {
    this.#elements = elements;
  }

  get(): readonly T[] {
    return this.#elements;
  }

  add(element: T): void {
    this.#elements.push(element);
  }

  update(elements: Iterable<T>): void {
    this.#elements = [...elements];
  }

  clear(): void {
    this.#elements = [];
  }
}

class StoredValue<T> implements OperatorValue<T> {
  #value: T;

  constructor(initial: T) {
    this.#value = initial;
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
  }
}
