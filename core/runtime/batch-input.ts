import { dynamicType } from "../data/dynamic-type.ts";
import { keyId, type KeyId } from "../data/key.ts";
import { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { JobError } from "../lib/errors.ts";
import type { Operator, OperatorContext, Output, SuspendedWork } from "../operators/operator.ts";
import { keyGroupOf } from "../state/key-groups.ts";
import { MAX_WATERMARK } from "../time/timestamp.ts";

export interface BatchInputOptions {
  /** The keyed operator behind, with `endKey`. */
  readonly operator: Operator;
  /** One per input; a constant where the operator has no key (`windowAll`). */
  readonly keys: readonly ((record: never) => unknown)[];
  /** Bound on the bytes of all records of this subtask together. */
  readonly bytesMax: number;
  readonly context: Pick<OperatorContext, "mayContinue" | "suspend" | "userError" | "subtask">;
}

interface BatchRecord {
  readonly input: number;
  readonly timestamp: number;
  /** Where its bytes begin. */
  readonly offset: number;
  readonly order: number;
}

/**
 * BATCH in front of a keyed operator: collects the whole input as bytes, then gives it key by key, each key's records by timestamp, and ends each
 * key with `endKey`. So the operator holds the state of one key at a time, and nothing is late. (Flink's sorting input for batch execution.)
 */
export class BatchInput implements Operator {
  readonly inputs: readonly Output<never>[];
  readonly #options: BatchInputOptions;
  readonly #bytes = new ByteWriter();
  readonly #keys = new Map<KeyId, BatchRecord[]>();
  #order = 0;

  constructor(options: BatchInputOptions) {
    this.#options = options;
    this.inputs = options.keys.map((keyOf, input): Output<never> => ({
      processRecord: (record, timestamp) => this.#collect(input, keyOf, record, timestamp),
      processWatermark: () => {},
      processIdleness: () => {},
    }));
  }

  finish(): void {
    const feeding = this.#feed();
    const work: SuspendedWork = { snapshotable: false, resume: () => feeding.next().done === true };
    if (!work.resume()) this.#options.context.suspend(work);
  }

  #collect(input: number, keyOf: (record: never) => unknown, record: never, timestamp: number): void {
    const { context, bytesMax } = this.#options;
    try {
      const key = keyId(keyOf(record));
      const entry: BatchRecord = { input, timestamp, offset: this.#bytes.length, order: this.#order };
      this.#order += 1;
      // Records are read back in another order, so each is written to be read by itself.
      this.#bytes.startSession();
      dynamicType.write(this.#bytes, record);
      const records = this.#keys.get(key);
      if (records === undefined) this.#keys.set(key, [entry]);
      else records.push(entry);
    } catch (cause) {
      throw context.userError(cause, record, timestamp);
    }
    if (bytesMax < this.#bytes.length) {
      throw new JobError(
        "BATCH_MEMORY_EXCEEDED",
        `BATCH sorts the input of "${context.subtask.operatorName}" in memory, and it is larger than ${bytesMax} bytes: raise batchSortBytesMax, ` +
          "raise the parallelism, or run in STREAMING mode, which keeps only state",
        { operator: context.subtask.operatorName, subtask: context.subtask.index, parallelism: context.subtask.parallelism },
      );
    }
  }

  /** Yields whenever it must stop: a generator, so that where it stands needs no fields. */
  *#feed(): Generator<void, void, void> {
    const { operator, context } = this.#options;
    const inputs = operator.inputs as readonly Output<unknown>[];
    const bytes = this.#bytes.finish();
    const groups = new Map<KeyId, number>();
    for (const key of this.#keys.keys()) groups.set(key, keyGroupOf(key, context.subtask.maxParallelism));
    // The sort is stable: keys of one group stay in the order of their first records.
    const keys = [...this.#keys.keys()].sort((a, b) => groups.get(a)! - groups.get(b)!);
    for (const key of keys) {
      const records = this.#keys.get(key)!.sort((a, b) => byTimestamp(a, b));
      this.#keys.delete(key);
      for (const { input, timestamp, offset } of records) {
        while (!context.mayContinue()) yield;
        inputs[input]!.processRecord(dynamicType.read(new ByteReader(bytes, offset)), timestamp);
      }
      while (!context.mayContinue()) yield;
      operator.endKey!();
    }
    while (!context.mayContinue()) yield;
    for (const input of inputs) input.processWatermark(MAX_WATERMARK);
  }
}

function byTimestamp(a: BatchRecord, b: BatchRecord): number {
  if (a.timestamp < b.timestamp) return -1;
  if (b.timestamp < a.timestamp) return 1;
  return a.order - b.order;
}
