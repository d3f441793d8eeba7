import { JobError } from "../lib/errors.ts";
import { RingBuffer } from "../lib/ring-buffer.ts";
import type { Cancellable, Host } from "../host/host.ts";
import type { SuspendedWork } from "../operators/operator.ts";
import type { ToReader } from "../operators/source-protocol.ts";
import { MAX_WATERMARK } from "../time/timestamp.ts";
import type { TaskSnapshot } from "../checkpoint/manifest.ts";
import type { BuiltChain, Chain, TaskTime } from "./chain.ts";
import type { InputGate } from "./input-gate.ts";
import type { CreditGauge } from "./record-writer.ts";
import type { Suspensions } from "./suspensions.ts";

/** Records that a task takes before others get their turn. */
export const TURN_RECORDS_MAX = 2_000;

export type TaskState = "CREATED" | "RUNNING" | "FINISHED" | "CANCELED" | "FAILED";

/** What a task tells the job that runs it. */
export interface TaskListener {
  onSnapshot(task: Task, checkpointId: number, snapshot: TaskSnapshot): void;
  onFinished(task: Task): void;
  onFailure(task: Task, error: JobError): void;
}

export interface TaskOptions {
  readonly host: Host;
  readonly listener: TaskListener;
  readonly bufferTimeoutMs: number;
  readonly firePanesPerTurn: number;
  /** Turns of fewer records interleave more; the simulation uses it. */
  readonly turnRecordsMax: number | undefined;
}

/**
 * One subtask: a chain of operators with its inputs and outputs, run in turns by a mailbox loop. Nothing here is async: mail, elements and turns of
 * suspended work each run to completion, in one thread of control.
 *
 * Backpressure without blocking: the task takes its next element only while every output channel has credit, no operator is blocked and no work is suspended.
 */
export class Task {
  readonly chain: Chain;
  readonly gauge: CreditGauge;
  state: TaskState = "CREATED";
  readonly suspensions: Suspensions;
  /** Operators that cannot take more now, such as a slow sink. */
  blockedOperators = 0;

  readonly #options: TaskOptions;
  readonly #gate: InputGate | undefined;
  readonly #mail = new RingBuffer<() => void>();
  readonly #due = new RingBuffer<(time: number) => void>();
  readonly #timers = new Set<Cancellable>();
  /**
   * What comes to a source from its enumerator and from the checkpoint coordinator, in one order: a split that was handed out after the
   * enumerator's snapshot must reach the reader after the reader's. A checkpoint waits until nothing but state is left of what the task does.
   */
  readonly #control = new RingBuffer<{ readonly checkpointId: number } | ToReader>();
  #scheduled = false;
  #recordBudget = 0;
  #fireBudget = 0;
  #sourceHasMore = true;
  /** Next operator to finish; −1 while input is open. */
  #finishing = -1;
  #ended = false;
  #lastFlush = 0;
  /** What the time until the next turn counts as. */
  #resting: TaskTime = "readyMs";
  #restingSince = 0;

  constructor(built: BuiltChain, gate: InputGate | undefined, gauge: CreditGauge, options: TaskOptions) {
    this.chain = built.chain;
    this.suspensions = built.suspensions;
    this.#gate = gate;
    this.gauge = gauge;
    this.#options = options;
  }

  start(): void {
    this.state = "RUNNING";
    this.#lastFlush = this.#options.host.clock.now();
    this.#restingSince = this.#lastFlush;
    this.#guarded(() => this.chain.open());
    this.schedule();
  }

  /** Asks the host for a turn. Callable at any time; a task has one turn pending at most. */
  schedule(): void {
    if (this.#scheduled || (this.state !== "RUNNING" && this.state !== "FINISHED")) return;
    this.#scheduled = true;
    this.#options.host.scheduler.post(() => this.#turn());
  }

  post(mail: () => void): void {
    if (this.state !== "RUNNING" && this.state !== "CREATED") return;
    this.#mail.push(mail);
    this.schedule();
  }

  /** Runs `run(now)` between records, when nothing is suspended, so that timers meet operators at rest. */
  postDeadline(run: (time: number) => void): void {
    this.#due.push(run);
    this.schedule();
  }

  /** Calls at or after `time`, unless the task has ended by then: nothing of a finished job keeps the host awake. */
  at(time: number, call: (task: Task) => void): Cancellable {
    const timer = this.#options.host.scheduler.at(time, () => {
      this.#timers.delete(timer);
      if (this.state === "RUNNING") call(this);
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.cancel();
      },
    };
  }

  wakeSource(): void {
    this.#sourceHasMore = true;
    this.schedule();
  }

  mayTake(): boolean {
    if (0 < this.gauge.starvedChannels || 0 < this.blockedOperators || 0 <= this.suspensions.highest || this.#recordBudget <= 0) return false;
    this.#recordBudget -= 1;
    return true;
  }

  mayContinue(position: number): boolean {
    if (0 < this.gauge.starvedChannels || 0 < this.blockedOperators || position < this.suspensions.highest || this.#fireBudget <= 0) return false;
    this.#fireBudget -= 1;
    return true;
  }

  suspend(position: number, work: SuspendedWork): void {
    this.suspensions.suspend(position, work);
    this.schedule();
  }

  onAligned(checkpointId: number): void {
    this.#takeSnapshot(checkpointId);
  }

  /** Sources: a checkpoint begins here, in order with what the enumerator sends. Other tasks get it by barriers. */
  trigger(checkpointId: number): void {
    if (this.#gate !== undefined) return;
    if (this.state === "FINISHED") this.#takeSnapshot(checkpointId);
    else this.#pushControl({ checkpointId });
  }

  /** Sources: a message from the enumerator. */
  receive(message: ToReader): void {
    this.#pushControl(message);
  }

  notifyCompleted(checkpointId: number): void {
    this.#notify(() => this.chain.completed(checkpointId));
  }

  notifyAborted(checkpointId: number): void {
    this.#notify(() => {
      this.#gate?.abort(checkpointId);
      this.chain.aborted(checkpointId);
    });
  }

  /** Stops at once: no finishing, no flushing. `close` of every operator runs exactly once. */
  cancel(): void {
    if (this.state !== "RUNNING" && this.state !== "CREATED") return;
    this.state = "CANCELED";
    this.#close(false);
  }

  fail(error: JobError): void {
    if (this.state !== "RUNNING" && this.state !== "CREATED") return;
    this.state = "FAILED";
    this.#close(false);
    this.#options.listener.onFailure(this, error);
  }

  #turn(): void {
    this.#scheduled = false;
    // Checkpoints still pass through a finished task, so that all of its readers see a barrier from every channel.
    if (this.state === "FINISHED") this.#guarded(() => this.#gate?.takeBarriers());
    if (this.state !== "RUNNING") return;
    const { host } = this.#options;
    const began = host.clock.now();
    this.chain.addTime(this.#resting, began - this.#restingSince);
    this.#guarded(() => this.#run());
    const now = host.clock.now();
    this.chain.addTime("busyMs", now - began);
    this.#restingSince = now;
    this.#resting = this.#isHeldUp() ? "backpressuredMs" : this.#scheduled ? "readyMs" : "idleMs";
    if (this.state !== "RUNNING") return;
    if (this.#options.bufferTimeoutMs <= now - this.#lastFlush) this.#flush(now);
  }

  #run(): void {
    this.#recordBudget = this.#options.turnRecordsMax ?? TURN_RECORDS_MAX;
    this.#fireBudget = this.#options.firePanesPerTurn;
    while (0 < this.#mail.length) this.#mail.shift()!();
    if (this.state !== "RUNNING") return;
    if (this.#work()) this.schedule();
    else if (this.state === "RUNNING") this.#flush(this.#options.host.clock.now());
  }

  /** One turn of work; returns whether there may be more to do right away. */
  #work(): boolean {
    this.#takeControl();
    while (0 <= this.suspensions.highest) {
      if (this.suspensions.isSnapshotable) this.#gate?.takeBarriers();
      if (0 < this.gauge.starvedChannels || 0 < this.blockedOperators) return false;
      if (!this.suspensions.resume((position) => this.mayContinue(position))) return !this.#isHeldUp();
    }
    while (0 < this.#due.length) {
      if (this.#isHeldUp()) return false;
      if (0 <= this.suspensions.highest) return true;
      this.#due.shift()!(this.#options.host.clock.now());
    }
    if (0 <= this.suspensions.highest) return true;
    if (0 <= this.#finishing) return this.#finish();
    if (this.#isHeldUp()) return false;
    return this.chain.source === undefined ? this.#takeInput() : this.#pollSource();
  }

  #pushControl(item: { readonly checkpointId: number } | ToReader): void {
    if (this.state !== "RUNNING" && this.state !== "CREATED") return;
    this.#control.push(item);
    this.schedule();
  }

  #takeControl(): void {
    while (0 < this.#control.length) {
      const item = this.#control.peek()!;
      if ("checkpointId" in item) {
        if (!this.suspensions.isSnapshotable) return;
        this.#control.shift();
        this.#takeSnapshot(item.checkpointId);
      } else {
        this.#control.shift();
        this.chain.source!.receive(item);
      }
    }
  }

  #isHeldUp(): boolean {
    return 0 < this.gauge.starvedChannels || 0 < this.blockedOperators;
  }

  #takeInput(): boolean {
    const gate = this.#gate!;
    const more = gate.take();
    if (gate.allEnded && this.suspensions.highest < 0) {
      this.#finishing = 0;
      return true;
    }
    return more && (!this.#isHeldUp() || 0 <= this.suspensions.highest);
  }

  #pollSource(): boolean {
    while (this.#sourceHasMore && this.mayTake()) {
      const status = this.chain.source!.poll();
      if (status === "nothing") this.#sourceHasMore = false;
      else if (status === "end") {
        this.#sourceHasMore = false;
        this.chain.headOutput.processIdleness(false);
        this.chain.headOutput.processWatermark(MAX_WATERMARK);
        this.#finishing = 0;
        return true;
      }
    }
    return this.#sourceHasMore && !this.#isHeldUp();
  }

  /** After the final watermark: each operator finishes, head first, when what the one before emitted has gone through. */
  #finish(): boolean {
    const { operators, writers } = this.chain;
    if (this.#finishing < operators.length) {
      if (this.#isHeldUp()) return false;
      operators[this.#finishing]!.finish?.();
      this.#finishing += 1;
      return true;
    }
    if (0 < this.blockedOperators) return false;
    if (!this.#ended) {
      this.#ended = true;
      for (const writer of writers) writer.endOfInput();
    }
    if (!writers.every((writer) => writer.isDrained)) return false;
    this.chain.settle();
    this.state = "FINISHED";
    this.#close(true);
    if (this.#isFinished()) this.#options.listener.onFinished(this);
    return false;
  }

  /** A close that threw has made the task FAILED. */
  #isFinished(): boolean {
    return this.state === "FINISHED";
  }

  /** Writers flush once per turn of idleness or per buffer timeout, so that no record waits for a buffer to fill. */
  #flush(now: number): void {
    this.#lastFlush = now;
    for (const writer of this.chain.writers) writer.flush();
  }

  /** A finished task has no mailbox any more, but its state is still part of checkpoints. */
  #notify(call: () => void): void {
    if (this.state === "FINISHED") call();
    else this.post(call);
  }

  /** After the task has finished, its state is what it ended with. */
  #takeSnapshot(checkpointId: number): void {
    const snapshot = this.chain.snapshot(checkpointId, this.#gate);
    for (const writer of this.chain.writers) writer.barrier(checkpointId);
    this.#options.listener.onSnapshot(this, checkpointId, snapshot);
  }

  #close(clean: boolean): void {
    this.#mail.clear();
    this.#control.clear();
    this.#due.clear();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    try {
      this.chain.close();
    } catch (cause) {
      if (!clean) return;
      this.state = "FAILED";
      this.#options.listener.onFailure(this, asJobError(cause));
    }
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (cause) {
      this.fail(asJobError(cause));
    }
  }
}

/** What reaches the task without a code of its own is a broken promise of ours. */
export function asJobError(cause: unknown): JobError {
  if (cause instanceof JobError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  return new JobError("INTERNAL", `an invariant of Tamias is broken: ${text}`, { cause });
}
