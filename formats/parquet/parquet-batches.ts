import { ColumnAccumulator, type AccumulatedKind } from "../../core/data/column-accumulator.ts";
import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../../core/data/column-batch.ts";
import { type Column, f64Column, i32Column, objectColumn } from "../../core/data/column.ts";
import { copied } from "../../core/data/copied.ts";
import { JobError } from "../../core/lib/errors.ts";
import { BATCH_ROWS, noTimestamps } from "../../core/connectors/batch-rows.ts";
import type { DecodedValues, ParquetElement } from "./parquet-file.ts";

/** How integers of 64 bits come: as bigints, or as numbers, each of which must be a safe integer. */
export type Int64Values = "bigint" | "number";

/** Makes column batches of decoded columns; string ids go on from one to the next. */
export class ParquetBatches {
  readonly #layout: BatchLayout;
  readonly #columns: readonly ParquetColumn[];

  constructor(elements: readonly ParquetElement[], int64: Int64Values) {
    this.#layout = new BatchLayout(elements.map(({ name }) => name));
    this.#columns = elements.map((element) => new ParquetColumn(element, int64));
  }

  /** Rows [start, end) of the values, the first of which is row `first` of its file. */
  batchOf(values: readonly DecodedValues[], start: number, end: number, first: number): ColumnBatch {
    const rowCount = end - start;
    return new ColumnBatch({
      layout: this.#layout,
      rowCount,
      columns: this.#columns.map((column, index) => column.columnOf(values[index]!, start, end, first)),
      timestamps: noTimestamps(rowCount),
      watermarks: NO_WATERMARKS,
      selection: undefined,
    });
  }
}

class ParquetColumn {
  readonly #name: string;
  readonly #asNumbers: boolean;
  readonly #kind: AccumulatedKind;
  readonly #accumulator: ColumnAccumulator;

  constructor(element: ParquetElement, int64: Int64Values) {
    this.#name = element.name;
    this.#kind = kindOf(element, int64);
    this.#asNumbers = this.#kind === "f64" && element.type === "INT64";
    this.#accumulator = newAccumulator(this.#kind);
  }

  columnOf(values: DecodedValues, start: number, end: number, first: number): Column {
    if (values instanceof Int32Array && this.#kind === "f64") return i32Column(values.subarray(start, end), undefined, null);
    if (values instanceof Float64Array && this.#kind === "f64") return f64Column(values.subarray(start, end), undefined, null);
    const accumulator = this.#accumulator;
    for (let row = start; row < end; row += 1) {
      const value = values[row] ?? null;
      // Rows of a dictionary share one object, and functions may change what is theirs.
      const held = this.#asNumbers && typeof value === "bigint" ? this.#numberOf(value, first + row) : copied(value);
      if (!accumulator.set(row - start, held)) return this.#objects(values, start, end);
    }
    return accumulator.finish(end - start);
  }

  /** Such as integers beyond 64 bits with sign: this batch holds them as they are. */
  #objects(values: DecodedValues, start: number, end: number): Column {
    this.#accumulator.finish(0);
    return objectColumn(Array.from({ length: end - start }, (_, index) => copied(values[start + index] ?? null)));
  }

  #numberOf(value: bigint, row: number): number {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    const reason = `column "${this.#name}", row ${row + 1}: ${value} is beyond the integers that a number holds exactly`;
    throw new JobError("MALFORMED_RECORD", `${reason}; read the file with int64: "bigint"`);
  }
}

function newAccumulator(kind: AccumulatedKind): ColumnAccumulator {
  const accumulator = new ColumnAccumulator(BATCH_ROWS, "undecided");
  const sample = { f64: 0, i64: 0n, bool: false, string: "", undecided: undefined, object: undefined }[kind];
  // An accumulator takes its memory with its first value.
  if (sample === undefined) return new ColumnAccumulator(BATCH_ROWS, "object");
  accumulator.set(0, sample);
  accumulator.finish(0);
  return accumulator;
}

/** Dates, times of day, timestamps and decimals are numbers. */
function kindOf(element: ParquetElement, int64: Int64Values): AccumulatedKind {
  if (element.num_children !== undefined || element.repetition_type === "REPEATED") return "object";
  const { type, converted_type: converted, logical_type: logical } = element;
  switch (type) {
    case "BOOLEAN":
      return "bool";
    case "INT32":
    case "FLOAT":
    case "DOUBLE":
    case "INT96":
      return "f64";
    case "INT64": {
      const isNumber = logical?.type === "TIMESTAMP" || logical?.type === "DECIMAL" || converted === "DECIMAL" || (converted ?? "").startsWith("TIMESTAMP");
      return isNumber || int64 === "number" ? "f64" : "i64";
    }
    case "BYTE_ARRAY":
      if (logical?.type === "STRING" || logical?.type === "ENUM" || converted === "UTF8" || converted === "ENUM") return "string";
      if (converted === undefined && logical === undefined) return "string";
      return converted === "DECIMAL" || logical?.type === "DECIMAL" ? "f64" : "object";
    case "FIXED_LEN_BYTE_ARRAY":
      if (logical?.type === "UUID") return "string";
      return converted === "DECIMAL" || logical?.type === "DECIMAL" || logical?.type === "FLOAT16" ? "f64" : "object";
    default:
      return "object";
  }
}
