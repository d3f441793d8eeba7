import { isInt64 } from "../lib/int64.ts";
import type { Column } from "../data/column.ts";
import type { Slots } from "./aggregate-slots.ts";
import type { AggregateKind } from "./aggregates.ts";
import type { BuiltInAggregates } from "./built-in-aggregates.ts";
import { type KernelAggregate, type KernelAggregateKind, type KernelColumn, kernelColumn, type KernelOutput, type KernelSpec, type KernelType, readsTimes, wordTypes } from "./kernel.ts";

/** Writes the value of a record to its column; returns false where it is not of the column's type. */
type WriteValue = (record: unknown, values: readonly KernelColumn[], row: number) => boolean;

/** A column that rows are turned into: what computes it, and what a kernel does with it. */
interface PlannedColumn {
  /** The first aggregate of its values. */
  readonly aggregate: number;
  readonly type: KernelType;
  /** A spread takes bigints too, as the nearest f64. */
  readonly takesBoth: boolean;
  readonly write: WriteValue;
}

const KERNEL_KINDS: Readonly<Record<Exclude<AggregateKind, "count">, KernelAggregateKind>> = {
  sum: "sum",
  avg: "sum",
  min: "min",
  max: "max",
  varPop: "spread",
  varSamp: "spread",
  stddevPop: "spread",
  stddevSamp: "spread",
  first: "first",
  last: "last",
};

/** The column of values of each aggregate. */
type AggregateColumns = readonly (Column | undefined)[];

/** The values of a batch for each column of a plan. */
export type BatchValues = readonly (Float64Array | Int32Array | BigInt64Array)[];

/** How a kernel computes built-in aggregates whose values have the types that were met first. */
export class KernelPlan {
  readonly spec: KernelSpec;
  /** Whether a row may leave the range of 64-bit integers. */
  readonly mayOverflow: boolean;
  readonly readsTimes: boolean;
  readonly #columns: readonly PlannedColumn[];
  readonly #wordTypes: readonly KernelType[];

  private constructor(spec: KernelSpec, columns: readonly PlannedColumn[]) {
    this.spec = spec;
    this.mayOverflow = spec.aggregates.some(({ kind, column }) => kind === "sum" && spec.columns[column] === "i64");
    this.readsTimes = readsTimes(spec);
    this.#columns = columns;
    this.#wordTypes = wordTypes(spec);
  }

  /** Undefined where no kernel can hold the values of the record: strings say, or nothing at all. */
  static forRecord(fn: BuiltInAggregates<never, unknown>, record: unknown, maxParallelism: number): KernelPlan | undefined {
    return KernelPlan.#of(fn, maxParallelism, (index) => typeOf(fn.selectors[index]!(record)));
  }

  /** The same for an accumulator, which holds a record at least. */
  static forSlots(fn: BuiltInAggregates<never, unknown>, slots: Slots, maxParallelism: number): KernelPlan | undefined {
    let at = 1;
    const firstSlots = fn.widths.map((width) => (at += width) - width);
    return KernelPlan.#of(fn, maxParallelism, (index) => typeOf(slots[firstSlots[index]!]));
  }

  /** The same for columns of values, one for each aggregate as `aggregateColumns` gives them. */
  static forColumns(fn: BuiltInAggregates<never, unknown>, columns: AggregateColumns, maxParallelism: number): KernelPlan | undefined {
    return KernelPlan.#of(fn, maxParallelism, (index) => {
      const column = columns[index];
      return column === undefined ? undefined : columnType(column);
    });
  }

  static #of(fn: BuiltInAggregates<never, unknown>, maxParallelism: number, typeAt: (index: number) => KernelType | undefined): KernelPlan | undefined {
    const columns: PlannedColumn[] = [];
    const columnOfField = new Map<string, number>();
    const aggregates: KernelAggregate[] = [];
    for (const [index, { kind, field, expression }] of fn.aggregates.entries()) {
      if (kind === "count") continue;
      const kernelKind = KERNEL_KINDS[kind];
      const takesBoth = kernelKind === "spread";
      const met = typeAt(index);
      if (met === undefined) return undefined;
      const type = takesBoth ? "f64" : met;
      // Aggregates of one field or expression share its column.
      const name = `${takesBoth} ${field === undefined ? (expression === undefined ? index : `= ${expression}`) : `field ${field}`}`;
      const column = columnOfField.get(name) ?? columns.length;
      columnOfField.set(name, column);
      if (column === columns.length) columns.push({ aggregate: index, type, takesBoth, write: valueWriter(fn.selectors[index]!, field, type, takesBoth, column) });
      aggregates.push({ kind: kernelKind, column });
    }
    return new KernelPlan({ columns: columns.map(({ type }) => type), aggregates, maxParallelism }, columns);
  }

  /** Writes the values of a record; returns false where one is not of its column's type. */
  write(record: unknown, values: readonly KernelColumn[], row: number): boolean {
    const columns = this.#columns;
    for (let column = 0; column < columns.length; column += 1) if (!columns[column]!.write(record, values, row)) return false;
    return true;
  }

  /** Columns for the values of so many records. */
  emptyColumns(rowCount: number): KernelColumn[] {
    return this.#columns.map(({ type }) => kernelColumn(type, rowCount));
  }

  /** The values of a batch, by column, of those of each aggregate; undefined where one is missing or of another type. */
  valuesOf(columns: AggregateColumns): BatchValues | undefined {
    const values: (Float64Array | Int32Array | BigInt64Array)[] = [];
    for (const { aggregate, type, takesBoth } of this.#columns) {
      const column = columns[aggregate];
      if (column === undefined) return undefined;
      const met = columnType(column);
      if (met === undefined || (met !== type && !takesBoth)) return undefined;
      values.push(column.values as Float64Array);
    }
    return values;
  }

  /** Writes an accumulator to row 0; returns false where one of its slots is not of the type of its word. */
  writeSlots(slots: Slots, { words }: KernelOutput): boolean {
    for (let word = 0; word < words.length; word += 1) {
      const value = slots[word];
      if (this.#wordTypes[word] === "f64" ? typeof value !== "number" : typeof value !== "bigint" || !isInt64(value)) return false;
      words[word]![0] = value as never;
    }
    return true;
  }
}

function typeOf(value: unknown): KernelType | undefined {
  return typeof value === "number" ? "f64" : typeof value === "bigint" ? "i64" : undefined;
}

/** How a kernel holds the values of a column; undefined where it cannot, or some are missing. */
function columnType({ kind, validity }: Column): KernelType | undefined {
  if (validity !== undefined) return undefined;
  return kind === "f64" || kind === "i32" ? "f64" : kind === "i64" ? "i64" : undefined;
}

/** Each has its own code for what it reads and writes: one for all would meet every kind of record and column, and be slow for each. */
function valueWriter(valueOf: (record: unknown) => unknown, field: string | undefined, type: KernelType, takesBoth: boolean, column: number): WriteValue {
  if (type === "i64") return (record, values, row) => writeBigint(valueOf(record), values[column] as BigInt64Array, row);
  if (takesBoth) return (record, values, row) => writeEither(valueOf(record), values[column] as Float64Array, row);
  if (field === undefined) return (record, values, row) => writeNumber(valueOf(record), values[column] as Float64Array, row);
  return (record, values, row) => writeNumber((record as { readonly [name: string]: unknown })[field], values[column] as Float64Array, row);
}

function writeNumber(value: unknown, values: Float64Array, row: number): boolean {
  if (typeof value !== "number") return false;
  values[row] = value;
  return true;
}

function writeEither(value: unknown, values: Float64Array, row: number): boolean {
  if (typeof value === "bigint") values[row] = Number(value);
  else return writeNumber(value, values, row);
  return true;
}

function writeBigint(value: unknown, values: BigInt64Array, row: number): boolean {
  if (typeof value !== "bigint" || !isInt64(value)) return false;
  values[row] = value;
  return true;
}

/** Copies the values of rows to a kernel's column, from `to` on. Without a list, the rows are neighbours. */
export function copyRowsOf(source: KernelColumn | Int32Array, target: KernelColumn, first: number, rows: Int32Array | undefined, count: number, to: number): void {
  if (rows !== undefined) return copyListed(source, target, rows, to);
  if ((source instanceof BigInt64Array) === (target instanceof BigInt64Array)) {
    // The types of both hold the same values, which the compiler cannot know.
    (target as Float64Array).set((source as Float64Array).subarray(first, first + count), to);
  } else for (let index = 0; index < count; index += 1) target[to + index] = Number(source[first + index]!);
}

function copyListed(source: KernelColumn | Int32Array, target: KernelColumn, rows: Int32Array, to: number): void {
  if (source instanceof Float64Array) copyNumbers(source, target as Float64Array, rows, to);
  else if (source instanceof Int32Array) for (let index = 0; index < rows.length; index += 1) target[to + index] = source[rows[index]!]!;
  else if (target instanceof BigInt64Array) for (let index = 0; index < rows.length; index += 1) target[to + index] = source[rows[index]!]!;
  else for (let index = 0; index < rows.length; index += 1) target[to + index] = Number(source[rows[index]!]!);
}

function copyNumbers(source: Float64Array, target: Float64Array, rows: Int32Array, to: number): void {
  for (let index = 0; index < rows.length; index += 1) target[to + index] = source[rows[index]!]!;
}

/** An accumulator as `BuiltInAggregates` holds it. */
export function slotsAt({ words }: KernelOutput, row: number): Slots {
  const slots: Slots = [];
  for (let word = 0; word < words.length; word += 1) slots.push(words[word]![row]);
  return slots;
}
