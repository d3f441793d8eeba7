import { isInt64 } from "../lib/int64.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { type ExpressionCompiler, expressionCompiler } from "./expression-compiler.ts";
import { type Arithmetic, type Comparison, type Connective, type ExpressionNode, type Scalar, columnNamesOf, showExpression } from "./expression-node.ts";

/** The kind of values that go together with V: "AA" with any string, null with nothing more. */
export type KindOf<V> = V extends number ? number : V extends bigint ? bigint : V extends string ? string : V extends boolean ? boolean : never;

/** What stands on the other side of an operator: a literal of the same kind, or an expression over the same records. */
export type Operand<T, K> = K | Expression<Over<T>, K | null | undefined, string | undefined>;

/** A literal has records of no type of its own: it takes those of what it is put together with. */
type Over<T> = unknown extends T ? never : T;
type RecordsOf<T, O> = unknown extends T ? (O extends Expression<infer S, unknown, string | undefined> ? S : unknown) : T;

/** null where V may be null or undefined. */
type NullOf<V> = V extends null | undefined ? null : never;
type NullOfOperand<O> = O extends Expression<never, infer V, string | undefined> ? NullOf<V> : NullOf<O>;

/** Without null and undefined, but with what stands for them; null where that is null too. */
type Filled<V, O> = Exclude<V, null | undefined> | (O extends Expression<never, infer W, string | undefined> ? Exclude<W, undefined> | NullOf<W> : O);

type Maybe<V> = V | null | undefined;
type Numeric<T, N extends string | undefined> = Expression<T, Maybe<number>, N> | Expression<T, Maybe<bigint>, N>;
type Logical<T, N extends string | undefined> = Expression<T, Maybe<boolean>, N>;

/** Arithmetic with O gives the kind of V, logic and comparisons give booleans; a null on either side gives null. */
type Computed<T, V, O> = Expression<RecordsOf<T, O>, KindOf<V> | NullOf<V> | NullOfOperand<O>>;
type Judged<T, V, O> = Expression<RecordsOf<T, O>, boolean | NullOf<V> | NullOfOperand<O>>;

/** Both sides are true, and with that whatever either one says of fields. */
type Both<T, V, O, F extends string> = Expression<RecordsOf<T, O>, boolean | NullOf<V> | NullOfOperand<O>, undefined, F | KnownBy<O>>;
/** The fields that have a value wherever a condition is true. Of one condition or another, only what either one says: so this does not distribute. */
export type KnownBy<O> = [O] extends [Expression<never, unknown, string | undefined, infer F>] ? F : never;
/** A name; never where it is one of several, for then nobody knows which of the columns was read. */
type SingleName<K extends string> = (K extends unknown ? (name: K) => void : never) extends (name: infer S) => void ? S & string : never;

/** Booleans are equal or not, but have no order; then what the compiler says of it. */
type Ordered<V> = [Exclude<KindOf<V>, boolean>] extends [never] ? "only numbers, bigints and strings have an order" : Exclude<KindOf<V>, boolean>;

/**
 * An expression over records of type T with values of type V. Made with `columnsOf` and `literal`; it is data, so that the same
 * expression runs on rows and on columns, and `explain` can print it.
 *
 * Null is SQL's: null, undefined and a missing field are all null; arithmetic and comparisons with null give null; `false AND
 * null` is false, `true OR null` true, any other logic with null null; a filter takes the records for which its condition is
 * true, not those for which it is null. NaN is a number: it equals nothing, itself included. −0 equals 0. Strings order by UTF-16
 * code units.
 *
 * A number is computed with as a double, a bigint as an integer of 64 bits, and the two are never mixed. The quotient of bigints
 * is cut towards zero.
 *
 * The right side of `and` is computed only where the left side is not false, that of `or` only where it is not true, so that one
 * can guard the other.
 *
 * @throws JobError ARITHMETIC_OVERFLOW, when it runs, where bigints leave 64 bits or are divided by zero; INVALID_ARGUMENT where
 * a record has values of other kinds than its type says.
 */
export class Expression<T, V, N extends string | undefined = undefined, F extends string = never> {
  readonly node: ExpressionNode;
  /** What the value is called in a projection: the name of a column, or what `as` gave. */
  readonly name: N;
  /** Never there: it makes the types of records and values part of the type of the expression. */
  declare readonly of?: (record: T) => V;
  /** Never there: the fields that have a value wherever this condition is true. A column says it of itself, as long as it has its own name. */
  declare readonly known?: (field: F) => void;

  constructor(node: ExpressionNode, name: N) {
    this.node = node;
    this.name = name;
  }

  plus<O extends Operand<T, KindOf<V>>>(this: Numeric<T, N>, other: O): Computed<T, V, O> {
    return binary("plus", this, other);
  }

  minus<O extends Operand<T, KindOf<V>>>(this: Numeric<T, N>, other: O): Computed<T, V, O> {
    return binary("minus", this, other);
  }

  times<O extends Operand<T, KindOf<V>>>(this: Numeric<T, N>, other: O): Computed<T, V, O> {
    return binary("times", this, other);
  }

  /** Of numbers as `/` (so by zero it is infinite or NaN), of bigints cut towards zero. */
  dividedBy<O extends Operand<T, KindOf<V>>>(this: Numeric<T, N>, other: O): Computed<T, V, O> {
    return binary("dividedBy", this, other);
  }

  eq<O extends Operand<T, KindOf<V>>>(other: O): Judged<T, V, O> {
    return binary("eq", this, other);
  }

  ne<O extends Operand<T, KindOf<V>>>(other: O): Judged<T, V, O> {
    return binary("ne", this, other);
  }

  lt<O extends Operand<T, Ordered<V>>>(other: O): Judged<T, V, O> {
    return binary("lt", this, other);
  }

  le<O extends Operand<T, Ordered<V>>>(other: O): Judged<T, V, O> {
    return binary("le", this, other);
  }

  gt<O extends Operand<T, Ordered<V>>>(other: O): Judged<T, V, O> {
    return binary("gt", this, other);
  }

  ge<O extends Operand<T, Ordered<V>>>(other: O): Judged<T, V, O> {
    return binary("ge", this, other);
  }

  and<O extends Operand<T, boolean>>(this: Logical<T, N>, other: O): Both<T, V, O, F> {
    return binary("and", this, other);
  }

  or<O extends Operand<T, boolean>>(this: Logical<T, N>, other: O): Judged<T, V, O> {
    return binary("or", this, other);
  }

  not(this: Logical<T, N>): Expression<T, boolean | NullOf<V>> {
    return new Expression({ op: "not", operand: this.node }, undefined);
  }

  /** True or false, never null. */
  isNull(): Expression<T, boolean> {
    return new Expression({ op: "isNull", operand: this.node }, undefined);
  }

  /** True or false, never null. Behind a filter by `isNotNull` of a column, alone or with others by `and`, the type of the field has no null. */
  isNotNull(): Expression<T, boolean, undefined, N extends string ? F : never> {
    return new Expression({ op: "not", operand: { op: "isNull", operand: this.node } }, undefined);
  }

  /**
   * The value, or the replacement where it is null; that is computed only there. As in Flink's Table API.
   *
   * ```ts
   * windows.aggregate({ delay: avg(col("delay").ifNull(0)) });
   * ```
   */
  ifNull<O extends Operand<T, KindOf<V>>>(replacement: O): Expression<RecordsOf<T, O>, Filled<V, O>> {
    return binary("ifNull", this, replacement);
  }

  /** The same value under a name, for a projection. */
  as<const M extends string>(name: M): Expression<T, V, M> {
    return new Expression<T, V, M>(this.node, name);
  }

  /** The columns that it reads. */
  get columnNames(): ReadonlySet<string> {
    return columnNamesOf(this.node);
  }

  toString(): string {
    return showExpression(this.node);
  }

  /** What makes it run. It travels with expressions, so that only programs that use them contain it. */
  get compiler(): ExpressionCompiler {
    return expressionCompiler;
  }
}

/** A stream of records of type T, as far as its type matters here. */
export interface StreamOf<out T> {
  executeAndCollect(): AsyncIterable<T>;
}

/**
 * The columns of records of type T, by name: of a type that is named, or of the records of a stream.
 *
 * ```ts
 * const col = columnsOf<Flight>();
 * const late = flights.filter(col("delay").gt(30)).select(col("carrier"), col("delay").dividedBy(60).as("hours"));
 * const veryLate = late.filter(columnsOf(late)("hours").gt(3));
 * ```
 */
export function columnsOf<T>(_stream?: StreamOf<T>): <const K extends keyof T & string>(name: K) => Expression<T, T[K], K, SingleName<K>> {
  return (name) => new Expression({ op: "column", name }, name);
}

/** A value that is the same for all records. A bigint must fit 64 bits. */
export function literal<V extends Scalar>(value: V): Expression<unknown, KindOf<V> | NullOf<V>> {
  return new Expression({ op: "literal", value: checkedLiteral(value) }, undefined);
}

function binary<T, V, F extends string = never>(op: Arithmetic | Comparison | Connective | "ifNull", left: { readonly node: ExpressionNode }, right: unknown): Expression<T, V, undefined, F> {
  const node = right instanceof Expression ? right.node : ({ op: "literal", value: checkedLiteral(right) } as const);
  return new Expression<T, V, undefined, F>({ op, left: left.node, right: node } as ExpressionNode, undefined);
}

function checkedLiteral(value: unknown): Scalar {
  switch (typeof value) {
    case "bigint":
      if (isInt64(value)) return value;
      throw new JobError("INVALID_ARGUMENT", `${show(value)} is no literal of an expression: it does not fit 64 bits`);
    case "number":
    case "string":
    case "boolean":
      return value;
    default:
      if (value === null) return value;
      throw new JobError("INVALID_ARGUMENT", `${show(value)} is no literal of an expression; numbers, bigints, strings, booleans and null are`);
  }
}
