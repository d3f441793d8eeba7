import { assert } from "../lib/assert.ts";
import { type Column, valueAt, withoutValidity } from "./column.ts";
import { type FieldReader, objectMaker, type ObjectMaker } from "./object-shape.ts";
import { hasAbsent, isValid } from "./validity.ts";

/** What the rows of a batch look like: flat objects with these fields, in this order, or scalars in a single column. */
export class BatchLayout {
  /** Undefined where the records are scalars. */
  readonly names: readonly string[] | undefined;
  readonly columnCount: number;
  /** Undefined where the records are scalars. All objects of one layout have one hidden class. */
  readonly make: ObjectMaker<ColumnBatch> | undefined;

  constructor(names: readonly string[] | undefined) {
    this.names = names;
    this.columnCount = names === undefined ? 1 : names.length;
    this.make = names === undefined ? undefined : objectMaker<ColumnBatch>(names);
  }

  /** Which column has this name; −1: none. */
  indexOf(name: string): number {
    return this.names === undefined ? -1 : this.names.indexOf(name);
  }

  /** Whether rows of this layout look as these names say. */
  hasNames(names: readonly string[] | undefined): boolean {
    if (this.names === undefined || names === undefined) return this.names === names;
    return this.names.length === names.length && this.names.every((name, index) => name === names[index]);
  }
}

/** The watermarks of a batch, in order: number `i` comes before row `rows[i]`; at the row count, after the last row. */
export interface WatermarkPositions {
  readonly rows: readonly number[];
  readonly watermarks: readonly number[];
}

export const NO_WATERMARKS: WatermarkPositions = { rows: [], watermarks: [] };

/** What a pass over the timestamps of a batch tells of them, for those who come later to pass over fewer. */
export interface BatchTimes {
  /** No row has a timestamp outside of these two, and every row has one. */
  readonly earliest: number;
  readonly latest: number;
  /** The rows that are later than all before them, selected or not. */
  readonly rising: readonly number[];
}

export interface ColumnBatchParts {
  readonly layout: BatchLayout;
  /** Of the columns, whatever the selection. */
  readonly rowCount: number;
  readonly columns: readonly Column[];
  readonly timestamps: Float64Array;
  /** Absent where nobody has looked. */
  readonly times?: BatchTimes | undefined;
  readonly watermarks: WatermarkPositions;
  readonly selection: Int32Array | undefined;
}

/**
 * Records of one channel as columns, with the watermarks between them. It means its selected rows in order, each with its
 * timestamp, and every watermark where its position says.
 *
 * A batch does not change once it is made; batches share columns, never scratch memory.
 */
export class ColumnBatch {
  readonly layout: BatchLayout;
  /** Of the columns: rows are numbered from 0 to here, whether they are selected or not. */
  readonly rowCount: number;
  readonly columns: readonly Column[];
  /** One a row; −Infinity where the record has none, so that this column needs no validity. */
  readonly timestamps: Float64Array;
  /** Undefined where nobody has looked. */
  readonly times: BatchTimes | undefined;
  /** By row number, so that a selection leaves them where they are. */
  readonly watermarks: WatermarkPositions;
  /** The rows that count, ascending; undefined: all of them. */
  readonly selection: Int32Array | undefined;

  constructor(parts: ColumnBatchParts) {
    this.layout = parts.layout;
    this.rowCount = parts.rowCount;
    this.columns = parts.columns;
    this.timestamps = parts.timestamps;
    this.times = parts.times;
    this.watermarks = parts.watermarks;
    this.selection = parts.selection;
    assert(parts.columns.length === parts.layout.columnCount, "a batch has a column for each name of its layout");
    assert(parts.rowCount <= parts.timestamps.length, "every row of a batch has a timestamp, or −Infinity");
    assert(parts.watermarks.rows.length === parts.watermarks.watermarks.length, "every watermark has a position");
  }

  /** How many records the batch means. */
  get length(): number {
    return this.selection === undefined ? this.rowCount : this.selection.length;
  }

  /** The records by row number, where the batch holds them as they are; undefined where it has columns of their fields. */
  get records(): readonly unknown[] | undefined {
    const [column] = this.columns;
    return this.layout.names === undefined && column?.kind === "object" ? column.values : undefined;
  }

  /** The row number of record `index` in [0, length). */
  rowOf(index: number): number {
    return this.selection === undefined ? index : this.selection[index]!;
  }

  column(name: string): Column | undefined {
    return this.columns[this.layout.indexOf(name)];
  }

  /** The record of one row, made anew. */
  rowAt(row: number): unknown {
    const { make } = this.layout;
    return make === undefined ? valueAt(this.columns[0]!, row) : make(readField, this, row);
  }

  /** The same batch with other rows selected: ascending, and some of those selected here. Columns and watermarks are shared. */
  select(selection: Int32Array | undefined): ColumnBatch {
    const { layout, rowCount, columns, timestamps, times, watermarks } = this;
    return new ColumnBatch({ layout, rowCount, columns, timestamps, times, watermarks, selection });
  }

  /** Rows and watermarks in the order they mean. */
  forEach(record: (row: number) => void, watermark: (watermark: number) => void): void {
    const { rows, watermarks } = this.watermarks;
    let next = 0;
    for (let index = 0; index < this.length; index += 1) {
      const row = this.rowOf(index);
      for (; next < rows.length && rows[next]! <= row; next += 1) watermark(watermarks[next]!);
      record(row);
    }
    for (; next < rows.length; next += 1) watermark(watermarks[next]!);
  }
}

/** The column without validity, where each record of the batch has a value in it; undefined where one has none. Rows that are not selected may have none. */
export function presentColumn(batch: ColumnBatch, column: Column): Column | undefined {
  const { validity } = column;
  if (validity === undefined) return column;
  const { selection } = batch;
  const isMissing = selection === undefined ? hasAbsent(validity, batch.rowCount) : selection.some((row) => !isValid(validity, row));
  return isMissing ? undefined : withoutValidity(column);
}

const readField: FieldReader<ColumnBatch> = (index, batch, row) => valueAt(batch.columns[index]!, row);
