import { Column as ArrowColumn, field, Table, tableToIPC, timestamp, TimeUnit, Version, Endianness, batchType, type Batch } from "@uwdata/flechette";
import type { Column } from "../../core/data/column.ts";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import { allValid, markAbsent } from "../../core/data/validity.ts";
import { JobError } from "../../core/lib/errors.ts";
import { NO_TIMESTAMP } from "../../core/time/timestamp.ts";
import { exportedColumn } from "./column-exporter.ts";

/** How batches become an Arrow table; everything has a default. */
export interface ArrowTableOptions {
  /** A column of this name is added, with the timestamps of the records: ms since the epoch, null where there is none. Default: none. */
  readonly timestamps?: string;
}

/** How Arrow bytes are written; everything has a default. */
export interface ArrowBytesOptions extends ArrowTableOptions {
  /** Default `stream`. A file can be read at random, a stream while it comes. */
  readonly format?: "stream" | "file";
}

/** The name of the only column where records are scalars. */
const SCALARS = "value";

/**
 * A flechette table with a record batch for each column batch. Numbers, bigints, string ids and validity bits are shared with the
 * batches, unless these have a selection; watermarks are left out. Null and undefined both become null.
 *
 * @throws JobError NOT_SERIALIZABLE where the batches do not have the same fields, or a field has values of several types.
 */
export function arrowTable(batches: Iterable<ColumnBatch>, options: ArrowTableOptions = {}): Table {
  const list = [...batches].filter(({ length }) => 0 < length);
  const names = namesOf(list);
  const columns = names.map((name, index) => {
    return exportedColumn(name, list.map((batch) => ({ batch, column: columnOf(batch, name, index) })));
  });
  const { timestamps } = options;
  if (timestamps !== undefined) {
    if (names.includes(timestamps)) throw new JobError("INVALID_ARGUMENT", `the records have a field "${timestamps}" already; give the timestamps another name`);
    columns.push(timestampColumn(list));
  }
  const allNames = timestamps === undefined ? names : [...names, timestamps];
  const fields = columns.map(({ type }, index) => field(allNames[index]!, type));
  return new Table({ version: Version.V5, endianness: Endianness.Little, fields, metadata: null }, columns);
}

/** The same as an IPC stream or file. */
export function arrowBytes(batches: Iterable<ColumnBatch>, options: ArrowBytesOptions = {}): Uint8Array {
  return tableToIPC(arrowTable(batches, options), { format: options.format ?? "stream" }) as Uint8Array;
}

function namesOf(batches: readonly ColumnBatch[]): readonly string[] {
  const [first] = batches;
  if (first === undefined) return [];
  const { names } = first.layout;
  const other = batches.find(({ layout }) => (names === undefined || layout.names === undefined ? names !== layout.names : !sameFields(names, layout.names)));
  if (other === undefined) return names ?? [SCALARS];
  const [one, two] = [names, other.layout.names].map((fields) => (fields === undefined ? "no fields" : fields.join(", ")));
  throw new JobError("NOT_SERIALIZABLE", `an Arrow table has one list of columns, but records have ${one}, and then ${two}; map them first`);
}

/** In any order. */
function sameFields(names: readonly string[], others: readonly string[]): boolean {
  return names.length === others.length && names.every((name) => others.includes(name));
}

function columnOf(batch: ColumnBatch, name: string, index: number): Column {
  return batch.layout.names === undefined ? batch.columns[index]! : batch.column(name)!;
}

function timestampColumn(batches: readonly ColumnBatch[]): ArrowColumn<unknown> {
  const type = timestamp(TimeUnit.MILLISECOND, "UTC");
  const TimestampBatch = batchType(type, {}) as new (parts: object) => Batch<unknown>;
  const parts = batches.map((batch) => {
    const { length } = batch;
    const values = new BigInt64Array(length);
    const validity = allValid(length);
    let nullCount = 0;
    for (let index = 0; index < length; index += 1) {
      const time = batch.timestamps[batch.rowOf(index)]!;
      if (time === NO_TIMESTAMP) {
        markAbsent(validity, index);
        nullCount += 1;
      } else {
        // Timestamps have no parts of a millisecond in an Arrow column of this unit.
        values[index] = BigInt(Math.floor(time));
      }
    }
    return new TimestampBatch({ length, nullCount, type, validity, values });
  });
  return new ArrowColumn(parts, type);
}
