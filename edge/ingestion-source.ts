import { env } from "cloudflare:workers";
import { SplitQueue, splitQueueStateType, type SplitQueueState } from "../core/connectors/split-queue.ts";
import type { InputStatus, ReaderOutput, Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "../core/connectors/source.ts";
import { types, type TypeOf } from "../core/data/type.ts";
import { JobError } from "../core/lib/errors.ts";
import { show } from "../core/lib/show.ts";
import { describeLog, type LogRead } from "./ingestion-logs.ts";
import { jobManagerIn, type ObjectsEnv } from "./objects.ts";

const positionType = /* @__PURE__ */ types.object({ identity: types.string, next: types.number });
const stateType = /* @__PURE__ */ splitQueueStateType(positionType);

/** Where a reader goes on. The identity of the log is empty until it has read a record, whichever is the first. */
export type IngestionPosition = TypeOf<typeof positionType>;

const START: IngestionPosition = { identity: "", next: 0 };

/**
 * Reads events that were posted to a job at the edge, without an end, from a log that has them on disk before the sender is answered. It can be replayed: a restore goes on at the exact record, and what a completed
 * checkpoint has read is removed, so one job at a time may read a log, and no earlier checkpoint or savepoint of it be restored. The log outlives the job: the next one that reads it goes on where the last
 * checkpoint of the one before was. One subtask reads; what is behind it may have any parallelism.
 *
 * @example
 * ```text
 * import { IngestionSource } from "tamias/edge";
 *
 * const clicks = env.enableCheckpointing("10 s").fromSource(new IngestionSource<Click>("clicks"), WatermarkStrategy.noWatermarks(), "clicks");
 * ```
 */
export class IngestionSource<out T> implements Source<T, IngestionPosition, SplitQueueState<IngestionPosition>> {
  /** Only for the compiler: the records that it gives. */
  declare readonly recordType?: T;
  readonly boundedness = "CONTINUOUS_UNBOUNDED";
  readonly splitType = positionType;
  readonly enumeratorStateType = stateType;
  readonly submitterName: string;

  /** @throws JobError INVALID_ARGUMENT for an empty name */
  constructor(name: string) {
    if (typeof name !== "string" || name === "") throw new JobError("INVALID_ARGUMENT", `an IngestionSource takes the name of its log, such as "clicks", but got ${show(name)}`);
    this.submitterName = name;
  }

  describe(): string {
    return describeLog(this.submitterName);
  }

  createEnumerator(context: SplitEnumeratorContext<IngestionPosition>): SplitQueue<IngestionPosition> {
    return SplitQueue.of(context, [START]);
  }

  restoreEnumerator(context: SplitEnumeratorContext<IngestionPosition>, state: SplitQueueState<IngestionPosition>): SplitQueue<IngestionPosition> {
    return SplitQueue.restored(context, state);
  }

  createReader(context: SourceReaderContext): SourceReader<T, IngestionPosition> {
    return new LogReader(this.submitterName, context);
  }
}

class LogReader<T> implements SourceReader<T, IngestionPosition> {
  readonly #name: string;
  readonly #context: SourceReaderContext;
  #position: IngestionPosition | undefined;
  /** From `#index` on they have not been emitted. */
  #records: readonly unknown[] = [];
  #index = 0;
  #isReading = false;
  #hasNoSplit = false;
  /** By checkpoint that has neither completed nor been given up: what it needs. */
  readonly #needed = new Map<number, IngestionPosition>();

  constructor(name: string, context: SourceReaderContext) {
    this.#name = name;
    this.#context = context;
  }

  start(): void {
    if (this.#position === undefined) this.#context.sendSplitRequest();
  }

  pollNext(output: ReaderOutput<T>): InputStatus {
    const position = this.#position;
    if (position === undefined) return this.#hasNoSplit ? "END_OF_INPUT" : "NOTHING_AVAILABLE";
    if (this.#records.length <= this.#index) {
      if (!this.#isReading) this.#read(position);
      return "NOTHING_AVAILABLE";
    }
    const record = this.#records[this.#index] as T;
    this.#index += 1;
    this.#position = { identity: position.identity, next: position.next + 1 };
    output.collect(record);
    return "MORE_AVAILABLE";
  }

  addSplits(splits: readonly IngestionPosition[]): void {
    [this.#position] = splits;
  }

  notifyNoMoreSplits(): void {
    this.#hasNoSplit = true;
  }

  snapshotState(checkpointId: number): readonly IngestionPosition[] {
    if (this.#position === undefined) return [];
    this.#needed.set(checkpointId, this.#position);
    return [this.#position];
  }

  notifyCheckpointComplete(checkpointId: number): void {
    const position = this.#needed.get(checkpointId);
    for (const id of this.#needed.keys()) if (id <= checkpointId) this.#needed.delete(id);
    if (position === undefined || position.identity === "") return;
    // Where this fails, the next one removes it too.
    jobManagerIn(env as ObjectsEnv).trimLog(this.#name, position.identity, position.next).catch(() => {});
  }

  notifyCheckpointAborted(checkpointId: number): void {
    this.#needed.delete(checkpointId);
  }

  close(): void {}

  /** The answer comes when there is something, or after a while. */
  #read({ identity, next }: IngestionPosition): void {
    this.#isReading = true;
    jobManagerIn(env as ObjectsEnv)
      .readLog(this.#name, identity, next)
      .then((read) => this.#context.post(() => this.#take(read)), (cause: unknown) => this.#context.fail(cause));
  }

  #take(read: LogRead): void {
    this.#isReading = false;
    if ("gone" in read) {
      const what = `the log ${show(this.#name)} does not go on where it had been read to when the snapshot was taken: ${read.gone}`;
      return this.#context.fail(new JobError("RESTORE_MISMATCH", what));
    }
    const [oldest] = read.chunks;
    if (oldest !== undefined) {
      const next = Math.max(this.#position!.next, oldest.first);
      this.#records = read.chunks.flatMap(({ bytes }) => JSON.parse(new TextDecoder().decode(bytes)) as unknown[]);
      this.#index = next - oldest.first;
      this.#position = { identity: read.identity, next };
    }
    this.#context.notifyAvailable();
  }
}
