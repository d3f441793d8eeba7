import type { Table } from "@uwdata/flechette";
import type { Sink, SinkWriter } from "../../core/connectors/sink.ts";
import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../../core/data/column-batch.ts";
import { boolColumn, type Column, f64Column, i32Column, i64Column, objectColumn, stringColumn } from "../../core/data/column.ts";
import { ColumnBuilder } from "../../core/data/column-builder.ts";
import { allValid, isValid, markAbsent, type Validity } from "../../core/data/validity.ts";
import { JobError } from "../../core/lib/errors.ts";
import { show } from "../../core/lib/show.ts";
import { NO_TIMESTAMP } from "../../core/time/timestamp.ts";
import { arrowBytes, type ArrowBytesOptions, arrowTable, type ArrowTableOptions } from "./arrow-table.ts";

const BATCH_ROWS = 16_384;
/** Smaller batches are put together to larger ones, row by row. */
const COPIED_ROWS_MIN = 256;

/**
 * A sink that holds the records of a stream as columns, and gives them as an Arrow table or as bytes when the job has ended. They
 * come in the order in which each subtask emitted them, subtask after subtask; give it parallelism 1 where one order is to hold.
 * As with `collectSink`, what was collected before a failure stays.
 *
 * @example
 * ```ts
 * const results = new ArrowCollector<Result>();
 * stream.sinkTo(results).setParallelism(1);
 * await env.execute();
 * await writeFile("results.arrow", results.toBytes({ format: "file" }));
 * ```
 */
export class ArrowCollector<T extends object> implements Sink<T> {
  readonly takesColumns = true;
  readonly #writers: ColumnCollector[] = [];

  describe(): string {
    return "collect as Arrow";
  }

  createWriter(): SinkWriter<T> {
    const collector = new ColumnCollector();
    this.#writers.push(collector);
    return {
      write: (record, { timestamp }) => collector.add(record, timestamp ?? NO_TIMESTAMP),
      writeColumns: (batch) => collector.addColumns(batch),
      flush: () => {},
      close: () => {},
    };
  }

  /** What has been collected so far. */
  batches(): readonly ColumnBatch[] {
    return this.#writers.flatMap((writer) => writer.batches());
  }

  /** @throws JobError NOT_SERIALIZABLE where the records have different fields, or a field has values of several types. */
  toTable(options?: ArrowTableOptions): Table {
    return arrowTable(this.batches(), options);
  }

  /** @throws JobError as `toTable`. */
  toBytes(options?: ArrowBytesOptions): Uint8Array {
    return arrowBytes(this.batches(), options);
  }
}

/** The records of a batch alone: it may share memory with arrays that are free to change when the job has ended. Objects are the job's own. */
function copyOf(batch: ColumnBatch): ColumnBatch {
  const { layout, length: rowCount, selection } = batch;
  const rows = selection ?? Int32Array.from({ length: rowCount }, (_, row) => row);
  const columns = batch.columns.map((column) => columnCopy(column, rows));
  const timestamps = Float64Array.from(rows, (row) => batch.timestamps[row]!);
  return new ColumnBatch({ layout, rowCount, columns, timestamps, watermarks: NO_WATERMARKS, selection: undefined });
}

function columnCopy(column: Column, rows: Int32Array): Column {
  const { validity, absent } = column;
  const bits = validity === undefined ? undefined : validityOf(validity, rows);
  switch (column.kind) {
    case "f64":
      return f64Column(Float64Array.from(rows, (row) => column.values[row]!), bits, absent);
    case "i32":
      return i32Column(rows.map((row) => column.values[row]!), bits, absent);
    case "i64":
      return i64Column(BigInt64Array.from(Array.from(rows, (row) => column.values[row]!)), bits, absent);
    case "bool":
      return boolColumn(Uint8Array.from(rows, (row) => column.values[row]!), bits, absent);
    case "string":
      return stringColumn(rows.map((row) => column.values[row]!), column.dictionary, bits, absent);
    case "object":
      return objectColumn(Array.from(rows, (row) => column.values[row]));
  }
}

function validityOf(validity: Validity, rows: Int32Array): Validity {
  const bits = allValid(rows.length);
  for (let at = 0; at < rows.length; at += 1) if (!isValid(validity, rows[at]!)) markAbsent(bits, at);
  return bits;
}

/** The records of one subtask. Those that fit no layout are held as they are until they are asked for. */
class ColumnCollector {
  readonly #builder = new ColumnBuilder(BATCH_ROWS);
  readonly #batches: ColumnBatch[] = [];
  #loose: { readonly record: Record<string, unknown>; readonly timestamp: number }[] = [];

  add(record: object, timestamp: number): void {
    if (typeof record !== "object" || record === null) {
      throw new JobError("NOT_SERIALIZABLE", `a row of an Arrow table is made of the fields of an object, but the record is ${show(record)}`);
    }
    if (this.#builder.add(record, timestamp)) {
      this.#flushLoose();
      if (this.#builder.isFull) this.#batches.push(this.#builder.finish());
      return;
    }
    if (!this.#builder.isEmpty) this.#batches.push(this.#builder.finish());
    this.#loose.push({ record: record as Record<string, unknown>, timestamp });
  }

  addColumns(batch: ColumnBatch): void {
    if (batch.length < COPIED_ROWS_MIN || batch.layout.names === undefined) {
      for (let index = 0; index < batch.length; index += 1) {
        const row = batch.rowOf(index);
        this.add(batch.rowAt(row) as object, batch.timestamps[row]!);
      }
      return;
    }
    this.batches();
    this.#batches.push(copyOf(batch));
  }

  batches(): readonly ColumnBatch[] {
    if (!this.#builder.isEmpty) this.#batches.push(this.#builder.finish());
    this.#flushLoose();
    return this.#batches;
  }

  /** A batch for each run of equal fields; every value as it is. */
  #flushLoose(): void {
    const loose = this.#loose;
    if (loose.length === 0) return;
    this.#loose = [];
    for (let start = 0, end = 0; start < loose.length; start = end) {
      const layout = new BatchLayout(Object.keys(loose[start]!.record));
      for (end = start + 1; end < loose.length && layout.hasNames(Object.keys(loose[end]!.record)); ) end += 1;
      const rows = loose.slice(start, end);
      this.#batches.push(
        new ColumnBatch({
          layout,
          rowCount: rows.length,
          columns: layout.names!.map((name) => objectColumn(rows.map(({ record }) => record[name]))),
          timestamps: Float64Array.from(rows, ({ timestamp }) => timestamp),
          watermarks: NO_WATERMARKS,
          selection: undefined,
        }),
      );
    }
  }
}
