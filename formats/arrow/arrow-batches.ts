import type { Table } from "@uwdata/flechette";
import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../../core/data/column-batch.ts";
import { SHAPE_FIELDS_MAX } from "../../core/data/dynamic-format.ts";
import { JobError } from "../../core/lib/errors.ts";
import { requireOptionNames } from "../../core/lib/option-names.ts";
import { BATCH_ROWS, noTimestamps } from "../../core/connectors/batch-rows.ts";
import { type ArrowData, tableOf } from "./arrow-input.ts";
import { ColumnImporter, type Int64Values } from "./column-importer.ts";

/** What of Arrow data is read; everything has a default. */
export interface ArrowOptions {
  /** The columns to read, in this order; default: all of them. */
  readonly columns?: readonly string[];
  /** Default `bigint`, which needs no copy. */
  readonly int64?: Int64Values;
}

/**
 * The rows of Arrow data as column batches of at most 4,096 rows, none of which spans two record batches. Numbers, bigints, string
 * ids and validity bits are views of the Arrow buffers; `docs/columns.md` lists what is copied.
 *
 * @throws JobError INVALID_ARGUMENT where a column does not exist or stands twice, UNKNOWN_OPTION, MALFORMED_RECORD where the bytes are no Arrow.
 */
export class ArrowBatches implements Iterable<ColumnBatch> {
  readonly layout: BatchLayout;
  readonly rowCount: number;
  readonly #table: Table;
  readonly #importers: readonly ColumnImporter[];
  /** Of the chosen columns, in the table. */
  readonly #indices: readonly number[];
  /** The first row of each record batch, and the row count at the end. */
  readonly #starts: readonly number[];

  constructor(data: ArrowData, options: ArrowOptions = {}) {
    requireOptionNames("Arrow data", options, ["columns", "int64"]);
    const table = tableOf(data);
    const names = checkedNames(table, options.columns);
    this.#table = table;
    this.layout = new BatchLayout(names);
    this.#indices = names.map((name) => (table.names as string[]).indexOf(name));
    this.#importers = this.#indices.map((index) => new ColumnImporter(names[this.#indices.indexOf(index)]!, table.children[index]!.type, options.int64 ?? "bigint"));
    const starts = [0];
    for (const { length } of table.children[0]?.data ?? []) starts.push(starts.at(-1)! + length);
    this.#starts = starts;
    this.rowCount = starts.at(-1)!;
  }

  /** The batch that begins with a row; undefined at the end. */
  batchAt(row: number): ColumnBatch | undefined {
    if (this.rowCount <= row) return undefined;
    const part = this.#partOf(row);
    const start = row - this.#starts[part]!;
    const end = Math.min(start + BATCH_ROWS, this.#starts[part + 1]! - this.#starts[part]!);
    const columns = this.#importers.map((importer, index) => {
      return importer.columnOf(this.#table.children[this.#indices[index]!]!.data[part]!, start, end);
    });
    const rowCount = end - start;
    return new ColumnBatch({ layout: this.layout, rowCount, columns, timestamps: noTimestamps(rowCount), watermarks: NO_WATERMARKS, selection: undefined });
  }

  *[Symbol.iterator](): Generator<ColumnBatch> {
    let row = 0;
    for (let batch = this.batchAt(0); batch !== undefined; batch = this.batchAt(row)) {
      row += batch.rowCount;
      yield batch;
    }
  }

  /** The last record batch that begins at the row or before, and is not empty. */
  #partOf(row: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= row) low = middle;
      else high = middle;
    }
    return low;
  }
}

function checkedNames(table: Table, chosen: readonly string[] | undefined): readonly string[] {
  const all = table.names as readonly string[];
  const names = chosen ?? all;
  const missing = names.find((name) => !all.includes(name));
  if (missing !== undefined) throw new JobError("INVALID_ARGUMENT", `the Arrow data has no column "${missing}"; it has ${all.join(", ")}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index || all.indexOf(name) !== all.lastIndexOf(name));
  if (twice !== undefined) throw new JobError("INVALID_ARGUMENT", `the column "${twice}" stands twice, and a record has one field of a name; choose others with \`columns\``);
  if (names.length <= SHAPE_FIELDS_MAX) return names;
  throw new JobError("INVALID_ARGUMENT", `the Arrow data has ${names.length} columns, and records in columns have ${SHAPE_FIELDS_MAX} at most; choose some with \`columns\``);
}
