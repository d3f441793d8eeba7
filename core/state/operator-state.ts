import type { Type } from "../data/type.ts";

/** A list that belongs to an operator subtask, not to a key. */
export interface OperatorListState<T> {
  get(): readonly T[];
  add(element: T): void;
  update(elements: Iterable<T>): void;
  clear(): void;
}

/** A single value of one subtask of the engine's own operators: a watermark, a maximum, a counter. */
export interface OperatorValue<T> {
  get(): T;
  set(value: T): void;
}

/**
 * Who gets which elements of a list when the parallelism changes. `split`: the lists of all subtasks, one behind the other, are dealt out evenly in as many stretches
 * as there are subtasks now, as in Flink; `union`: every subtask gets all of them, and keeps what it has a use for.
 */
export type ListShare = "split" | "union";

/**
 * How the values of several subtasks become those of as many others when the parallelism changes. `sum`: the first subtask gets the total, the others begin with the
 * initial value, so that the sum stays what it was; `initial`: all of them do, also where the parallelism of any other operator of the job has changed; otherwise every
 * subtask begins with the smallest, the largest, the first.
 */
export type ValueMerge = "min" | "max" | "sum" | "first" | "initial";

export interface OperatorState {
  /** Its elements are split where `share` is not given, as are the lists of users. */
  list<T>(name: string, type: Type<T>, share?: ListShare): OperatorListState<T>;
  value<T>(name: string, type: Type<T>, initial: T, merge: ValueMerge): OperatorValue<T>;
}

/** What becomes of a piece of operator state when the parallelism changes. */
export type Redistribution = ListShare | ValueMerge;

export function isList(how: Redistribution): how is ListShare {
  return how === "split" || how === "union";
}

/** Names how a list or a value is stored. */
export function formatOf(how: Redistribution, type: { readonly name: string }): string {
  return `${isList(how) ? "list" : "value"} ${how} ${type.name}`;
}
