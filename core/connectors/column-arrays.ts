import { type Column, f64Column, i32Column, i64Column, objectColumn, stringColumn } from "../data/column.ts";
import { ColumnAccumulator } from "../data/column-accumulator.ts";
import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../data/column-batch.ts";
import { copied } from "../data/copied.ts";
import { SHAPE_FIELDS_MAX } from "../data/dynamic-format.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { NO_TIMESTAMP } from "../time/timestamp.ts";
import { DictionaryArray } from "./dictionary-array.ts";

type SmallIntegers = Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array;
type NumberArray = Float64Array | Int32Array | SmallIntegers | Uint32Array | Float32Array;

/**
 * One field of many records. `Float64Array`, `Int32Array` and `BigInt64Array` are used as they are, other arrays of numbers are
 * widened. Arrays of strings, numbers, booleans or bigints, null where there is none, become columns too; dates and objects do
 * as well, but slow ones.
 */
export type ColumnArray = NumberArray | BigInt64Array | DictionaryArray | readonly unknown[];

/** Batches that grow little by little need no new memory, and so no new ids, for each step. */
const ROWS_MIN = 4_096;

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

function refused(reason: string): JobError {
  return new JobError("INVALID_ARGUMENT", reason);
}

/**
 * Turns spans of one array into columns. Equal strings get equal ids in all spans.
 *
 * Invariant: a column shares memory with the array where it can; neither may change.
 */
export class ArrayEncoder {
  readonly #rowsMax: number;
  #values: ColumnAccumulator;
  /** Whether values have been met that no other kind of column holds. */
  #isMixed = false;

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax;
    this.#values = new ColumnAccumulator(rowsMax, "undecided");
  }

  /** Whether columns of this array cost more than a view of it, so that they are worth keeping. */
  encodes(array: ColumnArray): boolean {
    return !ArrayBuffer.isView(array) && !(array instanceof DictionaryArray) && !this.#isMixed;
  }

  /** At most `rowsMax` rows. */
  encode(array: ColumnArray, start: number, end: number): Column {
    if (array instanceof Float64Array) return f64Column(array.subarray(start, end), undefined, null);
    if (array instanceof Int32Array) return i32Column(array.subarray(start, end), undefined, null);
    if (array instanceof DictionaryArray) return stringColumn(array.ids.subarray(start, end), array.dictionary, undefined, null);
    if (array instanceof BigInt64Array) return i64Column(array.subarray(start, end), undefined, null);
    if (array instanceof Uint32Array || array instanceof Float32Array) return f64Column(new Float64Array(array.subarray(start, end)), undefined, null);
    if (ArrayBuffer.isView(array)) return i32Column(new Int32Array((array as SmallIntegers).subarray(start, end)), undefined, null);
    return this.#encodeValues(array as readonly unknown[], start, end);
  }

  #encodeValues(array: readonly unknown[], start: number, end: number): Column {
    for (let row = start; row < end && !this.#isMixed; row += 1) this.#isMixed = !this.#values.set(row - start, array[row]) || this.#values.kind === "object";
    if (!this.#isMixed) return this.#values.finish(end - start);
    // What was begun goes; the job may change the objects of its records, which must not show in the array.
    this.#values = new ColumnAccumulator(this.#rowsMax, "object");
    return objectColumn(array.slice(start, end).map(copied));
  }
}

/**
 * Makes column batches of arrays, for sources that emit them. One encoder makes batches of one layout, in which equal strings have
 * equal ids.
 *
 * ```ts
 * const encoder = new BatchEncoder();
 * output.collectColumns(encoder.encode({ time: times, key: keys }));
 * ```
 */
export class BatchEncoder {
  #layout = new BatchLayout([]);
  #encoders: readonly ArrayEncoder[] = [];
  #rowsMax = 0;
  /** Nothing is known of event time: shared by all batches, which never change it. */
  #noTimestamps = new Float64Array(0);

  /**
   * @param timestamps what the source knows of event time, in ms; −∞ for a record of which it knows none. Neither these nor the
   *   arrays may change afterwards.
   * @throws JobError INVALID_ARGUMENT unless the columns have equally many rows, and timestamps as well
   */
  encode(columns: ColumnArrays<object>, timestamps?: Float64Array): ColumnBatch {
    const rowCount = checkColumns(columns);
    if (timestamps !== undefined && timestamps.length !== rowCount) {
      throw refused(`there must be a timestamp for each row, but there are ${rowCount} rows and ${timestamps.length} timestamps`);
    }
    const names = Object.keys(columns);
    if (!this.#layout.hasNames(names) || this.#rowsMax < rowCount) {
      if (!this.#layout.hasNames(names)) this.#layout = new BatchLayout(names);
      this.#rowsMax = Math.max(rowCount, ROWS_MIN, 2 * this.#rowsMax);
      this.#encoders = names.map(() => new ArrayEncoder(this.#rowsMax));
    }
    return new ColumnBatch({
      layout: this.#layout,
      rowCount,
      columns: Object.values(columns).map((array: ColumnArray, index) => this.#encoders[index]!.encode(array, 0, rowCount)),
      timestamps: timestamps ?? this.#none(rowCount),
      watermarks: NO_WATERMARKS,
      selection: undefined,
    });
  }

  #none(rowCount: number): Float64Array {
    if (this.#noTimestamps.length < rowCount) this.#noTimestamps = new Float64Array(this.#rowsMax).fill(NO_TIMESTAMP);
    return this.#noTimestamps.subarray(0, rowCount);
  }
}
