import type { Barrier } from "../checkpoint/barrier.ts";
import type { OperatorSnapshot } from "../checkpoint/manifest.ts";
import { partPrefix } from "../checkpoint/store-names.ts";
import type { OutputTag } from "../functions/output-tag.ts";
import type { Cancellable } from "../host/host.ts";
import type { KernelModule } from "../host/kernel-module.ts";
import { InvariantViolation } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { OperatorMetrics } from "../metrics/operator-metrics.ts";
import type {
  AccumulatorRegistry,
  ExecutionMode,
  OperatorContext,
  Output,
  ProcessingTimeService,
  SubmitterLines,
  SubtaskInfo,
  SuspendedWork,
} from "../operators/operator.ts";
import type { ToEnumerator } from "../operators/source-protocol.ts";
import { KeyedStore } from "../state/keyed-store.ts";
import type { Share } from "../state/operator-snapshot.ts";
import type { KeyedSnapshot, KeyedStateHandle, TakenSnapshot } from "../state/snapshot.ts";
import { OperatorStore } from "../state/operator-store.ts";
import { tablesAndTimers } from "../state/state-parts.ts";
import type { HeapTimers } from "../time/timer-heap.ts";
import { keyGroupOf, keyGroupRange } from "../state/key-groups.ts";
import { NO_OUTPUT } from "./outputs.ts";

/** Operator state of a subtask, kept with its first operator: how far it has read. */
export const INPUT_VALVES = "input-valves";

/** What an operator asks of the task it runs in. */
export interface TaskCalls {
  now(): number;
  random(): number;
  print(line: string): void;
  mayContinue(): boolean;
  suspend(work: SuspendedWork): void;
  block(): void;
  unblock(): void;
  wake(): void;
  toEnumerator(message: ToEnumerator): void;
  fail(error: JobError): void;
  /** Runs `job` as mail at or after the time. */
  at(time: number, job: () => void): Cancellable;
  post(mail: () => void): void;
  /** Runs between records, once the clock has reached `time` and nothing is suspended. */
  atDeadline(time: number, run: (time: number) => void): Cancellable;
}

export interface SubtaskContextOptions {
  readonly subtask: SubtaskInfo;
  /** Names its parts within a checkpoint. */
  readonly partName: string;
  readonly mode: ExecutionMode;
  readonly endOfInputTimers: "fire" | "drop";
  readonly firePanesPerTurn: number;
  readonly output: Output<unknown>;
  /** Side outputs that somebody reads, by tag id. */
  readonly sideOutputs: ReadonlyMap<string, Output<unknown>>;
  readonly accumulators: AccumulatorRegistry;
  readonly submitter: SubmitterLines;
  readonly calls: TaskCalls;
  /** Default none. */
  readonly kernel?: KernelModule | undefined;
  /** Freezes values put into state, so that a change without update is found; for tests. */
  readonly freeze: boolean;
}

/** Where the state of one operator subtask comes from after a restore. */
export interface OperatorRestore {
  readonly keyed: readonly KeyedStateHandle[];
  /** That of this subtask, or those of all that there were. */
  readonly operatorParts: readonly Uint8Array[];
  /** Which share of them is this subtask's; undefined where no operator of the job has another parallelism than it had. */
  readonly share: Share | undefined;
  readPart(part: string): Uint8Array;
}

/** The state of one operator subtask, taken and not written yet. */
export interface TakenOperator {
  readonly keyed: TakenSnapshot;
  readonly operator: Uint8Array;
}

/** The OperatorContext of one subtask, and the three stores behind it: keyed state with timers, operator state, metrics. */
export class SubtaskContext implements OperatorContext {
  readonly subtask: SubtaskInfo;
  readonly mode: ExecutionMode;
  readonly endOfInputTimers: "fire" | "drop";
  readonly firePanesPerTurn: number;
  readonly output: Output<unknown>;
  openOutput: Output<unknown>;
  readonly keyedState: KeyedStore;
  readonly components: KeyedStore;
  readonly operatorState: OperatorStore = new OperatorStore();
  readonly processingTime: ProcessingTimeService;
  readonly metrics: OperatorMetrics = new OperatorMetrics();
  readonly accumulators: AccumulatorRegistry;
  readonly submitter: SubmitterLines;
  readonly kernel: KernelModule | undefined;
  readonly #sideOutputs: ReadonlyMap<string, Output<unknown>>;
  readonly #calls: TaskCalls;
  #timers: HeapTimers | undefined;
  readonly #beforeSnapshot: ((checkpointId: number) => void)[] = [];
  #isRestored = false;

  constructor(options: SubtaskContextOptions) {
    const { subtask, calls } = options;
    const { index, parallelism, maxParallelism } = subtask;
    this.subtask = subtask;
    this.mode = options.mode;
    this.endOfInputTimers = options.endOfInputTimers;
    this.firePanesPerTurn = options.firePanesPerTurn;
    this.output = options.output;
    this.openOutput = options.output;
    this.accumulators = options.accumulators;
    this.submitter = options.submitter;
    this.kernel = options.kernel;
    this.#sideOutputs = options.sideOutputs;
    this.#calls = calls;
    this.keyedState = new KeyedStore({
      maxParallelism,
      keyGroups: keyGroupRange(index, parallelism, maxParallelism),
      partName: (checkpointId, part) => `${partPrefix(subtask.attempt, checkpointId)}${options.partName}-${part}`,
      freeze: options.freeze,
    });
    this.components = this.keyedState;
    let pending: Cancellable | undefined;
    this.processingTime = {
      now: calls.now,
      at: (time, onTime) => {
        pending?.cancel();
        // As in Flink, time `t` is over, and its timers fire, once the clock shows more than `t`: no window misses records of its last millisecond.
        pending = calls.atDeadline(time + 1, (now) => onTime(Math.max(time, now - 1)));
        return pending;
      },
    };
  }

  /** Made when they are asked for first: most operators have none. */
  get timers(): HeapTimers {
    if (this.#timers === undefined) {
      const { HeapTimers, registerTimers } = tablesAndTimers.module;
      const { maxParallelism } = this.subtask;
      this.#timers = new HeapTimers({ keyGroupOf: (key) => keyGroupOf(key, maxParallelism) });
      registerTimers(this.#timers, this.components);
    }
    return this.#timers;
  }

  sideOutput<S>(tag: OutputTag<S>): Output<S> {
    return this.#sideOutputs.get(tag.id) ?? NO_OUTPUT;
  }

  get isRestored(): boolean {
    return this.#isRestored;
  }

  beforeSnapshot(call: (checkpointId: number) => void): void {
    this.#beforeSnapshot.push(call);
  }

  random(): number {
    return this.#calls.random();
  }

  print(line: string): void {
    this.#calls.print(line);
  }

  mayContinue(): boolean {
    return this.#calls.mayContinue();
  }

  suspend(work: SuspendedWork): void {
    this.#calls.suspend(work);
  }

  block(): void {
    this.#calls.block();
  }

  unblock(): void {
    this.#calls.unblock();
  }

  wake(): void {
    this.#calls.wake();
  }

  toEnumerator(message: ToEnumerator): void {
    this.#calls.toEnumerator(message);
  }

  fail(error: JobError): void {
    this.#calls.fail(error);
  }

  at(time: number, job: () => void): Cancellable {
    return this.#calls.at(time, job);
  }

  post(mail: () => void): void {
    this.#calls.post(mail);
  }

  userError(cause: unknown, record: unknown, timestamp: number): JobError {
    // Further down the chain something of ours broke: it is not the function that called the collector.
    if (cause instanceof InvariantViolation) throw cause;
    const { operatorName, index, parallelism } = this.subtask;
    const place = {
      operator: operatorName,
      subtask: index,
      parallelism,
      ...(record === undefined ? {} : { record: show(record) }),
      ...(Number.isFinite(timestamp) ? { timestamp } : {}),
    };
    if (cause instanceof JobError) return cause.place.operator === undefined ? cause.at(place) : cause;
    const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : `the value ${show(cause)} was thrown`;
    return new JobError("USER_FUNCTION_FAILED", text, { ...place, cause });
  }

  restore(from: OperatorRestore): void {
    this.#isRestored = true;
    this.keyedState.restore(from.keyed, from.readPart);
    this.operatorState.restore(from.operatorParts, from.share);
  }

  snapshot(barrier: Barrier): OperatorSnapshot {
    return this.written(this.take(barrier));
  }

  /** Takes the state as it is. What is large may be written later. */
  take({ checkpointId, kind }: Barrier): TakenOperator {
    for (const call of this.#beforeSnapshot) call(checkpointId);
    const keyed = kind === "checkpoint" ? this.keyedState.take(checkpointId) : written(this.keyedState.savepoint(checkpointId));
    return { keyed, operator: this.operatorState.snapshot() };
  }

  /** What was taken, written to the end. */
  written({ keyed, operator }: TakenOperator): OperatorSnapshot {
    const snapshot = keyed.finish();
    this.metrics.stateBytes = operator.length;
    for (const part of snapshot.parts.values()) this.metrics.stateBytes += part.length;
    return { keyed: snapshot, operator, hasState: 0 < snapshot.handle.groups.length || this.operatorState.hasMoreThan(INPUT_VALVES) };
  }

  completed(checkpointId: number): void {
    this.keyedState.completed(checkpointId);
  }

  aborted(checkpointId: number): void {
    this.keyedState.aborted(checkpointId);
  }
}

/** A savepoint holds everything, and is written at once. */
function written(snapshot: KeyedSnapshot): TakenSnapshot {
  return { write: () => snapshot, finish: () => snapshot };
}
