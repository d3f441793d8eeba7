import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import type { ReduceFunction } from "../state/aggregation.ts";
import { knownColumns, requireColumns } from "./known-columns.ts";
import type { Upstream } from "./stream-graph-builder.ts";

/** What can be added up. */
export type Summable = number | bigint;
/** What can be compared; strings by UTF-16 code unit. */
export type Comparable = number | bigint | string;

/**
 * Names the fields of `T` whose values are `V`s: names of an object's fields, positions of a tuple, and 0 for a record that is a
 * `V` itself, as in Flink.
 */
export type FieldOf<T, V> = [T] extends [V]
  ? 0
  : [T] extends [readonly unknown[]]
    ? TuplePosition<T, V>
    : { [P in keyof T & string]-?: T[P] extends V ? P : never }[keyof T & string];

type TuplePosition<T, V> = {
  [P in Exclude<keyof T, keyof readonly unknown[]>]: P extends `${infer N extends number}` ? (T[P] extends V ? N : never) : never;
}[Exclude<keyof T, keyof readonly unknown[]>];

/** Reads what an aggregation compares. */
export type Selecting<T, V> = (record: T) => V;

type Field = string | number;

const LONG_BITS = 64;

/** The first record, with the field the sum over all: as in Flink, the other fields stay those of the first. */
export function sumOf<T>(field: Field, upstream?: Upstream): ReduceFunction<T> {
  requireField("sum", field, upstream);
  return {
    reduce: (left, right) => withField(left, field, added(field, readField("sum", left, field), readField("sum", right, field))),
  };
}

/** The first record, with the field the smallest or largest over all: the other fields stay those of the first. */
export function extremeOf<T>(kind: "min" | "max", field: Field, upstream?: Upstream): ReduceFunction<T> {
  requireField(kind, field, upstream);
  return {
    reduce(left, right) {
      const candidate = readField(kind, right, field);
      return isMoreExtreme(kind, candidate, readField(kind, left, field)) ? withField(left, field, candidate) : left;
    },
  };
}

/** The whole record whose field is the smallest or largest; of equal ones the first, or the last where `first` is false. */
export function extremeRecordOf<T>(kind: "min" | "max", by: Field | Selecting<T, Comparable>, first: boolean, upstream?: Upstream): ReduceFunction<T> {
  const name = `${kind}By`;
  if (typeof by !== "function") requireField(name, by, upstream);
  const read = (record: T): Comparable => (typeof by === "function" ? selected(name, record, by) : readField(name, record, by));
  return {
    reduce(left, right) {
      const [a, b] = [read(left), read(right)];
      if (isMoreExtreme(kind, b, a)) return right;
      return first || isMoreExtreme(kind, a, b) ? left : right;
    },
  };
}

/** Where it is known what the records of `upstream` have, the field is one of that. */
function requireField(name: string, field: unknown, upstream: Upstream | undefined): void {
  if (typeof field === "string" && upstream !== undefined) requireColumns(name, [field], knownColumns(upstream));
  if (typeof field === "string" || typeof field === "number") return;
  throw new JobError("INVALID_ARGUMENT", `${name} takes the name of a field, such as ${name}("delay"), but got ${show(field)}`);
}

function readField(name: string, record: unknown, field: Field): Comparable {
  const hasFields = typeof record === "object" && record !== null;
  const whole = field === 0 ? record : undefined;
  const value = hasFields ? (record as Readonly<Record<Field, unknown>>)[field] : whole;
  if (isComparable(value)) return value;
  throw notComparable(`${name}(${show(field)})`, value);
}

function selected<T>(name: string, record: T, select: Selecting<T, Comparable>): Comparable {
  const value = select(record);
  if (isComparable(value)) return value;
  throw notComparable(name, value);
}

function isComparable(value: unknown): value is Comparable {
  return typeof value === "number" || typeof value === "bigint" || typeof value === "string";
}

function notComparable(name: string, value: unknown): JobError {
  return new JobError("INVALID_ARGUMENT", `${name} needs a number, bigint or string in every record, but found ${show(value)}`);
}

/** Records may be shared with other operators of a chain, so the changed one is a copy. */
function withField<T>(record: T, field: Field, value: Comparable): T {
  if (Array.isArray(record)) return record.with(Number(field), value) as T;
  if (typeof record === "object" && record !== null) return { ...record, [field]: value };
  return value as T;
}

/** Numbers add up as f64; bigints as 64-bit integers. */
function added(field: Field, a: Comparable, b: Comparable): Comparable {
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (typeof a === "bigint" && typeof b === "bigint") {
    const total = a + b;
    if (BigInt.asIntN(LONG_BITS, total) === total) return total;
    throw new JobError("ARITHMETIC_OVERFLOW", `sum(${show(field)}) leaves the range of 64-bit integers: ${show(a)} + ${show(b)}`);
  }
  throw new JobError("INVALID_ARGUMENT", `sum(${show(field)}) adds up numbers, or bigints, but found ${show(a)} and ${show(b)}`);
}

/** −0 is less than 0, and NaN wins against every number, as in the aggregates `min` and `max` of windows. */
function isMoreExtreme(kind: "min" | "max", candidate: Comparable, kept: Comparable): boolean {
  if (typeof candidate !== typeof kept) {
    throw new JobError("INVALID_ARGUMENT", `${kind} compares values of one type, but found ${show(kept)} and ${show(candidate)}`);
  }
  if (typeof candidate === "number" && typeof kept === "number") {
    const extreme = kind === "min" ? Math.min(candidate, kept) : Math.max(candidate, kept);
    return !Object.is(extreme, kept);
  }
  return kind === "min" ? candidate < kept : kept < candidate;
}
