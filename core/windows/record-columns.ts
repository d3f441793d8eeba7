import type { ColumnBatch } from "../data/column-batch.ts";
import { type KeyId, keyId } from "../data/key.ts";
import type { BatchInput } from "./kernel-batch.ts";
import type { KernelPlan } from "./kernel-plan.ts";
import type { KernelColumn } from "./kernel.ts";
import type { KeyNumbers } from "./key-numbers.ts";
import { isDirect } from "./key-slots.ts";

/** The keys of records, by row number. */
export class RecordKeys {
  /** Of keys that are their own numbers. */
  readonly numbers: Int32Array;
  /** Of all other keys. */
  readonly ids: (KeyId | undefined)[] = [];
  /** Whether there are no others. */
  areNumbers = true;

  constructor(rowCount: number) {
    this.numbers = new Int32Array(rowCount);
  }

  writeNumbers(numbers: KeyNumbers, first: number, rows: Int32Array | undefined, count: number, to: Int32Array): void {
    for (let index = 0; index < count; index += 1) {
      const row = rows === undefined ? first + index : rows[index]!;
      const key = this.ids[row];
      to[index] = key === undefined ? this.numbers[row]! : numbers.numberOf(key);
    }
  }
}

/**
 * Asks the functions of the user, all at once, for the keys and values of a batch of records: what they give is columns. The first record that has none, or
 * none that fit, ends that: it and those behind it are taken one by one, where the error names it.
 */
export class RecordColumns {
  readonly #keyOf: (record: unknown) => unknown;
  readonly #planFor: (record: unknown) => KernelPlan | undefined;
  #keys = new RecordKeys(0);
  #values: readonly KernelColumn[] = [];
  /** What the columns of values are for. Until a kernel has begun with one, each batch may bring another. */
  #plan: KernelPlan | undefined;
  /** What the columns are of. Nobody else's batch comes between two parts of one. */
  #batch: ColumnBatch | undefined;
  #input: BatchInput | undefined;

  constructor(keyOf: (record: never) => unknown, planFor: (record: unknown) => KernelPlan | undefined) {
    this.#keyOf = keyOf as (record: unknown) => unknown;
    this.#planFor = planFor;
  }

  read(batch: ColumnBatch, present: KernelPlan | undefined): BatchInput | undefined {
    if (this.#batch === batch) return this.#input;
    this.#batch = batch;
    this.#input = undefined;
    const plan = present ?? this.#firstPlan(batch);
    if (plan === undefined) return undefined;
    this.#makeRoom(plan, batch.rowCount);
    const rowEnd = this.#ask(batch, plan);
    if (0 < rowEnd) this.#input = { plan, keys: this.#keys, values: this.#values, timestamps: batch.timestamps, rowEnd };
    return this.#input;
  }

  #firstPlan(batch: ColumnBatch): KernelPlan | undefined {
    try {
      return this.#planFor(batch.rowAt(batch.rowOf(0)));
    } catch {
      return undefined;
    }
  }

  #makeRoom(plan: KernelPlan, rowCount: number): void {
    const { numbers } = this.#keys;
    if (this.#plan === plan && rowCount <= numbers.length) return;
    const room = Math.max(rowCount, numbers.length);
    this.#keys = new RecordKeys(room);
    this.#values = plan.emptyColumns(room);
    this.#plan = plan;
  }

  /** The row that ended it, or the row count. */
  #ask(batch: ColumnBatch, plan: KernelPlan): number {
    const keys = this.#keys;
    const { numbers, ids } = keys;
    const keyOf = this.#keyOf;
    const values = this.#values;
    const records = batch.records!;
    keys.areNumbers = true;
    let row = 0;
    try {
      for (let index = 0; index < batch.length; index += 1) {
        row = batch.rowOf(index);
        const record = records[row];
        const key = keyOf(record);
        if (!isDirect(key)) {
          ids[row] = keyId(key);
          keys.areNumbers = false;
        } else {
          numbers[row] = key;
          // Something of another batch may stand there.
          if (row < ids.length) ids[row] = undefined;
        }
        if (!plan.write(record, values, row)) return row;
      }
    } catch {
      return row;
    }
    return batch.rowCount;
  }
}
