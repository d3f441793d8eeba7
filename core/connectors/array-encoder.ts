import { type Column, f64Column, i32Column, i64Column, objectColumn, stringColumn } from "../data/column.ts";
import { ColumnAccumulator } from "../data/column-accumulator.ts";
import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../data/column-batch.ts";
import { copied } from "../data/copied.ts";
import { NO_TIMESTAMP } from "../time/timestamp.ts";
import { checkColumns, type ColumnArray, type ColumnArrays, refused, type SmallIntegers } from "./column-arrays.ts";
import { DictionaryArray } from "./dictionary-array.ts";

/** Batches that grow little by little need no new memory, and so no new ids, for each step. */
const ROWS_MIN = 4_096;

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
   *   arrays may change before `collectColumns` has said that nobody keeps them.
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
