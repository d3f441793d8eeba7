import { isExpression } from "../data/expression-compiler.ts";
import type { Expression } from "../data/expression.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";

/** The aggregates that are built in; see the function of each name. */
export type AggregateKind =
  "count" | "sum" | "min" | "max" | "avg" | "varPop" | "varSamp" | "stddevPop" | "stddevSamp" | "first" | "last";

/** Computes the value to aggregate from a record. */
export type FieldSelector<T, V> = (record: T) => V;

/** Computes the value to aggregate, from records and from columns. A null is no value: filter such records before, or say with `ifNull` what stands for it. */
export type FieldExpression<T, V> = Expression<T, V, string | undefined>;

/** Nothing more where an aggregate takes values of type V; else what the compiler says of them. */
export type Aggregable<V, Allowed> = [V] extends [Allowed]
  ? unknown
  : [V] extends [Allowed | null | undefined]
    ? "it may be null: filter by isNotNull() before, or say what stands for null with ifNull(…)"
    : string extends Allowed
      ? "only numbers, bigints and strings have a smallest and a largest"
      : "only numbers and bigints can be added up";

/** Marks a result that has the type of the record's field. */
export interface SameAsField<F extends string> {
  readonly sameAsField: F;
}

/** Marks a result that is a number where the record's field is one, a bigint where that is one. */
export interface SumOfField<F extends string> {
  readonly sumOfField: F;
}

/**
 * One built-in aggregate over records of type `T`, as `count()`, `sum("price")` and the others make it: a declaration, plain data
 * but for a selector.
 */
export interface FieldAggregate<in T, out R> {
  readonly kind: AggregateKind;
  /** The field it reads; undefined for `count` and where a selector or an expression computes the value. */
  readonly field: string | undefined;
  readonly select: ((record: never) => unknown) | undefined;
  /** Set where an expression computes the value; `select` is the same for a record. */
  readonly expression?: Expression<never, unknown, string | undefined> | undefined;
  /** Only for the compiler: what it takes and gives. */
  readonly takes?: (record: T) => void;
  readonly gives?: R;
}

/** What `aggregate({ … })` takes: a name for each result. */
export interface AggregateSpec<in T> {
  readonly [output: string]: FieldAggregate<T, unknown>;
}

/** The record that `aggregate({ … })` emits. */
export type AggregateResult<T, S> = { [N in keyof S]: S[N] extends FieldAggregate<never, infer R> ? Resolved<T, R> : never };

type Resolved<T, R> = R extends SameAsField<infer F> ? FieldOf<T, F> : R extends SumOfField<infer F> ? Widened<FieldOf<T, F>> : R;
type FieldOf<T, F> = F extends keyof T ? T[F] : never;
type Widened<V> = V extends number ? number : V extends bigint ? bigint : never;
type Numeric = number | bigint;
type Ordered = number | bigint | string;

// Of a refused call the compiler shows the last overload, and goes on with the first: so expressions stand last, and what infers least first.

/**
 * Number of records.
 *
 * @example
 * ```ts
 * stream.keyBy((f) => f.origin).window(TumblingEventTimeWindows.of(hours(1))).aggregate({ flights: count(), worst: max("delay")
 * });
 * ```
 */
export function count(): FieldAggregate<unknown, number> {
  return { kind: "count", field: undefined, select: undefined };
}

/**
 * Sum of a field, or of what an expression or a function computes. Numbers add up as f64, from left to right as they come, beginning at +0. Bigints add up as 64-bit integers.
 *
 * @throws JobError ARITHMETIC_OVERFLOW at run time where a sum of bigints leaves the range of 64 bits.
 */
export function sum<T, V extends Numeric>(select: FieldSelector<T, V>): FieldAggregate<T, Widened<V>>;
export function sum<F extends string>(field: F): FieldAggregate<{ readonly [P in F]: Numeric }, SumOfField<F>>;
export function sum<T, V>(expression: FieldExpression<T, V> & Aggregable<V, Numeric>): FieldAggregate<T, Widened<V>>;
export function sum(source: unknown): never {
  return declared("sum", source);
}

/**
 * Smallest value of a field of numbers, bigints or strings. −0 is less than 0, and NaN wins against every number, as in
 * `Math.min`; strings compare by UTF-16 code unit.
 */
export function min<T, V extends Ordered>(select: FieldSelector<T, V>): FieldAggregate<T, V>;
export function min<F extends string>(field: F): FieldAggregate<{ readonly [P in F]: Ordered }, SameAsField<F>>;
export function min<T, V>(expression: FieldExpression<T, V> & Aggregable<V, Ordered>): FieldAggregate<T, V>;
export function min(source: unknown): never {
  return declared("min", source);
}

/**
 * Largest value of a field of numbers, bigints or strings. −0 is less than 0, and NaN wins against every number, as in
 * `Math.max`.
 */
export function max<T, V extends Ordered>(select: FieldSelector<T, V>): FieldAggregate<T, V>;
export function max<F extends string>(field: F): FieldAggregate<{ readonly [P in F]: Ordered }, SameAsField<F>>;
export function max<T, V>(expression: FieldExpression<T, V> & Aggregable<V, Ordered>): FieldAggregate<T, V>;
export function max(source: unknown): never {
  return declared("max", source);
}

/** Mean of a field, a number: its sum (see `sum`) divided by the number of records. */
export function avg<T>(select: FieldSelector<T, Numeric>): FieldAggregate<T, number>;
export function avg<F extends string>(field: F): FieldAggregate<{ readonly [P in F]: Numeric }, number>;
export function avg<T, V>(expression: FieldExpression<T, V> & Aggregable<V, Numeric>): FieldAggregate<T, number>;
export function avg(source: unknown): never {
  return declared("avg", source);
}

/** Variance of a field as a whole population: mean squared distance from the mean. Bigints count as the nearest f64. */
export function varPop<T>(select: FieldSelector<T, Numeric>): FieldAggregate<T, number>;
export function varPop<F extends string>(field: F): FieldAggregate<{ readonly [P in F]: Numeric }, number>;
export function varPop<T, V>(expression: FieldExpression<T, V> & Aggregable<V, Numeric>): FieldAggregate<T, number>;
export function varPop(source: unknown): never {
  return declared("varPop", source);
}

/** Variance of a field as a sample of a population (divides by n − 1). NaN for a single record. */
export function varSamp<T>(select: FieldSelector<T, Numeric>): FieldAggregate<T, number>;
export function varSamp<F extends string>(field: F): FieldAggregate<{ readonly [P in F]: Numeric }, number>;
export function varSamp<T, V>(expression: FieldExpression<T, V> & Aggregable<V, Numeric>): FieldAggregate<T, number>;
export function varSamp(source: unknown): never {
  return declared("varSamp", source);
}

/** Square root of `varPop`. */
export function stddevPop<T>(select: FieldSelector<T, Numeric>): FieldAggregate<T, number>;
export function stddevPop<F extends string>(field: F): FieldAggregate<{ readonly [P in F]: Numeric }, number>;
export function stddevPop<T, V>(expression: FieldExpression<T, V> & Aggregable<V, Numeric>): FieldAggregate<T, number>;
export function stddevPop(source: unknown): never {
  return declared("stddevPop", source);
}

/** Square root of `varSamp`. NaN for a single record. */
export function stddevSamp<T>(select: FieldSelector<T, Numeric>): FieldAggregate<T, number>;
export function stddevSamp<F extends string>(field: F): FieldAggregate<{ readonly [P in F]: Numeric }, number>;
export function stddevSamp<T, V>(expression: FieldExpression<T, V> & Aggregable<V, Numeric>): FieldAggregate<T, number>;
export function stddevSamp(source: unknown): never {
  return declared("stddevSamp", source);
}

/**
 * The field of the record with the earliest timestamp; of several, the one that came first. Without timestamps: of the record
 * that came first.
 */
export function first<F extends string>(field: F): FieldAggregate<{ readonly [P in F]?: unknown }, SameAsField<F>>;
export function first<T, V>(select: FieldSelector<T, V>): FieldAggregate<T, V>;
export function first<T, V>(expression: FieldExpression<T, V>): FieldAggregate<T, V>;
export function first(source: unknown): never {
  return declared("first", source);
}

/**
 * The field of the record with the latest timestamp; of several, the one that came last. Without timestamps: of the record that
 * came last.
 */
export function last<F extends string>(field: F): FieldAggregate<{ readonly [P in F]?: unknown }, SameAsField<F>>;
export function last<T, V>(select: FieldSelector<T, V>): FieldAggregate<T, V>;
export function last<T, V>(expression: FieldExpression<T, V>): FieldAggregate<T, V>;
export function last(source: unknown): never {
  return declared("last", source);
}

/** The overloads above give it its type, which no body can: `gives` has no value. */
function declared(kind: AggregateKind, source: unknown): never {
  let aggregate: FieldAggregate<never, unknown>;
  if (typeof source === "string") aggregate = { kind, field: source, select: undefined };
  else if (typeof source === "function") aggregate = { kind, field: undefined, select: source as (record: never) => unknown };
  else if (!isExpression(source)) {
    throw new JobError("INVALID_ARGUMENT", `${kind} takes the name of a field, an expression or a function of the record, but got ${show(source)}`);
  } else if (source.node.op === "column") aggregate = { kind, field: source.node.name, select: undefined };
  else aggregate = { kind, field: undefined, select: source.compiler.value(source).row, expression: source };
  return aggregate as never;
}
