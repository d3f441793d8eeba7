import type { Column } from "../data/column.ts";
import type { ColumnBatch } from "../data/column-batch.ts";
import { aggregateColumns } from "./aggregate-columns.ts";
import type { BuiltInAggregates } from "./built-in-aggregates.ts";
import { type Kernel, KERNEL_ROWS_MAX } from "./kernel.ts";
import type { RowRun } from "./column-panes.ts";
import { type BatchValues, copyRowsOf, KernelPlan } from "./kernel-plan.ts";
import { KeyNumbers } from "./key-numbers.ts";

/** The columns of a batch that are aggregated, and how a kernel does that. */
export interface BatchColumns {
  readonly plan: KernelPlan;
  readonly key: Column;
  readonly values: BatchValues;
  readonly timestamps: Float64Array;
}

/** Finds what a kernel takes of batches. */
export class BatchReader {
  readonly #keyColumn: string | undefined;
  readonly #aggregates: BuiltInAggregates<never, unknown>;
  readonly #maxParallelism: number;
  readonly #columnsOf: (batch: ColumnBatch) => readonly (Column | undefined)[];

  constructor(keyColumn: string | undefined, aggregates: BuiltInAggregates<never, unknown>, maxParallelism: number) {
    this.#keyColumn = keyColumn;
    this.#aggregates = aggregates;
    this.#maxParallelism = maxParallelism;
    this.#columnsOf = aggregateColumns(aggregates.aggregates);
  }

  /** Undefined where a kernel cannot take the batch. A plan that there is already decides the types; otherwise the batch does. */
  read(batch: ColumnBatch, present: KernelPlan | undefined): BatchColumns | undefined {
    const key = this.#keyColumn === undefined ? undefined : batch.column(this.#keyColumn);
    if (key === undefined || !KeyNumbers.takes(key)) return undefined;
    const columns = this.#columnsOf(batch);
    const plan = present ?? KernelPlan.forColumns(this.#aggregates, columns, this.#maxParallelism);
    const values = plan?.valuesOf(columns);
    return plan === undefined || values === undefined ? undefined : { plan, key, values, timestamps: batch.timestamps };
  }
}

/** Writes rows of batches to the input of a kernel. */
export class BatchInput {
  readonly #numbers: KeyNumbers;
  /** Of the keys of the rows at hand. */
  readonly #keys = new Int32Array(KERNEL_ROWS_MAX);

  constructor(numbers: KeyNumbers) {
    this.#numbers = numbers;
  }

  /**
   * Writes `count` rows of a run, from its number `from` on, to row `to` of the input and those behind it. Returns false where one has a key that is none.
   */
  write(kernel: Kernel, { plan, key, values, timestamps }: BatchColumns, run: RowRun, spans: Int32Array, from: number, count: number, to: number): boolean {
    const first = run.first + from;
    const rows = run.rows?.subarray(from, from + count);
    if (rows !== undefined || !this.#tookKeys(kernel, key, first, count, to)) {
      // Beside the kernel's input: a new key may make its memory grow, and then its views are others.
      if (!this.#numbers.write(key, first, rows, count, this.#keys)) return false;
      kernel.input.keys.set(this.#keys.subarray(0, count), to);
    }
    const { input } = kernel;
    input.spans.set(spans.subarray(from, from + count), to);
    if (plan.readsTimes) copyRowsOf(timestamps, input.timestamps, first, rows, count, to);
    for (let column = 0; column < values.length; column += 1) copyRowsOf(values[column]!, input.values[column]!, first, rows, count, to);
    return true;
  }

  /** The most common cases by far: each key is its own number, or a string that has one. */
  #tookKeys(kernel: Kernel, key: Column, first: number, count: number, to: number): boolean {
    if (key.kind === "string") return this.#numbers.writeKnown(key, first, count, kernel.input.keys, to);
    if (key.kind !== "i32") return false;
    kernel.input.keys.set(key.values.subarray(first, first + count), to);
    return kernel.areOwnKeys(to, count);
  }
}
