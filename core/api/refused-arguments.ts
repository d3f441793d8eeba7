import type { Expression } from "../data/expression.ts";
import type { Aggregable, AggregateSpec, FieldAggregate } from "../windows/aggregates.ts";
import type { Filtering } from "./functions.ts";
import type { Key, KeyField } from "./key-selector.ts";

/**
 * What the compiler says of an argument that a method does not take. Of a refused call it shows the last overload: there, the type of
 * the argument is put together with one of these, which is the reason in words. No argument ever fits it that did not fit one before.
 */

/** A reason against a string: one that is put together with another string would be no type at all. */
export interface Refused<Reason extends string> {
  readonly reason: Reason;
}

/** The records have none of this name. Those that would do, and what they hold: */
export interface NoSuchField<Fields> {
  readonly fields: Fields;
}

type ValueOf<E> = E extends Expression<never, infer V, string | undefined> ? V : never;
type AnyExpression = Expression<never, unknown, string | undefined>;

/** What `filter` says of an expression; a function is compared with those it takes. */
export type NotFiltering<T, G> = G extends AnyExpression
  ? [ValueOf<G>] extends [boolean | null | undefined]
    ? Expression<T, boolean | null | undefined, string | undefined>
    : 'a filter needs a boolean: compare the value, as in col("delay").gt(30)'
  : G extends (record: never) => unknown
    ? "a filter needs a function that returns true or false"
    : Filtering<T>;

/** What `keyBy` says of a key. */
export type NotKey<T, G> = G extends string
  ? G extends keyof T
    ? Refused<NoKey<T[G]>>
    : NoSuchField<{ readonly [P in KeyField<T>]: T[P] }>
  : G extends AnyExpression
    ? [ValueOf<G>] extends [Key]
      ? Expression<T, Key, string | undefined>
      : NoKey<ValueOf<G>>
    : G extends (record: T) => infer K
      ? NoKey<K>
      : Refused<"keyBy takes the name of a field, an expression, or a function of the record">;

type NoKey<V> = [V] extends [Key | null | undefined]
  ? "it may be null, and a key is never: filter by isNotNull() before, or say what stands for null with ifNull(…)"
  : "keys are strings, numbers, booleans and bigints, and arrays and plain objects of them";

/** What `aggregate` says of each aggregate that the records do not fit. */
export type NotAggregating<T, S extends AggregateSpec<never>> = {
  readonly [N in keyof S]: S[N] extends FieldAggregate<T, unknown> ? unknown : NotAggregate<T, S[N]>;
};

type NotAggregate<T, A> = A extends FieldAggregate<infer R, unknown>
  ? [keyof R] extends [keyof T]
    ? { readonly [P in keyof R]: T[P & keyof T] extends R[P] ? never : Aggregable<T[P & keyof T], R[P]> }[keyof R]
    : "the records have no such field"
  : never;
