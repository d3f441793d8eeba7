import type { Dictionary } from "./dictionary.ts";
import { isValid, type Validity } from "./validity.ts";

/** What stands where a row has no value. Both count as null in expressions; a record comes back with the one it had. */
export type Absent = null | undefined;

interface ColumnOf<K extends string, V> {
  readonly kind: K;
  /** One a row. Where a row has no value, anything may stand here. */
  readonly values: V;
  /** Which rows have a value; undefined: all of them. */
  readonly validity: Validity | undefined;
  readonly absent: Absent;
}

/** Numbers. */
export type F64Column = ColumnOf<"f64", Float64Array>;
/** Numbers that happen to be integers of 32 bits (never −0): a way to store them. Arithmetic on them is that of f64. */
export type I32Column = ColumnOf<"i32", Int32Array>;
/** Bigints of 64 bits. */
export type I64Column = ColumnOf<"i64", BigInt64Array>;
/** Booleans, a byte each: 0 or 1. */
export type BoolColumn = ColumnOf<"bool", Uint8Array>;
/** Strings by their ids. */
export interface StringColumn extends ColumnOf<"string", Int32Array> {
  readonly dictionary: Dictionary;
}
/** Whatever has no column of its own: dates, arrays, nested objects, values of several kinds. Every row has a value, null maybe. */
export type ObjectColumn = ColumnOf<"object", readonly unknown[]>;

/** The values of one field of a batch, or of its records where these are scalars, by row number. `kind` says what `values` holds. */
export type Column = F64Column | I32Column | I64Column | BoolColumn | StringColumn | ObjectColumn;
export type ColumnKind = Column["kind"];

/** Columns are made here and nowhere else: all of them have one hidden class, which keeps `valueAt` fast. */
function column(kind: ColumnKind, values: Column["values"], validity: Validity | undefined, absent: Absent, dictionary: Dictionary | undefined): unknown {
  return { kind, values, validity, absent, dictionary };
}

export function f64Column(values: Float64Array, validity: Validity | undefined, absent: Absent): F64Column {
  return column("f64", values, validity, absent, undefined) as F64Column;
}

export function i32Column(values: Int32Array, validity: Validity | undefined, absent: Absent): I32Column {
  return column("i32", values, validity, absent, undefined) as I32Column;
}

export function i64Column(values: BigInt64Array, validity: Validity | undefined, absent: Absent): I64Column {
  return column("i64", values, validity, absent, undefined) as I64Column;
}

export function boolColumn(values: Uint8Array, validity: Validity | undefined, absent: Absent): BoolColumn {
  return column("bool", values, validity, absent, undefined) as BoolColumn;
}

export function stringColumn(values: Int32Array, dictionary: Dictionary, validity: Validity | undefined, absent: Absent): StringColumn {
  return column("string", values, validity, absent, dictionary) as StringColumn;
}

export function objectColumn(values: readonly unknown[]): ObjectColumn {
  return column("object", values, undefined, null, undefined) as ObjectColumn;
}

/** The same values, of which none is missing where anybody looks. */
export function withoutValidity(given: Column): Column {
  const dictionary = given.kind === "string" ? given.dictionary : undefined;
  return column(given.kind, given.values, undefined, given.absent, dictionary) as Column;
}

/** The value of one row as a record holds it. */
export function valueAt(column: Column, row: number): unknown {
  const { validity } = column;
  if (validity !== undefined && !isValid(validity, row)) return column.absent;
  // A load for each kind: one for all would meet six kinds of arrays and be slow for each.
  switch (column.kind) {
    case "f64":
      return column.values[row];
    case "i32":
      return column.values[row];
    case "i64":
      return column.values[row];
    case "bool":
      return column.values[row] === 1;
    case "string":
      return column.dictionary.strings[column.values[row]!];
    case "object":
      return column.values[row];
  }
}
