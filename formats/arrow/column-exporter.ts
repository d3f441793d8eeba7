import { columnKindOf } from "../../core/data/column-accumulator.ts";
import {
  type Batch,
  batchType,
  bool,
  Column as ArrowColumn,
  columnFromValues,
  dictionary,
  float64,
  int32,
  int64,
  nullType,
  utf8,
} from "@uwdata/flechette";
import { type Column, valueAt } from "../../core/data/column.ts";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import type { Dictionary } from "../../core/data/dictionary.ts";
import { allValid, isValid, markAbsent, type Validity, validityLength } from "../../core/data/validity.ts";
import { JobError } from "../../core/lib/errors.ts";
import { type DataType, nestedType } from "./nested-type.ts";

/** One column of one batch. */
export interface ExportedColumn {
  readonly batch: ColumnBatch;
  readonly column: Column;
}

type ArrowKind = "null" | "f64" | "i32" | "i64" | "bool" | "string" | "nested";

interface BatchParts {
  readonly length: number;
  readonly nullCount: number;
  readonly type: DataType;
  readonly validity: Validity;
  readonly values: Float64Array | Int32Array | BigInt64Array | Uint8Array;
}

const EVERY_ROW: Validity = /* @__PURE__ */ new Uint8Array(0);

/**
 * An Arrow column of one column over all batches, a record batch for each. Numbers, bigints, string ids and validity bits of a
 * batch without a selection are shared; a selection, booleans and everything else are copied.
 *
 * @throws JobError NOT_SERIALIZABLE where the values are of several types, or of one that Arrow does not have.
 */
export function exportedColumn(name: string, parts: readonly ExportedColumn[]): ArrowColumn<unknown> {
  switch (kindOf(name, parts)) {
    case "null": {
      const type = nullType();
      return new ArrowColumn(parts.map(({ batch }) => made({ ...ofBatch(batch, type), nullCount: batch.length, values: EVERY_ROW })), type);
    }
    case "f64":
      return fixed(parts, float64(), (column) => (column.kind === "f64" ? column.values : undefined), (length) => new Float64Array(length));
    case "i32":
      return fixed(parts, int32(), (column) => (column.kind === "i32" ? column.values : undefined), (length) => new Int32Array(length));
    case "i64":
      return fixed(parts, int64(), (column) => (column.kind === "i64" ? column.values : undefined), (length) => new BigInt64Array(length));
    case "bool":
      return booleans(parts);
    case "string":
      return strings(parts);
    case "nested":
      return nested(name, parts);
  }
}

function made(parts: BatchParts): Batch<unknown> {
  const BatchOfType = batchType(parts.type, {}) as new (parts: BatchParts) => Batch<unknown>;
  return new BatchOfType(parts);
}

function ofBatch(batch: ColumnBatch, type: DataType): { length: number; nullCount: number; type: DataType; validity: Validity } {
  return { length: batch.length, nullCount: 0, type, validity: EVERY_ROW };
}

/** The one type of all values. Integers and doubles are doubles together. */
function kindOf(name: string, parts: readonly ExportedColumn[]): ArrowKind {
  const kinds = new Set<ArrowKind>();
  for (const { batch, column } of parts) {
    if (column.kind !== "object") {
      if (hasValue(batch, column)) kinds.add(column.kind);
    } else {
      for (let index = 0; index < batch.length; index += 1) kinds.add(kindOfValue(column.values[batch.rowOf(index)]));
    }
  }
  kinds.delete("null");
  if (kinds.has("f64")) kinds.delete("i32");
  if (kinds.size === 0) return "null";
  const [kind] = kinds;
  if (kinds.size === 1 && kind !== undefined) return kind;
  const held = [...kinds].map((found) => WORDS[found]).join(" and ");
  throw new JobError("NOT_SERIALIZABLE", `the field "${name}" holds ${held}, and a column of Arrow holds one type; map the records first`);
}

const WORDS: { readonly [kind in ArrowKind]: string } = {
  null: "nothing",
  f64: "numbers",
  i32: "numbers",
  i64: "bigints",
  bool: "booleans",
  string: "strings",
  nested: "objects",
};

function hasValue(batch: ColumnBatch, { validity }: Column): boolean {
  if (validity === undefined) return 0 < batch.length;
  for (let index = 0; index < batch.length; index += 1) if (isValid(validity, batch.rowOf(index))) return true;
  return false;
}

function kindOfValue(value: unknown): ArrowKind {
  if (value === null || value === undefined) return "null";
  const kind = columnKindOf(value);
  return kind === "object" ? "nested" : kind;
}

/** The values of all rows in turn, null where there is none. */
function valuesOf({ batch, column }: ExportedColumn): unknown[] {
  const values: unknown[] = [];
  for (let index = 0; index < batch.length; index += 1) values.push(valueAt(column, batch.rowOf(index)) ?? null);
  return values;
}

/** Bits of the rows that count, and how many are absent. */
function validityOf({ batch, column }: ExportedColumn): { validity: Validity; nullCount: number } {
  const { validity, kind } = column;
  if (validity === undefined && kind !== "object") return { validity: EVERY_ROW, nullCount: 0 };
  const count = batch.length;
  let nullCount = 0;
  const isShared = batch.selection === undefined && validity !== undefined;
  const bits = isShared ? validity.subarray(0, validityLength(count)) : allValid(count);
  for (let index = 0; index < count; index += 1) {
    const row = batch.rowOf(index);
    const isAbsent = validity === undefined ? (valueAt(column, row) ?? null) === null : !isValid(validity, row);
    if (!isAbsent) continue;
    nullCount += 1;
    if (!isShared) markAbsent(bits, index);
  }
  return nullCount === 0 ? { validity: EVERY_ROW, nullCount } : { validity: bits, nullCount };
}

type FixedValues = Float64Array | Int32Array | BigInt64Array;

function fixed<A extends FixedValues>(
  parts: readonly ExportedColumn[],
  type: DataType,
  own: (column: Column) => A | undefined,
  empty: (length: number) => A,
): ArrowColumn<unknown> {
  const batches = parts.map((part) => {
    const { batch, column } = part;
    const shared = batch.selection === undefined ? own(column) : undefined;
    return made({ length: batch.length, type, ...validityOf(part), values: shared?.subarray(0, batch.length) ?? gathered(part, empty(batch.length)) });
  });
  return new ArrowColumn(batches, type);
}

function gathered<A extends FixedValues>({ batch, column }: ExportedColumn, target: A): A {
  for (let index = 0; index < batch.length; index += 1) {
    const value = valueAt(column, batch.rowOf(index)) ?? null;
    if (value !== null) target[index] = value as A[number];
  }
  return target;
}

function booleans(parts: readonly ExportedColumn[]): ArrowColumn<unknown> {
  const type = bool();
  const batches = parts.map((part) => {
    const { batch, column } = part;
    const bits = new Uint8Array(validityLength(batch.length));
    for (let index = 0; index < batch.length; index += 1) if (valueAt(column, batch.rowOf(index)) === true) bits[index >> 3]! |= 1 << (index & 7);
    return made({ length: batch.length, type, ...validityOf(part), values: bits });
  });
  return new ArrowColumn(batches, type);
}

/** One dictionary for all: that of the batches where they have the same, else their strings numbered anew. */
function strings(parts: readonly ExportedColumn[]): ArrowColumn<unknown> {
  const dictionaries = new Set<Dictionary | undefined>(parts.map(({ column }) => (column.kind === "string" ? column.dictionary : undefined)));
  const [only] = dictionaries;
  const common = dictionaries.size === 1 ? only : undefined;
  const ids = new Map<string, number>();
  const idOf = (text: string): number => {
    const id = ids.get(text) ?? ids.size;
    if (id === ids.size) ids.set(text, id);
    return id;
  };
  const indices = parts.map(({ batch, column }) => {
    if (common !== undefined && batch.selection === undefined && column.kind === "string") return column.values.subarray(0, batch.length);
    return renumbered({ batch, column }, common, idOf);
  });
  const texts = utf8();
  const type = dictionary(texts, int32());
  const table = columnFromValues<string>(common === undefined ? ids.keys() : common.strings, texts);
  const batches = parts.map((part, index) => {
    const batch = made({ length: part.batch.length, type, ...validityOf(part), values: indices[index]! });
    return (batch as Batch<unknown> & { setDictionary(strings: ArrowColumn<string>): Batch<unknown> }).setDictionary(table);
  });
  return new ArrowColumn(batches, type);
}

function renumbered({ batch, column }: ExportedColumn, common: Dictionary | undefined, idOf: (text: string) => number): Int32Array {
  const numbers = new Int32Array(batch.length);
  for (let index = 0; index < batch.length; index += 1) {
    const row = batch.rowOf(index);
    if (common !== undefined && column.kind === "string") numbers[index] = column.values[row]!;
    else {
      const text = valueAt(column, row) ?? null;
      if (text !== null) numbers[index] = idOf(text as string);
    }
  }
  return numbers;
}

/** Dates, lists and structs: their type is that of the values of all batches. */
function nested(name: string, parts: readonly ExportedColumn[]): ArrowColumn<unknown> {
  const values = parts.map(valuesOf);
  const type = nestedType(name, values.flat());
  const batches = values.map((rows) => columnFromValues<unknown>(rows, type).data[0]!);
  return new ArrowColumn(batches, type);
}
