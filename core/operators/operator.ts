import type { Cancellable } from "../host/host.ts";
import type { KernelModule } from "../host/kernel-module.ts";
import type { JobError } from "../lib/errors.ts";
import type { Part } from "../lib/part.ts";
import type { Timers } from "../time/timers.ts";
import type { ComponentRegistry, KeyedState } from "../state/keyed-state.ts";
import type { OperatorState } from "../state/operator-state.ts";
import type { OutputTag } from "../functions/output-tag.ts";
import type { ColumnBatch } from "../data/column-batch.ts";
import type { Accumulator } from "../functions/accumulator.ts";
import type { SourcePoll, ToEnumerator } from "./source-protocol.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";

/**
 * What takes elements: the next operator of a chain, a channel writer, a tee. Calls run to completion; nothing on the data path is async.
 * A record without a timestamp comes with NO_TIMESTAMP.
 */
export interface Output<in T> {
  processRecord(record: T, timestamp: number): void;
  /** The watermark only ever rises. */
  processWatermark(watermark: number): void;
  /**
   * Many records at once, with the watermarks between them: means exactly `processRecord` and `processWatermark` for each of them in order, with equal state,
   * results and counters. Absent where the taker works by rows; `columnsInto` calls it either way.
   *
   * Returns true where neither the taker nor anything behind it keeps memory of the batch: whoever filled that memory may fill it anew. Whoever keeps any of
   * it, or does not know, returns nothing.
   */
  processColumns?(batch: ColumnBatch): boolean | void;
  /**
   * The same for a batch that holds records as they are (`batch.records`): present where taking many of them at once is worth it, whether the taker works by columns
   * or not.
   */
  processRecords?(batch: ColumnBatch): boolean | void;
  /**
   * Takes records of a list, each with the timestamp of its number: those from `from` up to `to`, as far as they change state alone. Where one would emit anything, it
   * ends. Returns the number of the first record that it has not taken.
   */
  processRun?(records: readonly T[], timestamps: Float64Array, from: number, to: number): number;
  /** Where it takes no such batches: each row of one, as `processRecord` and `processWatermark` would, though maybe later, as credit allows. Returns the same. */
  processRowsOf?(batch: ColumnBatch): boolean | void;
  /** The whole input turned idle (true) or active again (false). */
  processIdleness(idle: boolean): void;
}

/**
 * One running instance of an operator. The runtime calls `open`, then elements through `inputs`, then `finish` when every input has ended (after
 * the final watermark), then, at the end of the whole job, `close` exactly once, also after a failure. Until then it takes part in checkpoints.
 */
export interface Operator {
  /** One Output per input; a one-input operator is its own: `inputs = [this]`. Sources have none. */
  readonly inputs: readonly Output<never>[];
  open?(): void;
  finish?(): void;
  /**
   * Every subtask of the job has finished. Called before `close`, which waits for as long as the operator blocks; not in a job that fails or is canceled.
   */
  ended?(): void;
  close?(): void;
  /** Called right before the state of this operator is written: moves into state what is still held elsewhere. */
  snapshot?(checkpointId: number): void;
  completed?(checkpointId: number): void;
  aborted?(checkpointId: number): void;
  /**
   * BATCH only: all records of one key have come. Fires every timer and pane of the key as if the watermark were MAX, without emitting a watermark,
   * and leaves no state; the watermark is MIN again afterwards.
   */
  endKey?(): void;
  /** Present on sources, which are polled instead of called. */
  readonly source?: SourcePoll;
}

/** Work that was stopped by backpressure or the turn's budget and goes on later. The task takes no further element while any is left. */
export interface SuspendedWork {
  /** Goes on until done (true) or stopped again by `mayContinue()` (false). */
  resume(): boolean;
  /** Whether a snapshot may be taken between two calls: everything not yet emitted is in state (timers, panes). Not so for an iterator of the user. */
  readonly snapshotable: boolean;
}

export interface ProcessingTimeService {
  now(): number;
  /**
   * Calls `onTime(past)` from the task, between records, once the millisecond `time` is over on the clock; `past`, at least `time`, is the last millisecond
   * that is over. One call is pending at most: a later `at` replaces it.
   */
  at(time: number, onTime: (time: number) => void): Cancellable;
}

/** Takes records on behalf of whoever submitted the job. */
export interface ResultTarget {
  take(record: unknown): void;
  /** Whether it takes more now. While false, the job waits. */
  isReady(): boolean;
  /** Calls `listener` whenever `isReady` may have become true. */
  onReady(listener: () => void): void;
  /** What was taken so far goes on its way. */
  flush(): void;
}

/** Gives records on behalf of whoever submitted the job. */
export interface Inbox {
  /** The next record, undefined where there is none yet. Once the last one of a push is taken, the submitter learns of it. */
  take(): { readonly record: unknown } | undefined;
  /** Calls `listener` whenever there may be one. */
  onArrival(listener: () => void): void;
}

/** The ways of records between the subtasks of a job and whoever submitted it, by name. */
export interface SubmitterLines {
  results(name: string): ResultTarget;
  inbox(name: string): Inbox;
}

/** Where the operator stands among its subtasks. */
export interface SubtaskInfo {
  readonly jobName: string;
  readonly operatorName: string;
  readonly uid: string;
  readonly index: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** 0 for the first run, one more after each restart. */
  readonly attempt: number;
}

export type ExecutionMode = "STREAMING" | "BATCH";

/** Everything that an operator may reach. */
export interface OperatorContext {
  readonly subtask: SubtaskInfo;
  readonly mode: ExecutionMode;
  /** How pending processing-time timers end in STREAMING with the input: they fire, stamped with their own time, or are dropped as Flink does. */
  readonly endOfInputTimers: "fire" | "drop";
  /** Panes and timers fired between two looks at the outputs' credit. */
  readonly firePanesPerTurn: number;
  readonly output: Output<unknown>;
  /** As `output`, but with one call less while nothing is held back. It is asked for with each element, and never kept. */
  readonly openOutput: Output<unknown>;
  /** Where records with this tag go; a call for each tag is made once, when the operator is built. */
  sideOutput<S>(tag: OutputTag<S>): Output<S>;
  readonly keyedState: KeyedState;
  /** Adds panes, timers or any other component to the snapshots of this operator. */
  readonly components: ComponentRegistry;
  readonly timers: Timers;
  readonly operatorState: OperatorState;
  /** Whether this subtask starts from a snapshot. */
  readonly isRestored: boolean;
  /** Calls back right before each snapshot: what fields hold is moved into state. For user functions; operators have `snapshot`. */
  beforeSnapshot(call: (checkpointId: number) => void): void;
  readonly processingTime: ProcessingTimeService;
  readonly metrics: OperatorMetrics;
  /** What computes built-in aggregates of windows in WebAssembly, where the host brings it. */
  readonly kernel: KernelModule | undefined;
  /** A number in [0, 1) from the host; seeded in simulation. */
  random(): number;
  print(line: string): void;
  /** Whether an operator that emits many records may emit one more: outputs have credit, nothing downstream is suspended, the turn's budget is not used up. */
  mayContinue(): boolean;
  /** Hands over what is left to do. Called at most once until `resume` has returned true. */
  suspend(work: SuspendedWork): void;
  /** Whether the sink or any other operator cannot take more now; the task asks no operator for records while one is blocked. Ends with `unblock`. */
  block(): void;
  unblock(): void;
  /** Sources only: `poll` may have more. Callable from anywhere. */
  wake(): void;
  /** Sources only: a message to the source's enumerator. */
  toEnumerator(message: ToEnumerator): void;
  /** Makes the job fail; callable from anywhere, for failures outside of any call of the task. */
  fail(error: JobError): void;
  /** Runs `job` as mail at or after `time` on the host's clock. */
  at(time: number, job: () => void): Cancellable;
  /** Runs `mail` in the task, between records; what hosts and connectors answer comes this way. May be called from anywhere. */
  post(mail: () => void): void;
  /** The error to throw for what a user function threw: names operator, subtask, record and timestamp. A JobError from further down passes unchanged. */
  userError(cause: unknown, record: unknown, timestamp: number): JobError;
  /** Accumulators of this subtask, merged by name into the job's result. */
  readonly accumulators: AccumulatorRegistry;
  readonly submitter: SubmitterLines;
}

export interface AccumulatorRegistry {
  /** @throws JobError INVALID_ARGUMENT when the name is taken in this subtask by another accumulator. */
  add(name: string, accumulator: Accumulator<never, unknown>): void;
}

/** What an operator does with column batches. */
export interface ColumnForm {
  /** Whether it has `processColumns`; else why it works by rows, as `explain` says it. */
  readonly takes: true | string;
  /** Whether it emits batches where it may: a source of columns, or what makes a batch of a batch. */
  readonly gives: boolean;
  /** What it makes a row of each record for nevertheless, as `explain` says it; the batch goes on all the same. */
  readonly rowByRow?: string;
}

/** What decides which parts an operator needs. */
export interface PartUse {
  readonly mode: ExecutionMode;
  /** Whether the host brings the kernel in WebAssembly. */
  readonly hasKernelModule: boolean;
  /** Whether the job goes on from a snapshot. */
  readonly isRestored: boolean;
}

/** Builds the operator for one subtask; part of the graph, made where the subtask runs, never sent. */
export interface OperatorFactory {
  /** What kind of operator this is, as `explain` names it: `map`, `window`, `sink`, … */
  readonly kind: string;
  /** What `explain` says beside the kind: window, state names, watermark strategy. Plain JSON; part of the graph fingerprint. */
  readonly details: { readonly [name: string]: string | number | boolean | readonly string[] };
  /** Whether instances call `suspend`; the chain then holds back elements for them. */
  readonly suspends?: boolean;
  /** Absent: it works by rows, because a function of the user takes them one by one. */
  readonly columns?: ColumnForm;
  /** Of windows: whether a kernel computes them, or why none does, as `explain` says it. Which kernel it is, the host decides. */
  readonly kernel?: true | string;
  /** The same of a kernel in JavaScript, where the host brings none in WebAssembly; asked where `kernel` is true. */
  readonly jsKernel?: true | string;
  /** The name under which instances get or give records by `OperatorContext.submitter`, which is made only where one does. */
  readonly submitterName?: string;
  /** What `create` needs that is not loaded with the graph. Absent: nothing. */
  parts?(use: PartUse): readonly Part<unknown>[];
  create(context: OperatorContext): Operator;
}
