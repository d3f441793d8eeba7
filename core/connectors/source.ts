import type { Part } from "../lib/part.ts";
import type { Cancellable } from "../host/host.ts";
import type { ColumnBatch } from "../data/column-batch.ts";
import type { Type } from "../data/type.ts";
import type { Inbox } from "../operators/operator.ts";

/**
 * Flink's source contract (FLIP-27): an enumerator, one per job, finds splits and hands them to readers, one per subtask; readers turn splits into records.
 * Everything is called from one thread of control and runs to completion; what a reader waits for comes as mail.
 */
export interface Source<T, Split, EnumeratorState> {
  /** Bounded sources end; only they run in BATCH. */
  readonly boundedness: "BOUNDED" | "CONTINUOUS_UNBOUNDED";
  /** Whether readers emit column batches, as `explain` says. Absent: records, one by one. */
  readonly givesColumns?: boolean;
  /**
   * The fields of all its records, where the source knows them before it reads: an expression over another one is refused when the job is written. Absent:
   * not known, and a field that a record does not have is null.
   */
  readonly columnNames?: readonly string[] | undefined;
  /** What its readers need that is not loaded with it; for sources of this package. */
  readonly parts?: readonly Part<unknown>[];
  /** The name with which its readers call `context.inbox`. */
  readonly submitterName?: string;
  /** What `explain` shows. */
  describe(): string;
  createEnumerator(context: SplitEnumeratorContext<Split>): SplitEnumerator<Split, EnumeratorState>;
  /** Called instead of `createEnumerator` after a restore. */
  restoreEnumerator(context: SplitEnumeratorContext<Split>, state: EnumeratorState): SplitEnumerator<Split, EnumeratorState>;
  createReader(context: SourceReaderContext): SourceReader<T, Split>;
  /**
   * Names a split for `createOutputForSplit`. Where it is given, a split holds back the watermark from the moment it is assigned, whenever its reader comes
   * to open an output for it; the reader must emit its records through that output, and release it when the split is finished.
   */
  splitId?(split: Split): string;
  readonly splitType: Type<Split>;
  readonly enumeratorStateType: Type<EnumeratorState>;
}

/** What an enumerator can ask of the job: who reads, who gets which split, and time. */
export interface SplitEnumeratorContext<Split> {
  /** Number of subtasks. */
  readonly parallelism: number;
  registeredReaders(): readonly number[];
  /** Splits go to the reader as mail, in order, before any later barrier. */
  assignSplit(split: Split, subtask: number): void;
  /** Tells a reader that it gets no more; a bounded source ends when all were told and have finished their splits. */
  signalNoMoreSplits(subtask: number): void;
  sendEventToReader(subtask: number, event: unknown): void;
  /** Runs `work`, which answers by its callback at any later time; `handle` then runs as mail. For discovery (listing files, asking a broker). */
  callAsync<R>(work: (answer: (result: R) => void, failure: (cause: unknown) => void) => void, handle: (result: R) => void): void;
  /** Runs `job` at or after the time (ms since the epoch). */
  at(time: number, job: () => void): Cancellable;
  now(): number;
}

/** Finds the splits of a source and gives them to readers; one for each source of a job. */
export interface SplitEnumerator<Split, State> {
  start(): void;
  /** A reader has registered: at the start and again after its failure. */
  addReader(subtask: number): void;
  handleSplitRequest(subtask: number): void;
  /** A reader has failed: these splits were assigned to it since the last completed checkpoint and are free again. */
  addSplitsBack(splits: readonly Split[], subtask: number): void;
  handleSourceEvent?(subtask: number, event: unknown): void;
  snapshotState(checkpointId: number): State;
  notifyCheckpointComplete?(checkpointId: number): void;
  close(): void;
}

/** What a reader can ask of the task it runs in. */
export interface SourceReaderContext {
  readonly subtaskIndex: number;
  readonly parallelism: number;
  sendSplitRequest(): void;
  sendEventToEnumerator(event: unknown): void;
  /** Tells the task that `pollNext` may have more; callable from anywhere, at any time. */
  notifyAvailable(): void;
  /** Runs `mail` in the task between records; for what the world answers. */
  post(mail: () => void): void;
  /** Makes the job fail with SOURCE_FAILED, or with `cause` where that is a JobError; callable from anywhere. */
  fail(cause: unknown): void;
  at(time: number, job: () => void): Cancellable;
  now(): number;
  /** What whoever submitted the job pushes under a name: records of `client.push(name, records)`. For sources that say that they use it. */
  inbox(name: string): Inbox;
}

/** `MORE_AVAILABLE`: poll again; `NOTHING_AVAILABLE`: wait for `notifyAvailable`; `END_OF_INPUT`: never poll again. */
export type InputStatus = "MORE_AVAILABLE" | "NOTHING_AVAILABLE" | "END_OF_INPUT";

/** Where a reader emits to: the source as a whole, or one of its splits. */
export interface ReaderOutput<T> {
  /** `timestamp` (ms) is what the source knows of event time, if anything; the strategy's timestamp assigner sees it as the previous timestamp. */
  collect(record: T, timestamp?: number): void;
  /**
   * Many records at once: means exactly `collect` for each of them. The batch has no watermarks; `batch.timestamps` is what the source knows of event time,
   * −∞ where it knows nothing.
   *
   * Returns true where nobody has kept any of the batch: the arrays that it was made of may then be filled anew, for the next batch. Otherwise they must never
   * change, and the next batch needs others. Readers that make new arrays for each batch need not look.
   */
  collectColumns(batch: ColumnBatch): boolean;
  /**
   * Many records at once, a few thousand at most: means exactly `collect` for each of them in order, and costs less. `timestamps` are what the source knows of event
   * time, one a record, −∞ where it knows nothing.
   *
   * Returns true where nobody has kept the array: it may then be filled anew, with other records. Otherwise it must never change.
   */
  collectAll(records: readonly T[], timestamps?: ArrayLike<number>): boolean;
  emitWatermark(watermark: number): void;
  markIdle(): void;
  markActive(): void;
  /** An output with a watermark of its own; the source's watermark is the minimum over its splits. */
  createOutputForSplit(splitId: string): ReaderOutput<T>;
  releaseOutputForSplit(splitId: string): void;
}

/** Turns splits into records; one for each subtask. */
export interface SourceReader<T, Split> {
  start(): void;
  /** Emits at most a few records, or one batch, and returns; called while the outputs have credit. */
  pollNext(output: ReaderOutput<T>): InputStatus;
  addSplits(splits: readonly Split[]): void;
  notifyNoMoreSplits(): void;
  handleSourceEvent?(event: unknown): void;
  /** The splits still to be read, each with its position. */
  snapshotState(checkpointId: number): readonly Split[];
  notifyCheckpointComplete?(checkpointId: number): void;
  notifyCheckpointAborted?(checkpointId: number): void;
  close(): void;
}
