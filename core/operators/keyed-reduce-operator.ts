import { copied } from "../data/copied.ts";
import { type Type, types } from "../data/type.ts";
import type { ReduceFunction } from "../state/aggregation.ts";
import { NO_NAMESPACE, type StateTable } from "../state/keyed-state.ts";
import { NO_TIMESTAMP } from "../time/timestamp.ts";
import { type KeyOf, KeyedFunction } from "./keyed-function.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";

export interface KeyedReduceOptions<T> {
  readonly keyOf: KeyOf<T>;
  readonly fn: ReduceFunction<T>;
  /** Of the records; without it they are stored self-described. */
  readonly type?: Type<T>;
}

/** Kept apart from the names that a user gives to state. */
const STATE_NAME = "$reduced";

/**
 * Reduces all records of a key to one. STREAMING emits it anew after every record; BATCH emits the final one at the end of the key, with the timestamp of the
 * key's last record.
 */
export class KeyedReduceOperator<T> implements Operator, Output<T> {
  readonly inputs = [this];
  readonly #fn: ReduceFunction<T>;
  readonly #keyOf: KeyOf<T>;
  readonly #context: OperatorContext;
  readonly #function: KeyedFunction;
  readonly #reduced: StateTable<T>;
  readonly #emitsUpdates: boolean;
  #lastTimestamp = NO_TIMESTAMP;

  constructor(options: KeyedReduceOptions<T>, context: OperatorContext) {
    this.#fn = options.fn;
    this.#keyOf = options.keyOf;
    this.#context = context;
    this.#function = new KeyedFunction(options.fn, context);
    const type = options.type ?? (types.dynamic as Type<unknown> as Type<T>);
    this.#reduced = context.keyedState.table({ name: STATE_NAME, kind: "reduced", type });
    this.#emitsUpdates = context.mode === "STREAMING";
  }

  open(): void {
    this.#function.scope.open();
  }

  processRecord(record: T, timestamp: number): void {
    this.#context.metrics.recordsIn += 1;
    const key = this.#function.takeKeyOf(this.#keyOf, record, timestamp);
    const before = this.#reduced.get(key, NO_NAMESPACE);
    // The function may change what it has got first, which whoever emitted the record may still have: a collection, say.
    const after = before === undefined ? copied(record) : this.#reduce(before, record, timestamp);
    this.#reduced.put(key, NO_NAMESPACE, after);
    this.#lastTimestamp = timestamp;
    // The next record is reduced into what is kept; what was emitted must neither change with it nor change it.
    if (this.#emitsUpdates) this.#emit(copied(after), timestamp);
  }

  processWatermark(watermark: number): void {
    this.#context.metrics.currentWatermark = watermark;
    this.#context.output.processWatermark(watermark);
  }

  processIdleness(idle: boolean): void {
    this.#context.output.processIdleness(idle);
  }

  endKey(): void {
    const { key } = this.#function.cursor;
    const result = this.#reduced.get(key, NO_NAMESPACE);
    this.#reduced.remove(key, NO_NAMESPACE);
    this.#function.scope.clearStates();
    if (result !== undefined) this.#emit(result, this.#lastTimestamp);
  }

  close(): void {
    this.#function.scope.close();
  }

  #reduce(before: T, record: T, timestamp: number): T {
    this.#function.scope.enter();
    try {
      const after = this.#fn.reduce(before, record);
      if (after === undefined) throw new TypeError("reduce returned undefined: it must return both records combined");
      return after;
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
  }

  #emit(record: T, timestamp: number): void {
    this.#context.metrics.recordsOut += 1;
    this.#context.output.processRecord(record, timestamp);
  }
}
