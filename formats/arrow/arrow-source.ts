import { SplitQueue, splitQueueStateType, type SplitQueueState } from "../../core/connectors/split-queue.ts";
import { SplitReader, type CursorStatus, type SplitCursor } from "../../core/connectors/split-reader.ts";
import type { ReaderOutput, Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "../../core/connectors/source.ts";
import { types } from "../../core/data/type.ts";
import { JobError } from "../../core/lib/errors.ts";
import { ArrowBatches, type ArrowOptions } from "./arrow-batches.ts";
import type { ArrowData } from "./arrow-input.ts";

/** The rows from number `position` on, counted from 0, are still to be read. */
export interface ArrowSplit {
  readonly position: number;
}

/** Arrow data, or a function that gets it: then each attempt of the job calls it when it begins to read. */
export type ArrowOrigin = ArrowData | (() => ArrowData | Promise<ArrowData>);

const splitType = /* @__PURE__ */ types.object({ position: types.number });
const stateType = /* @__PURE__ */ splitQueueStateType(splitType);
const SPLIT_ID = "all";

/**
 * The rows of Arrow data, in order, as column batches; read by one subtask. Its position is the count of rows emitted, so that a
 * restore goes on at the exact row: of the same data.
 *
 * Strings are strings; dates and timestamps are ms since the epoch; integers of 64 bits are bigints unless `int64` says otherwise.
 *
 * @example
 * ```ts
 * const flights = arrowSource<Flight>(() => fetch("flights.arrow").then((answer) => answer.arrayBuffer()));
 * env.fromSource(flights, WatermarkStrategy.noWatermarks(), "flights");
 * ```
 */
export function arrowSource<T extends object = Record<string, unknown>>(origin: ArrowOrigin, options: ArrowOptions = {}): ArrowSource<T> {
  return new ArrowSource(origin, options);
}

/** What `arrowSource` makes. */
export class ArrowSource<T extends object> implements Source<T, ArrowSplit, SplitQueueState<ArrowSplit>> {
  readonly boundedness = "BOUNDED";
  readonly givesColumns = true;
  readonly splitType = splitType;
  readonly enumeratorStateType = stateType;
  readonly #origin: ArrowOrigin;
  readonly #options: ArrowOptions;
  /** Of data that is at hand: checked where the job is written, and decoded once. */
  readonly #batches: ArrowBatches | undefined;

  /** @throws JobError as `ArrowBatches`, where the data is at hand. */
  constructor(origin: ArrowOrigin, options: ArrowOptions) {
    this.#origin = origin;
    this.#options = options;
    this.#batches = typeof origin === "function" ? undefined : new ArrowBatches(origin, options);
  }

  get columnNames(): readonly string[] | undefined {
    return this.#batches?.layout.names ?? this.#options.columns;
  }

  describe(): string {
    if (this.#batches === undefined) return "Arrow data";
    return `Arrow data of ${this.#batches.rowCount} rows (${this.#batches.layout.names!.join(", ")})`;
  }

  splitId(): string {
    return SPLIT_ID;
  }

  createEnumerator(context: SplitEnumeratorContext<ArrowSplit>): SplitQueue<ArrowSplit> {
    return SplitQueue.of(context, [{ position: 0 }]);
  }

  restoreEnumerator(context: SplitEnumeratorContext<ArrowSplit>, state: SplitQueueState<ArrowSplit>): SplitQueue<ArrowSplit> {
    return SplitQueue.restored(context, state);
  }

  createReader(context: SourceReaderContext): SourceReader<T, ArrowSplit> {
    return new SplitReader(context, { idOf: () => SPLIT_ID, open: (split) => this.#open(split, context) });
  }

  #open({ position }: ArrowSplit, context: SourceReaderContext): ArrowCursor<T> {
    if (typeof this.#origin !== "function") return new ArrowCursor(position, this.#batches!);
    const cursor = new ArrowCursor<T>(position, undefined);
    const take = (data: ArrowData): void => {
      cursor.start(new ArrowBatches(data, this.#options));
      context.notifyAvailable();
    };
    const load = this.#origin;
    // A loader that throws fails the job in the same way as one whose promise is rejected.
    void new Promise<ArrowData>((resolve) => resolve(load())).then(
      (data) => context.post(() => take(data)),
      (cause: unknown) => context.fail(cause),
    );
    return cursor;
  }
}

class ArrowCursor<T> implements SplitCursor<T, ArrowSplit> {
  #position: number;
  #batches: ArrowBatches | undefined;

  constructor(position: number, batches: ArrowBatches | undefined) {
    this.#position = position;
    if (batches !== undefined) this.start(batches);
  }

  start(batches: ArrowBatches): void {
    if (batches.rowCount < this.#position) {
      const reason = `the Arrow data has ${batches.rowCount} rows, but ${this.#position} had been read when the snapshot was taken`;
      throw new JobError("RESTORE_MISMATCH", `${reason}; restore with the data it was taken with`);
    }
    this.#batches = batches;
  }

  next(output: ReaderOutput<T>): CursorStatus {
    if (this.#batches === undefined) return "waiting";
    const batch = this.#batches.batchAt(this.#position);
    if (batch === undefined) return "done";
    this.#position += batch.rowCount;
    output.collectColumns(batch);
    return "emitted";
  }

  position(): ArrowSplit {
    return { position: this.#position };
  }

  close(): void {
    this.#batches = undefined;
  }
}
