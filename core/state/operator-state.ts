import type { Type } from "../data/type.ts";

/** A list that belongs to an operator subtask, not to a key; redistributed element by element when the parallelism changes. */
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

/** How the values of several subtasks become one when the parallelism changes. */
export type ValueMerge = "min" | "max" | "sum" | "first";

export interface OperatorState {
  list<T>(name: string, type: Type<T>): OperatorListState<T>;
  value<T>(name: string, type: Type<T>, initial: T, merge: ValueMerge): OperatorValue<T>;
}

/** Names how a list (without `merge`) or a value is stored. */
export function formatOf(merge: ValueMerge | undefined, type: { readonly name: string }): string {
  return merge === undefined ? `list ${type.name}` : `value ${merge} ${type.name}`;
}
