import { assert } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { type AccumulatedKind, ColumnAccumulator } from "./column-accumulator.ts";
import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "./column-batch.ts";
import { SHAPE_FIELDS_MAX } from "./dynamic-format.ts";
import { plainFieldNames } from "./plain-value.ts";

/** After a layout has broken, this many records go by rows before another one is tried; twice as many after the next break … */
const ROWS_AFTER_BREAK_MIN = 1_024;
const ROWS_AFTER_BREAK_MAX = 1_048_576;
/** … unless the layout has held for this many times as long as its trial had been put off: then it starts over. */
const HELD_LONG = 16;

/**
 * Makes column batches of records. The first record sets the layout: a flat object gives a column for each field, a scalar a
 * single column; a column takes its kind from its first value that is not null. After that the layout is fixed.
 *
 * A record that does not fit, and those after it for a while, are not taken: `add` says false, and the caller sends first what
 * `finish` gives, then the record itself. So no record is lost, none moves ahead of another, and `fallback` says why.
 *
 * ```ts
 * if (!builder.add(record, timestamp)) {
 *   if (!builder.isEmpty) output.processColumns(builder.finish());
 *   output.processRecord(record, timestamp);
 * }
 * ```
 *
 * A batch holds on to nested objects of its records. As with fields of `types.dynamic`, only the first record of a layout is
 * searched for accessors, symbols and properties that are not enumerable.
 */
export class ColumnBuilder {
  readonly #rowsMax: number;
  #layout: BatchLayout | undefined;
  #columns: ColumnAccumulator[] = [];
  #timestamps: Float64Array;
  #watermarkRows: number[] = [];
  #watermarks: number[] = [];
  #rowCount = 0;
  #fallback: string | undefined;
  /** Set from a break until the batch before it has been finished. */
  #broken = false;
  /** Records that still go by rows. */
  #rowsLeft = 0;
  #rowsAfterBreak = ROWS_AFTER_BREAK_MIN;
  /** Records that the layout has taken. */
  #held = 0;
  /** Fields that have held values of several kinds. They are object columns in the next layout. */
  readonly #mixed = new Set<string>();

  constructor(rowsMax: number) {
    assert(Number.isSafeInteger(rowsMax) && 0 < rowsMax, "a batch has room for a row");
    this.#rowsMax = rowsMax;
    this.#timestamps = new Float64Array(rowsMax);
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Whether there are neither rows nor watermarks. A watermark that comes now need not wait for a batch. */
  get isEmpty(): boolean {
    return this.#rowCount === 0 && this.#watermarkRows.length === 0;
  }

  /** Whether the batch must be finished before another record is added. */
  get isFull(): boolean {
    return this.#rowCount === this.#rowsMax;
  }

  /** Why records are, or were last, sent by rows; undefined: they never were. */
  get fallback(): string | undefined {
    return this.#fallback;
  }

  /** Takes a record into the batch; false: it is left to the caller, as are the rows and watermarks so far. */
  add(record: unknown, timestamp: number): boolean {
    assert(!this.isFull && !(this.#broken && !this.isEmpty), "a batch that has ended is finished before the next record comes");
    if (0 < this.#rowsLeft) {
      this.#rowsLeft -= 1;
      return false;
    }
    this.#broken = false;
    const row = this.#rowCount;
    if (!this.#set(row, record)) return this.#break(record);
    this.#timestamps[row] = timestamp;
    this.#rowCount = row + 1;
    return true;
  }

  /** Notes a watermark that comes after the rows so far. */
  addWatermark(watermark: number): void {
    this.#watermarkRows.push(this.#rowCount);
    this.#watermarks.push(watermark);
  }

  /** The rows and watermarks since the last batch. The builder keeps no hold on it. */
  finish(): ColumnBatch {
    const rowCount = this.#rowCount;
    const layout = this.#layout ?? new BatchLayout([]);
    const columns = this.#columns.map((column) => column.finish(rowCount));
    const hasWatermarks = 0 < this.#watermarkRows.length;
    const watermarks = hasWatermarks ? { rows: this.#watermarkRows, watermarks: this.#watermarks } : NO_WATERMARKS;
    const copies = rowCount <= this.#rowsMax / 2;
    const timestamps = copies ? this.#timestamps.slice(0, rowCount) : this.#timestamps.subarray(0, rowCount);
    if (!copies) this.#timestamps = new Float64Array(this.#rowsMax);
    if (hasWatermarks) [this.#watermarkRows, this.#watermarks] = [[], []];
    this.#held += rowCount;
    this.#rowCount = 0;
    if (this.#broken) this.#forgetLayout();
    return new ColumnBatch({ layout, rowCount, columns, timestamps, watermarks, selection: undefined });
  }

  #set(row: number, record: unknown): boolean {
    const layout = this.#layout ?? this.#infer(record);
    if (layout === undefined) return false;
    if (layout.names === undefined) return !isObject(record) && this.#columns[0]!.set(row, record);
    return isObject(record) && this.#setFields(row, record, layout.names);
  }

  /** A `for … in` with the value taken at once is fast whatever the names are, which no list of names to look up is. */
  #setFields(row: number, record: Record<string, unknown>, names: readonly string[]): boolean {
    const columns = this.#columns;
    let index = 0;
    for (const name in record) {
      if (name !== names[index] || !columns[index]!.set(row, record[name])) return false;
      index += 1;
    }
    return index === names.length && Object.getPrototypeOf(record) === Object.prototype;
  }

  #infer(record: unknown): BatchLayout | undefined {
    const names = isObject(record) ? columnNames(record) : undefined;
    if (typeof names === "string" || typeof record === "symbol" || typeof record === "function") return undefined;
    // Symbols and functions as fields live in object columns.
    const kindOf = (name: string): AccumulatedKind => (this.#mixed.has(name) ? "object" : "undecided");
    this.#columns = (names ?? [""]).map((name) => new ColumnAccumulator(this.#rowsMax, names === undefined ? "undecided" : kindOf(name)));
    this.#layout = new BatchLayout(names);
    return this.#layout;
  }

  #break(record: unknown): false {
    this.#fallback = this.#misfit(record);
    const heldLong = HELD_LONG * this.#rowsAfterBreak <= this.#held + this.#rowCount;
    const rows = heldLong ? ROWS_AFTER_BREAK_MIN : this.#rowsAfterBreak;
    this.#rowsAfterBreak = Math.min(2 * rows, ROWS_AFTER_BREAK_MAX);
    // The record at hand is the first of them.
    this.#rowsLeft = rows - 1;
    if (this.isEmpty) this.#forgetLayout();
    else this.#broken = true;
    return false;
  }

  #forgetLayout(): void {
    this.#layout = undefined;
    this.#columns = [];
    this.#held = 0;
  }

  /** In words, why a record does not fit the layout; looks at everything again, since it happens rarely. */
  #misfit(record: unknown): string {
    const layout = this.#layout;
    if (!isObject(record)) {
      if (layout?.names !== undefined) return `records were objects, and then came ${show(record)}`;
      if (layout === undefined) return `${show(record)} fits no column`;
      return `records were ${plural(this.#columns[0]!.kind)}, and then came ${show(record)}`;
    }
    const names = columnNames(record);
    if (typeof names === "string") return names;
    if (layout?.names === undefined) return `records were scalars, and then came an object, ${show(record)}`;
    const missing = layout.names.find((name) => !names.includes(name));
    if (missing !== undefined) return `the field ${show(missing)} is missing in ${show(record)}`;
    const extra = names.find((name) => layout.indexOf(name) < 0);
    if (extra !== undefined) return `the field ${show(extra)} is new in ${show(record)}`;
    if (!layout.hasNames(names)) return `the fields of ${show(record)} come in another order than before`;
    // Setting them once more stops where it stopped before. The row they are set in does not become part of the batch.
    const at = names.findIndex((name, index) => !this.#columns[index]!.set(this.#rowCount, record[name]));
    if (at < 0) return `${show(record)} inherits fields, which columns do not hold`;
    const name = names[at]!;
    if (SHAPE_FIELDS_MAX <= this.#mixed.size) this.#mixed.clear();
    this.#mixed.add(name);
    return `the field ${show(name)} held ${plural(this.#columns[at]!.kind)}, and then ${show(record[name])}`;
  }
}

function isObject(record: unknown): record is Record<string, unknown> {
  return typeof record === "object" && record !== null;
}

/** The fields, or why the object is not one with columns. */
function columnNames(record: object): string[] | string {
  const prototype: unknown = Object.getPrototypeOf(record);
  if (prototype !== Object.prototype) return `${show(record)} is no plain object`;
  try {
    const names = plainFieldNames(record);
    return names.length <= SHAPE_FIELDS_MAX ? names : `an object with ${names.length} fields is taken for a dictionary (more than ${SHAPE_FIELDS_MAX})`;
  } catch (error) {
    if (error instanceof JobError) return `a record cannot be held in columns: ${error.reason}`;
    throw error;
  }
}

function plural(kind: AccumulatedKind): string {
  switch (kind) {
    case "f64":
      return "numbers";
    case "i64":
      return "bigints of 64 bits";
    case "bool":
      return "booleans";
    case "string":
      return "strings";
    case "object":
      return "objects";
    case "undecided":
      return "null or undefined, one of them only";
  }
}
