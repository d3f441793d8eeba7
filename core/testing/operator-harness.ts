import type { OperatorSnapshot } from "../checkpoint/manifest.ts";
import type { ColumnBatch } from "../data/column-batch.ts";
import { Accumulators } from "../functions/accumulators.ts";
import type { OutputTag } from "../functions/output-tag.ts";
import type { Cancellable } from "../host/host.ts";
import type { KernelModule } from "../host/kernel-module.ts";
import { JobError } from "../lib/errors.ts";
import { Prng } from "../lib/prng.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";
import { columnsInto, rowsInto } from "../operators/columns-output.ts";
import type { ExecutionMode, Operator, OperatorFactory, Output, SuspendedWork } from "../operators/operator.ts";
import { NO_SUBMITTER } from "../runtime/outputs.ts";
import { SubtaskContext, type TaskCalls } from "../runtime/operator-context.ts";
import { keyGroupRange } from "../state/key-groups.ts";
import type { Share } from "../state/operator-snapshot.ts";
import { NO_TIMESTAMP } from "../time/timestamp.ts";

/** What an operator put out. A record of a side output names its tag. */
export type HarnessOutput =
  | { readonly kind: "record"; readonly value: unknown; readonly timestamp: number | undefined; readonly sideOutput?: string }
  | { readonly kind: "watermark"; readonly watermark: number }
  | { readonly kind: "idleness"; readonly idle: boolean };

/** The state of a harness's operator: what `OperatorHarness.restore` goes on from. */
export interface HarnessSnapshot {
  readonly operator: OperatorSnapshot;
  /** Every part that the snapshot points into, those of earlier snapshots included. */
  readonly parts: ReadonlyMap<string, Uint8Array>;
}

/** How an `OperatorHarness` runs its operator; everything has a default. */
export interface OperatorHarnessOptions {
  /** Default "STREAMING". */
  readonly mode?: ExecutionMode;
  /** Default 1. */
  readonly parallelism?: number;
  /** Zero-based index of the subtask that runs here; default 0. */
  readonly subtask?: number;
  /** Default 128. */
  readonly maxParallelism?: number;
  /** Default "fire". */
  readonly endOfInputTimers?: "fire" | "drop";
  /** Freezes values in state, so that one that is changed without `update` is found; default true. */
  readonly freeze?: boolean;
  /** Whether the output takes column batches, whose records are then told row by row; default false. */
  readonly takesColumns?: boolean;
  /** Side outputs that are read; records for other tags go nowhere, as in a job where nobody reads them. Default none. */
  readonly sideOutputs?: readonly Pick<OutputTag<never>, "id">[];
  /** How many further records each call may cause before the operator must suspend; default no bound. */
  readonly continueBudget?: number;
  /** Where the clock starts, ms since the epoch; default 0. */
  readonly processingTime?: number;
  /** Default "operator". */
  readonly name?: string;
  /** Default 0. */
  readonly attempt?: number;
  /** The kernel for window aggregates in WebAssembly; default none, so that they are computed in JavaScript. */
  readonly kernel?: KernelModule | undefined;
  /** Of `context.random()`; default 0. */
  readonly seed?: number;
}

interface Deadline {
  readonly time: number;
  readonly order: number;
  readonly run: (time: number) => void;
  /** Waits until nothing is suspended. */
  readonly betweenRecords: boolean;
}

/**
 * Runs one operator by itself, outside any job, with a clock that is moved by hand: Flink's operator test harness. Every call returns when the operator has
 * done its part; `takeOutput` gives what came out.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 * import { OperatorHarness, operatorOf } from "tamias/testing";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.fromElements(0).map((n) => n * 2).name("double");
 * const harness = new OperatorHarness(operatorOf(env.getStreamGraph(), "double"));
 * harness.open();
 * harness.element(21, 1_000);
 * console.log(harness.takeOutput()); // [ { kind: 'record', value: 42, timestamp: 1000 } ]
 * ```
 */
export class OperatorHarness {
  readonly #context: SubtaskContext;
  readonly #operator: Operator;
  readonly #accumulators = new Accumulators();
  readonly #continueBudget: number;
  readonly #parts: Map<string, Uint8Array>;
  readonly #mail: (() => void)[] = [];
  readonly #deadlines = new Set<Deadline>();
  /** Lines that the operator printed. */
  readonly printed: string[] = [];
  #output: HarnessOutput[] = [];
  #clock: number;
  #work: SuspendedWork | undefined;
  #budget = 0;
  #order = 0;
  /** Whether the clock is being moved: only then do timers fire. */
  #clockMoves = false;
  #isBlocked = false;
  #failure: JobError | undefined;

  constructor(factory: OperatorFactory, options: OperatorHarnessOptions = {}, from: readonly HarnessSnapshot[] = []) {
    this.#clock = options.processingTime ?? 0;
    this.#continueBudget = options.continueBudget ?? Infinity;
    const name = options.name ?? "operator";
    const prng = new Prng(options.seed ?? 0);
    this.#context = new SubtaskContext({
      subtask: {
        jobName: "harness",
        operatorName: name,
        uid: name,
        index: options.subtask ?? 0,
        parallelism: options.parallelism ?? 1,
        maxParallelism: options.maxParallelism ?? 128,
        attempt: options.attempt ?? 0,
      },
      partName: `${name}.${options.subtask ?? 0}`,
      mode: options.mode ?? "STREAMING",
      endOfInputTimers: options.endOfInputTimers ?? "fire",
      firePanesPerTurn: this.#continueBudget,
      output: options.takesColumns === true ? takingColumns(this.#recording(undefined)) : this.#recording(undefined),
      sideOutputs: new Map((options.sideOutputs ?? []).map((tag) => [tag.id, this.#recording(tag.id)])),
      accumulators: this.#accumulators.forSubtask(),
      submitter: NO_SUBMITTER,
      calls: this.#calls(prng),
      kernel: options.kernel,
      freeze: options.freeze ?? true,
    });
    this.#parts = new Map(from.flatMap((snapshot) => [...snapshot.parts]));
    if (0 < from.length) this.#restore(from);
    this.#operator = factory.create(this.#context);
  }

  /** A new operator that goes on from a snapshot, or from those of several subtasks. It is not open yet; snapshots that follow need larger checkpoint ids. */
  static restore(factory: OperatorFactory, from: HarnessSnapshot | readonly HarnessSnapshot[], options: OperatorHarnessOptions = {}): OperatorHarness {
    return new OperatorHarness(factory, options, "parts" in from ? [from] : from);
  }

  get metrics(): OperatorMetrics {
    return this.#context.metrics;
  }

  /** Whether the operator has work left for `resume`. */
  get isSuspended(): boolean {
    return this.#work !== undefined;
  }

  /** Whether a snapshot may be taken: nothing is left that only the suspended work knows. */
  get isSnapshotable(): boolean {
    return this.#work?.snapshotable !== false;
  }

  /** Whether the operator, a slow sink for example, asked to be given nothing for now. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  open(): void {
    this.#run(() => this.#operator.open?.());
  }

  /** A record of input 0, or of the one named. Without a timestamp it has none. */
  element(value: unknown, timestamp: number = NO_TIMESTAMP, input = 0): void {
    this.#give(() => this.#inputAt(input).processRecord(value, timestamp));
  }

  watermark(watermark: number, input = 0): void {
    this.#give(() => this.#inputAt(input).processWatermark(watermark));
  }

  /** Records and watermarks as a column batch; row by row where the input takes none. */
  columns(batch: ColumnBatch, input = 0): void {
    this.#give(() => columnsInto(this.#inputAt(input))(batch));
  }

  /** The input turns idle (true) or active (false). */
  idle(idle: boolean, input = 0): void {
    this.#give(() => this.#inputAt(input).processIdleness(idle));
  }

  /** BATCH: all records of a key have come. */
  endKey(): void {
    this.#give(() => this.#operator.endKey?.());
  }

  /** All inputs have ended, and the job with them; the final watermark must have come before. */
  finish(): void {
    this.#give(() => {
      this.#operator.finish?.();
      this.#operator.ended?.();
    });
  }

  close(): void {
    this.#deadlines.clear();
    this.#run(() => this.#operator.close?.());
  }

  /**
   * Moves the clock. Timers up to and including `time` fire by time, each seeing the clock at `time`; those that must wait for suspended work fire after it.
   * As on Flink's harness, a timer that is set for a time which the clock shows already waits until it is moved again: its millisecond is not over yet.
   */
  setProcessingTime(time: number): void {
    this.#clock = time;
    this.#run(() => {
      this.#clockMoves = true;
    });
  }

  /** Goes on with suspended work; returns whether it is done. */
  resume(): boolean {
    this.#run(() => {
      const work = this.#work;
      if (work === undefined) return;
      this.#work = undefined;
      if (!work.resume()) this.#work = work;
      // Whatever the clock had reached when firing stopped comes now.
      this.#clockMoves = true;
    });
    return this.#work === undefined;
  }

  /** What came out since the last call. */
  takeOutput(): HarnessOutput[] {
    const taken = this.#output;
    this.#output = [];
    return taken;
  }

  /** Accumulators by name. */
  accumulatorResults(): ReadonlyMap<string, unknown> {
    return this.#accumulators.results();
  }

  /** Ids ascend, over restores too. */
  snapshot(checkpointId: number): HarnessSnapshot {
    return this.takeSnapshot(checkpointId)();
  }

  /** Takes a snapshot, and returns what writes it: elements may come before it is called. */
  takeSnapshot(checkpointId: number): () => HarnessSnapshot {
    if (!this.isSnapshotable) throw misuse("no snapshot can be taken while an iterable is being pulled: call resume() until it is done");
    this.#operator.snapshot?.(checkpointId);
    const taken = this.#context.take({ checkpointId, kind: "checkpoint" });
    return () => {
      const operator = this.#context.written(taken);
      for (const [name, part] of operator.keyed.parts) this.#parts.set(name, part);
      return { operator, parts: new Map(this.#parts) };
    };
  }

  completed(checkpointId: number): void {
    this.#context.completed(checkpointId);
    this.#run(() => this.#operator.completed?.(checkpointId));
  }

  aborted(checkpointId: number): void {
    this.#context.aborted(checkpointId);
    this.#run(() => this.#operator.aborted?.(checkpointId));
  }

  #restore(from: readonly HarnessSnapshot[]): void {
    this.#context.restore({
      keyed: from.map((snapshot) => snapshot.operator.keyed.handle),
      operatorParts: from.map((snapshot) => snapshot.operator.operator),
      share: this.#shareOf(from),
      readPart: (name) => {
        const part = this.#parts.get(name);
        if (part === undefined) throw misuse(`the snapshot lacks its part ${name}`);
        return part;
      },
    });
  }

  /** Undefined where the snapshot is one of this very subtask. */
  #shareOf(from: readonly HarnessSnapshot[]): Share | undefined {
    const { index, parallelism, maxParallelism } = this.#context.subtask;
    const { first, last } = keyGroupRange(index, parallelism, maxParallelism);
    const isOwn = from.length === 1 && from.every(({ operator: { keyed } }) => keyed.handle.keyGroups.first === first && keyed.handle.keyGroups.last === last);
    return isOwn ? undefined : { index, parallelism };
  }

  #inputAt(index: number): Output<unknown> {
    const input = this.#operator.inputs[index];
    if (input === undefined) throw misuse(`the operator has ${this.#operator.inputs.length} inputs, and none with index ${index}`);
    // The operator's factory knows the type of its records, the harness does not.
    return input as Output<unknown>;
  }

  #give(call: () => void): void {
    if (this.#work !== undefined) throw misuse("the operator is suspended and takes nothing: call resume() until it returns true");
    this.#run(call);
  }

  #run(call: () => void): void {
    this.#budget = this.#continueBudget;
    call();
    this.#runDue();
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  /** Mail, and what the clock has reached, in order of time. */
  #runDue(): void {
    for (;;) {
      const mail = this.#mail.shift();
      if (mail !== undefined) {
        mail();
        continue;
      }
      const due = this.#nextDue();
      if (due === undefined) break;
      this.#deadlines.delete(due);
      due.run(due.betweenRecords ? this.#clock + 1 : this.#clock);
    }
    this.#clockMoves = false;
  }

  #nextDue(): Deadline | undefined {
    let next: Deadline | undefined;
    for (const deadline of this.#deadlines) {
      // A task fires the timers of `t` when its clock has passed `t`; here, as in Flink's harness, they fire when it is moved to `t`.
      const reached = deadline.betweenRecords ? this.#reachesBetweenRecords(deadline) : deadline.time <= this.#clock;
      if (!reached) continue;
      if (next === undefined || deadline.time < next.time || (deadline.time === next.time && deadline.order < next.order)) next = deadline;
    }
    return next;
  }

  #reachesBetweenRecords(deadline: Deadline): boolean {
    return this.#clockMoves && this.#work === undefined && deadline.time <= this.#clock + 1;
  }

  #schedule(time: number, run: (time: number) => void, betweenRecords: boolean): Cancellable {
    const deadline: Deadline = { time, order: this.#order, run, betweenRecords };
    this.#order += 1;
    this.#deadlines.add(deadline);
    return { cancel: () => this.#deadlines.delete(deadline) };
  }

  #recording(sideOutput: string | undefined): Output<unknown> {
    return {
      processRecord: (value, time) => {
        const timestamp = time === NO_TIMESTAMP ? undefined : time;
        this.#output.push({ kind: "record", value, timestamp, ...(sideOutput === undefined ? {} : { sideOutput }) });
      },
      processWatermark: (watermark) => this.#output.push({ kind: "watermark", watermark }),
      processIdleness: (idle) => this.#output.push({ kind: "idleness", idle }),
    };
  }

  #calls(prng: Prng): TaskCalls {
    return {
      now: () => this.#clock,
      random: () => prng.next(),
      print: (line) => this.printed.push(line),
      mayContinue: () => {
        this.#budget -= 1;
        return 0 <= this.#budget;
      },
      suspend: (work) => {
        this.#work = work;
      },
      block: () => {
        this.#isBlocked = true;
      },
      unblock: () => {
        this.#isBlocked = false;
      },
      wake: () => {},
      toEnumerator: () => {
        throw misuse("an operator harness has no enumerator: test a source with a job");
      },
      fail: (error) => {
        this.#failure = error;
      },
      at: (time, job) => this.#schedule(time, job, false),
      post: (mail) => this.#mail.push(mail),
      atDeadline: (time, run) => this.#schedule(time, run, true),
    };
  }
}

function takingColumns(output: Output<unknown>): Output<unknown> {
  return { ...output, processColumns: (batch) => rowsInto(output, batch) };
}

function misuse(reason: string): JobError {
  return new JobError("INVALID_ARGUMENT", reason);
}
