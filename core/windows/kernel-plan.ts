import type { Slots } from "./aggregate-slots.ts";
import type { AggregateKind } from "./aggregates.ts";
import type { BuiltInAggregates } from "./built-in-aggregates.ts";
import { type KernelAggregate, type KernelAggregateKind, type KernelColumn, type KernelOutput, type KernelSpec, type KernelType, wordTypes } from "./kernel.ts";

/** A column that rows are turned into: what computes it, and what a kernel does with it. */
interface PlannedColumn {
  readonly valueOf: (record: unknown) => unknown;
  readonly type: KernelType;
  /** A spread takes bigints too, as the nearest f64. */
  readonly takesBoth: boolean;
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

/** How a kernel computes built-in aggregates whose values have the types that were met first. */
export class KernelPlan {
  readonly spec: KernelSpec;
  /** Whether a row may leave the range of 64-bit integers. */
  readonly mayOverflow: boolean;
  readonly #columns: readonly PlannedColumn[];
  readonly #wordTypes: readonly KernelType[];

  private constructor(spec: KernelSpec, columns: readonly PlannedColumn[]) {
    this.spec = spec;
    this.mayOverflow = spec.aggregates.some(({ kind, column }) => kind === "sum" && spec.columns[column] === "i64");
    this.#columns = columns;
    this.#wordTypes = wordTypes(spec);
  }

  /** Undefined where no kernel can hold the values of the record: strings say, or nothing at all. */
  static forRecord(fn: BuiltInAggregates<never, unknown>, record: unknown, maxParallelism: number): KernelPlan | undefined {
    return KernelPlan.#of(fn, maxParallelism, (index) => fn.selectors[index]!(record));
  }

  /** The same for an accumulator, which holds a record at least. */
  static forSlots(fn: BuiltInAggregates<never, unknown>, slots: Slots, maxParallelism: number): KernelPlan | undefined {
    let at = 1;
    const firstSlots = fn.widths.map((width) => (at += width) - width);
    return KernelPlan.#of(fn, maxParallelism, (index) => slots[firstSlots[index]!]);
  }

  static #of(fn: BuiltInAggregates<never, unknown>, maxParallelism: number, sampleOf: (index: number) => unknown): KernelPlan | undefined {
    const columns: PlannedColumn[] = [];
    const columnOfField = new Map<string, number>();
    const aggregates: KernelAggregate[] = [];
    for (const [index, { kind, field }] of fn.aggregates.entries()) {
      if (kind === "count") continue;
      const kernelKind = KERNEL_KINDS[kind];
      const takesBoth = kernelKind === "spread";
      const sample = sampleOf(index);
      if (typeof sample !== "number" && typeof sample !== "bigint") return undefined;
      const type = typeof sample === "number" || takesBoth ? "f64" : "i64";
      // Aggregates of one field share its column.
      const name = field === undefined ? `${index}` : `${takesBoth} ${field}`;
      const column = columnOfField.get(name) ?? columns.length;
      columnOfField.set(name, column);
      if (column === columns.length) columns.push({ valueOf: fn.selectors[index]!, type, takesBoth });
      aggregates.push({ kind: kernelKind, column });
    }
    return new KernelPlan({ columns: columns.map(({ type }) => type), aggregates, maxParallelism }, columns);
  }

  /** Writes the values of a record; returns false where one is not of its column's type. */
  write(record: unknown, values: readonly KernelColumn[], row: number): boolean {
    for (let column = 0; column < this.#columns.length; column += 1) {
      const { valueOf, type, takesBoth } = this.#columns[column]!;
      const value = valueOf(record);
      if (typeof value === "number" && type === "f64") values[column]![row] = value;
      else if (typeof value !== "bigint") return false;
      else if (takesBoth) values[column]![row] = Number(value);
      else if (type === "i64" && BigInt.asIntN(64, value) === value) values[column]![row] = value;
      else return false;
    }
    return true;
  }

  /** Writes an accumulator to row 0; returns false where one of its slots is not of the type of its word. */
  writeSlots(slots: Slots, { words }: KernelOutput): boolean {
    for (let word = 0; word < words.length; word += 1) {
      const value = slots[word];
      if (this.#wordTypes[word] === "f64" ? typeof value !== "number" : typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) return false;
      words[word]![0] = value as never;
    }
    return true;
  }
}

/** An accumulator as `BuiltInAggregates` holds it. */
export function slotsAt({ words }: KernelOutput, row: number): Slots {
  const slots: Slots = [];
  for (let word = 0; word < words.length; word += 1) slots.push(words[word]![row]);
  return slots;
}
