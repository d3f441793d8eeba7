import { SplitQueue, splitQueueStateType, type SplitQueueState } from "../core/connectors/split-queue.ts";
import type { InputStatus, ReaderOutput, Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "../core/connectors/source.ts";
import { types, type TypeOf } from "../core/data/type.ts";
import type { Cancellable } from "../core/host/host.ts";
import { requireOptionNames } from "../core/lib/option-names.ts";
import { show } from "../core/lib/show.ts";
import { channelOf, type LogEntry, readLog, trimLog } from "./indexed-db-log.ts";
import { requireName } from "./indexed-db-stores.ts";

/** What an `IndexedDbLogSource` may be told. */
export interface IndexedDbLogSourceOptions {
  /** Removes what a completed checkpoint has read; then no other job can read it, and no earlier checkpoint be restored. Default false: the log grows. */
  readonly trim?: boolean;
}

const positionType = /* @__PURE__ */ types.object({ identity: types.string, entry: types.number, record: types.number });
const stateType = /* @__PURE__ */ splitQueueStateType(positionType);

/** Where a reader goes on: so many records of this entry have been emitted. The identity of the log is empty until it has seen an entry, whichever is the first. */
export type LogPosition = TypeOf<typeof positionType>;

const START: LogPosition = { identity: "", entry: 1, record: 0 };
/** A page that ends right behind its append tells nobody: its records are found so much later. */
const LOOK_EVERY_MS = 1_000;

/**
 * Reads a log in IndexedDB, which `appendToLog` writes to, without an end: records come as soon as they are there, from any page of the origin. It can be replayed: a restore goes on at the exact
 * record. One subtask reads; what is behind it may have any parallelism.
 *
 * @example
 * ```text
 * import { appendToLog, IndexedDbLogSource } from "tamias/web";
 *
 * const clicks = env.fromSource(new IndexedDbLogSource<Click>("clicks", { trim: true }), WatermarkStrategy.noWatermarks(), "clicks");
 * await appendToLog("clicks", [{ button: "buy" }]); // in any tab
 * ```
 */
export class IndexedDbLogSource<out T> implements Source<T, LogPosition, SplitQueueState<LogPosition>> {
  /** Only for the compiler: the records that it gives. */
  declare readonly recordType?: T;
  readonly boundedness = "CONTINUOUS_UNBOUNDED";
  readonly splitType = positionType;
  readonly enumeratorStateType = stateType;
  readonly #name: string;
  readonly #trims: boolean;

  /** @throws JobError INVALID_ARGUMENT, UNKNOWN_OPTION. */
  constructor(name: string, options: IndexedDbLogSourceOptions = {}) {
    requireName("a log", name);
    requireOptionNames("IndexedDbLogSource", options, ["trim"]);
    this.#name = name;
    this.#trims = options.trim ?? false;
  }

  describe(): string {
    return `log ${show(this.#name)} in IndexedDB`;
  }

  createEnumerator(context: SplitEnumeratorContext<LogPosition>): SplitQueue<LogPosition> {
    return SplitQueue.of(context, [START]);
  }

  restoreEnumerator(context: SplitEnumeratorContext<LogPosition>, state: SplitQueueState<LogPosition>): SplitQueue<LogPosition> {
    return SplitQueue.restored(context, state);
  }

  createReader(context: SourceReaderContext): SourceReader<T, LogPosition> {
    return new LogReader(this.#name, this.#trims, context);
  }
}

class LogReader<T> implements SourceReader<T, LogPosition> {
  readonly #name: string;
  readonly #trims: boolean;
  readonly #context: SourceReaderContext;
  #position: LogPosition | undefined;
  #entries: readonly LogEntry[] = [];
  #isReading = false;
  /** There may be entries that have not been read. */
  #mayHaveMore = true;
  #hasNoSplit = false;
  #channel: BroadcastChannel | undefined;
  #look: Cancellable | undefined;
  /** By checkpoint that has neither completed nor been given up: the first entry that it needs. */
  readonly #needed = new Map<number, number>();

  constructor(name: string, trims: boolean, context: SourceReaderContext) {
    this.#name = name;
    this.#trims = trims;
    this.#context = context;
  }

  start(): void {
    if (this.#position === undefined) this.#context.sendSplitRequest();
  }

  pollNext(output: ReaderOutput<T>): InputStatus {
    if (this.#position === undefined) return this.#hasNoSplit ? "END_OF_INPUT" : "NOTHING_AVAILABLE";
    const { identity, entry, record } = this.#position;
    const [first] = this.#entries;
    if (first === undefined) {
      if (this.#mayHaveMore && !this.#isReading) this.#read(identity, entry);
      return "NOTHING_AVAILABLE";
    }
    const isLast = first.records.length <= record + 1;
    this.#position = isLast ? { identity, entry: first.number + 1, record: 0 } : { identity, entry: first.number, record: record + 1 };
    if (isLast) this.#entries = this.#entries.slice(1);
    output.collect(first.records[record] as T);
    return "MORE_AVAILABLE";
  }

  addSplits(splits: readonly LogPosition[]): void {
    [this.#position] = splits;
    if (this.#position === undefined || this.#channel !== undefined) return;
    // Before the first look, so that nothing comes between.
    this.#channel = channelOf(this.#name);
    this.#channel.onmessage = () => this.#context.post(() => this.#wake());
    this.#planLook();
  }

  notifyNoMoreSplits(): void {
    this.#hasNoSplit = true;
  }

  snapshotState(checkpointId: number): readonly LogPosition[] {
    if (this.#position === undefined) return [];
    if (this.#trims) this.#needed.set(checkpointId, this.#position.entry);
    return [this.#position];
  }

  notifyCheckpointComplete(checkpointId: number): void {
    const entry = this.#needed.get(checkpointId);
    for (const id of this.#needed.keys()) if (id <= checkpointId) this.#needed.delete(id);
    // Where this fails, the next one removes it too.
    if (entry !== undefined) trimLog(this.#name, entry).catch(() => {});
  }

  notifyCheckpointAborted(checkpointId: number): void {
    this.#needed.delete(checkpointId);
  }

  close(): void {
    this.#channel?.close();
    this.#look?.cancel();
  }

  #read(identity: string, from: number): void {
    this.#isReading = true;
    this.#mayHaveMore = false;
    const take = (read: { readonly identity: string; readonly entries: readonly LogEntry[] }): void => {
      this.#isReading = false;
      this.#entries = read.entries;
      const [first] = read.entries;
      if (first !== undefined) {
        this.#mayHaveMore = true;
        this.#position = { ...this.#position!, identity: read.identity, entry: first.number };
      }
      this.#context.notifyAvailable();
    };
    readLog(this.#name, identity, from).then((read) => this.#context.post(() => take(read)), (cause: unknown) => this.#context.fail(cause));
  }

  #wake(): void {
    this.#mayHaveMore = true;
    this.#context.notifyAvailable();
  }

  #planLook(): void {
    this.#look = this.#context.at(this.#context.now() + LOOK_EVERY_MS, () => {
      this.#wake();
      this.#planLook();
    });
  }
}
