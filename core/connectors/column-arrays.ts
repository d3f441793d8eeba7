import { SHAPE_FIELDS_MAX } from "../data/dynamic-format.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { DictionaryArray } from "./dictionary-array.ts";

export type SmallIntegers = Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array;
type NumberArray = Float64Array | Int32Array | SmallIntegers | Uint32Array | Float32Array;

/**
 * One field of many records. `Float64Array`, `Int32Array` and `BigInt64Array` are used as they are, other arrays of numbers are
 * widened. Arrays of strings, numbers, booleans or bigints, null where there is none, become columns too; dates and objects do
 * as well, but slow ones.
 */
export type ColumnArray = NumberArray | BigInt64Array | DictionaryArray | readonly unknown[];

/** Columns by the name of their field. All have equally many rows. */
export type ColumnArrays<C = Readonly<Record<string, ColumnArray>>> = { readonly [P in keyof C]: ColumnArray };

/** The records that columns are the fields of. */
export type RecordOfColumns<C> = { -readonly [P in keyof C]: ValueOfColumn<C[P]> };
type ValueOfColumn<A> = A extends NumberArray ? number : A extends BigInt64Array ? bigint : A extends DictionaryArray ? string : A extends readonly (infer V)[] ? V : never;

/** @throws JobError INVALID_ARGUMENT unless these are columns of one length. Returns the length. */
export function checkColumns(columns: unknown): number {
  if (typeof columns !== "object" || columns === null || Array.isArray(columns) || ArrayBuffer.isView(columns)) {
    throw refused(`columns are given as an object with an array for each field, such as { time: new Float64Array(100) }, but got ${show(columns)}`);
  }
  const entries = Object.entries(columns);
  const first = entries[0];
  if (first === undefined) throw refused("there must be a column at least");
  if (SHAPE_FIELDS_MAX < entries.length) throw refused(`there can be ${SHAPE_FIELDS_MAX} columns at most, but these are ${entries.length}`);
  for (const [name, column] of entries) {
    checkColumn(name, column);
    if (column.length === first[1].length) continue;
    throw refused(`all columns must have equally many rows, but ${show(first[0])} has ${first[1].length} and ${show(name)} ${column.length}`);
  }
  return first[1].length;
}

function checkColumn(name: string, column: unknown): void {
  if (column instanceof BigUint64Array) {
    throw refused(`the column ${show(name)} is a BigUint64Array, and its integers may not fit 64 bits with a sign; give a BigInt64Array`);
  }
  if (Array.isArray(column) || column instanceof DictionaryArray || (ArrayBuffer.isView(column) && !(column instanceof DataView))) return;
  throw refused(`the column ${show(name)} must be a typed array or an array, but is ${show(column)}`);
}

/** What is said of arrays that are no columns. */
export function refused(reason: string): JobError {
  return new JobError("INVALID_ARGUMENT", reason);
}
