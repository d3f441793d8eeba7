import type { Column } from "../data/column.ts";
import { type ColumnBatch, presentColumn } from "../data/column-batch.ts";
import { aggregateColumns } from "./aggregate-columns.ts";
import type { BuiltInAggregates } from "./built-in-aggregates.ts";
import { type Kernel, KERNEL_ROWS_MAX } from "./kernel.ts";
import type { RowRun } from "./column-panes.ts";
import { type BatchValues, copyRowsOf, KernelPlan } from "./kernel-plan.ts";
import { KeyNumbers } from "./key-numbers.ts";
import { RecordColumns, RecordKeys } from "./record-columns.ts";

/** What is aggregated of a batch, and how a kernel does that. */
export interface BatchInput {
  readonly plan: KernelPlan;
  readonly keys: Column | RecordKeys;
  readonly values: BatchValues;
  readonly timestamps: Float64Array;
  /** Rows from here on can only be added one by one. */
  readonly rowEnd: number;
}

/** Where the keys of a batch come from. */
export interface BatchKeys {
  /** Its column; undefined: columns are not taken. */
  readonly column: string | undefined;
  /** Of a record; undefined: records are not taken. */
  readonly of: ((record: never) => unknown) | undefined;
}

/** Whether rows of it may turn out not to fit when they are written. */
export function mayRefuse({ keys }: BatchInput): boolean {
  return !(keys instanceof RecordKeys) && keys.kind === "i64";
}

/** Finds what a kernel takes of batches. */
export class BatchReader {
  readonly #keyColumn: string | undefined;
  readonly #records: RecordColumns | undefined;
  readonly #aggregates: BuiltInAggregates<never, unknown>;
  readonly #maxParallelism: number;
  readonly #columnsOf: (batch: ColumnBatch) => readonly (Column | undefined)[];

  constructor(keys: BatchKeys, aggregates: BuiltInAggregates<never, unknown>, maxParallelism: number) {
    this.#keyColumn = keys.column;
    this.#records = keys.of === undefined ? undefined : new RecordColumns(keys.of, (record) => KernelPlan.forRecord(aggregates, record, maxParallelism));
    this.#aggregates = aggregates;
    this.#maxParallelism = maxParallelism;
    this.#columnsOf = aggregateColumns(aggregates.aggregates);
  }

  /** Undefined where a kernel cannot take the batch. A plan that there is already decides the types; otherwise the batch does. */
  read(batch: ColumnBatch, known: KernelPlan | undefined): BatchInput | undefined {
    if (batch.records !== undefined) return this.#records?.read(batch, known);
    const present = (column: Column | undefined): Column | undefined => (column === undefined ? undefined : presentColumn(batch, column));
    const keys = this.#keyColumn === undefined ? undefined : present(batch.column(this.#keyColumn));
    if (keys === undefined || !KeyNumbers.takes(keys)) return undefined;
    const columns = this.#columnsOf(batch).map(present);
    const plan = known ?? KernelPlan.forColumns(this.#aggregates, columns, this.#maxParallelism);
    const values = plan?.valuesOf(columns);
    return plan === undefined || values === undefined ? undefined : { plan, keys, values, timestamps: batch.timestamps, rowEnd: batch.rowCount };
  }
}

/** Writes rows of batches to the input of a kernel. */
export class BatchWriter {
  readonly #numbers: KeyNumbers;
  /** Of the keys of the rows at hand. */
  readonly #keys = new Int32Array(KERNEL_ROWS_MAX);

  constructor(numbers: KeyNumbers) {
    this.#numbers = numbers;
  }

  /**
   * Writes `count` rows of a run, from its number `from` on, to row `to` of the input and those behind it. Returns false where one has a key that is none.
   */
  write(kernel: Kernel, { plan, keys, values, timestamps }: BatchInput, run: RowRun, spans: Int32Array, from: number, count: number, to: number): boolean {
    const first = run.first + from;
    const rows = run.rows?.subarray(from, from + count);
    if (rows !== undefined || !this.#tookKeys(kernel, keys, first, count, to)) {
      // Beside the kernel's input: a new key may make its memory grow, and then its views are others.
      if (keys instanceof RecordKeys) keys.writeNumbers(this.#numbers, first, rows, count, this.#keys);
      else if (!this.#numbers.write(keys, first, rows, count, this.#keys)) return false;
      kernel.input.keys.set(this.#keys.subarray(0, count), to);
    }
    const { input } = kernel;
    input.spans.set(spans.subarray(from, from + count), to);
    if (plan.readsTimes) copyRowsOf(timestamps, input.timestamps, first, rows, count, to);
    for (let column = 0; column < values.length; column += 1) copyRowsOf(values[column]!, input.values[column]!, first, rows, count, to);
    return true;
  }

  /** The most common cases by far: each key is its own number, or a string that has one. */
  #tookKeys(kernel: Kernel, keys: Column | RecordKeys, first: number, count: number, to: number): boolean {
    if (keys instanceof RecordKeys) {
      if (keys.areNumbers) kernel.input.keys.set(keys.numbers.subarray(first, first + count), to);
      return keys.areNumbers;
    }
    if (keys.kind === "string") return this.#numbers.writeKnown(keys, first, count, kernel.input.keys, to);
    if (keys.kind !== "i32") return false;
    kernel.input.keys.set(keys.values.subarray(first, first + count), to);
    return kernel.areOwnKeys(to, count);
  }
}
