import { copied } from "../data/copied.ts";
import { type KeyId, keyId, showKey } from "../data/key.ts";
import { type Type, types } from "../data/type.ts";
import { InvariantViolation } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import { NO_NAMESPACE, type StateTable } from "../state/keyed-state.ts";
import type { OperatorValue } from "../state/operator-state.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../time/timestamp.ts";
import type { WindowContents } from "../windows/pane-functions.ts";
import { GlobalWindow } from "../windows/time-window.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";
import { type WindowEmit, WindowEmitter } from "./window-emitter.ts";

export interface CountWindowOptions<T, K, Contents, V, Out> {
  /** Undefined for `countWindowAll`: all records have one key. */
  readonly keyOf: ((record: T) => K) | undefined;
  /** Records in a window. */
  readonly size: number;
  /** A window ends every so many records of a key; undefined for windows one after the other. */
  readonly slide: number | undefined;
  readonly contents: WindowContents<T, Contents, V>;
  readonly contentsType: Type<Contents>;
  /** Of the records, which sliding windows keep. */
  readonly recordType: Type<T>;
  readonly emit: WindowEmit<K, V, Out>;
}

/** The key of `countWindowAll`. */
const NO_KEY: KeyId = "";

/** A window in the making: how many records it has, and what they have become. */
interface Filling<Contents> {
  readonly count: number;
  readonly contents: Contents;
}

/** The last records of a key, at most `size` of them. */
interface Recent<T> {
  /** Records since the last firing. */
  readonly count: number;
  readonly records: T[];
  readonly timestamps: number[];
}

/** What both kinds of count windows hold by key, and how a record changes it. */
interface CountPanes<T, Contents> {
  /** Adds the record; returns the contents of the window that it completes. */
  add(key: KeyId, record: T, timestamp: number): Contents | undefined;
  /** Forgets every key: in BATCH, the one whose records have come. */
  clear(): void;
}

/**
 * Windows of `size` records of a key: Flink's global window with a count trigger, purging where windows do not slide, else with a
 * count evictor. Whatever time it is, a window fires with the record that completes it; one that is not complete at the end never
 * fires.
 */
export class CountWindowOperator<T, K, Contents, V, Out> implements Operator, Output<T> {
  readonly inputs: readonly Output<T>[] = [this];
  readonly #options: CountWindowOptions<T, K, Contents, V, Out>;
  readonly #context: OperatorContext;
  readonly #panes: CountPanes<T, Contents>;
  readonly #emitter: WindowEmitter<K, V, Out>;
  readonly #storedWatermark: OperatorValue<number>;
  #watermark = MIN_WATERMARK;

  constructor(options: CountWindowOptions<T, K, Contents, V, Out>, context: OperatorContext) {
    this.#options = options;
    this.#context = context;
    this.#panes = options.slide === undefined ? fillingPanes(options, context) : slidingPanes(options, options.slide, context);
    this.#emitter = new WindowEmitter({ emit: options.emit, isMerging: false, currentWatermark: () => this.#watermark }, context);
    this.#storedWatermark = context.operatorState.value("watermark", types.number, MIN_WATERMARK, "min");
  }

  open(): void {
    this.#watermark = this.#storedWatermark.get();
    this.#context.metrics.currentWatermark = this.#watermark;
    this.#emitter.open();
  }

  processRecord(record: T, timestamp: number): void {
    this.#context.metrics.recordsIn += 1;
    const key = this.#keyIdOf(record, timestamp);
    try {
      const contents = this.#panes.add(key, record, timestamp);
      if (contents === undefined) return;
      this.#emitter.emit(key, GlobalWindow.get(), this.#options.contents.values(contents), false);
    } catch (cause) {
      throw this.#failure(cause, key, record, timestamp);
    }
  }

  processWatermark(watermark: number): void {
    // The final one is passed on as often as it comes: behind a restored operator others may stand than those that it had told.
    if (watermark <= this.#watermark && watermark !== MAX_WATERMARK) return;
    this.#watermark = watermark;
    this.#context.metrics.currentWatermark = watermark;
    this.#context.output.processWatermark(watermark);
  }

  processIdleness(idle: boolean): void {
    this.#context.output.processIdleness(idle);
  }

  snapshot(): void {
    this.#storedWatermark.set(this.#watermark);
  }

  endKey(): void {
    this.#panes.clear();
    this.#emitter.endKey();
  }

  close(): void {
    this.#emitter.close();
  }

  #keyIdOf(record: T, timestamp: number): KeyId {
    if (this.#options.keyOf === undefined) return NO_KEY;
    try {
      return keyId(this.#options.keyOf(record));
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
  }

  #failure(cause: unknown, key: KeyId, record: T, timestamp: number): Error {
    // What an operator behind this one threw knows its place.
    if (cause instanceof InvariantViolation || (cause instanceof JobError && cause.place.operator !== undefined)) return cause;
    const error = this.#context.userError(cause, record, timestamp);
    return this.#options.keyOf === undefined ? error : error.at({ key: showKey(key) });
  }
}

type Held<T, Contents> = Pick<
  CountWindowOptions<T, unknown, Contents, unknown, unknown>,
  "size" | "contents" | "contentsType" | "recordType"
>;

/** One window after the other: what each becomes is all that is kept. */
function fillingPanes<T, Contents>(options: Held<T, Contents>, context: OperatorContext): CountPanes<T, Contents> {
  const { size, contents } = options;
  const table: StateTable<Filling<Contents>> = context.keyedState.table({
    name: "count-window",
    kind: "count-window",
    type: fillingType(options.contentsType),
  });
  return {
    add(key, record, timestamp) {
      const filling = table.get(key, NO_NAMESPACE);
      const grown =
        filling === undefined ? contents.create(record, timestamp) : contents.add(filling.contents, record, timestamp);
      const count = (filling?.count ?? 0) + 1;
      if (count === size) {
        table.remove(key, NO_NAMESPACE);
        return grown;
      }
      table.put(key, NO_NAMESPACE, { count, contents: grown });
      return undefined;
    },
    clear: () => clearTable(table),
  };
}

/** The last `size` records, computed anew for each firing: nothing is ever taken out of a sum. */
function slidingPanes<T, Contents>(options: Held<T, Contents>, slide: number, context: OperatorContext): CountPanes<T, Contents> {
  const { size, contents } = options;
  const table: StateTable<Recent<T>> = context.keyedState.table({
    name: "sliding-count-window",
    kind: "sliding-count-window",
    type: recentType(options.recordType),
  });
  return {
    add(key, record, timestamp) {
      const recent = table.get(key, NO_NAMESPACE) ?? { count: 0, records: [], timestamps: [] };
      const { records, timestamps } = recent;
      records.push(record);
      timestamps.push(timestamp);
      // Flink evicts when it fires; what no later firing can hold goes at once, so that state is bounded by the size where the
      // slide is longer.
      if (size < records.length) {
        records.shift();
        timestamps.shift();
      }
      const isDue = recent.count + 1 === slide;
      table.put(key, NO_NAMESPACE, { count: isDue ? 0 : recent.count + 1, records, timestamps });
      if (!isDue) return undefined;
      // Copies, since later windows hold these records too, and what is done to them here must not show there.
      let folded = contents.create(copied(records[0]!), timestamps[0]!);
      for (let index = 1; index < records.length; index += 1) folded = contents.add(folded, copied(records[index]!), timestamps[index]!);
      return folded;
    },
    clear: () => clearTable(table),
  };
}

function clearTable<V>(table: StateTable<V>): void {
  const keys: KeyId[] = [];
  table.forEach((key) => keys.push(key));
  for (const key of keys) table.remove(key, NO_NAMESPACE);
}

function fillingType<Contents>(contentsType: Type<Contents>): Type<Filling<Contents>> {
  return {
    name: `filling(${contentsType.name})`,
    write(writer, { count, contents }) {
      writer.varint(count);
      contentsType.write(writer, contents);
    },
    read: (reader) => ({ count: reader.varint(), contents: contentsType.read(reader) }),
  };
}

function recentType<T>(recordType: Type<T>): Type<Recent<T>> {
  const recordsType = types.array(recordType);
  const timestampsType = types.array(types.number);
  return {
    name: `recent(${recordType.name})`,
    write(writer, { count, records, timestamps }) {
      writer.varint(count);
      recordsType.write(writer, records);
      timestampsType.write(writer, timestamps);
    },
    read: (reader) => ({ count: reader.varint(), records: recordsType.read(reader), timestamps: timestampsType.read(reader) }),
  };
}
