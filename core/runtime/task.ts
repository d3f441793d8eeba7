import { JobError } from "../lib/errors.ts";
import { RingBuffer } from "../lib/ring-buffer.ts";
import type { Cancellable, Host } from "../host/host.ts";
import type { SuspendedWork } from "../operators/operator.ts";
import type { ToReader } from "../operators/source-protocol.ts";
import { MAX_WATERMARK } from "../time/timestamp.ts";
import type { Barrier } from "../checkpoint/barrier.ts";
import type { TaskSnapshot } from "../checkpoint/manifest.ts";
import type { BuiltChain, Chain, TakenTask, TaskTime } from "./chain.ts";
import type { InputGate } from "./input-gate.ts";
import type { CreditGauge } from "./lane.ts";
import type { SourceThrottle } from "./source-throttle.ts";
import type { Suspensions } from "./suspensions.ts";

/** Records that a task takes before others get their turn. */
export const TURN_RECORDS_MAX = 2_000;

export type TaskState = "CREATED" | "RUNNING" | "FINISHED" | "CANCELED" | "FAILED";

/** What a task tells the job that runs it. */
export interface TaskListener {
  onSnapshot(task: Task, barrier: Barrier, snapshot: TaskSnapshot): void;
  onFinished(task: Task): void;
  /** All of its operators have ended. */
  onEnded(task: Task): void;
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
  readonly #control = new RingBuffer<Barrier | ToReader>();
  /** Snapshots that are taken and not written to their end. */
  readonly #taken = new RingBuffer<TakenTask>();
  #scheduled = false;
  #recordBudget = 0;
  #fireBudget = 0;
  #sourceHasMore = true;
  /** The savepoint that the job stops with, where it was taken here: nothing comes behind it, so that what is seen of the job ends where the savepoint does. */
  #stoppedAt: number | undefined;
  #throttle: SourceThrottle | undefined;
  /** Pending while the throttle holds the source back for a time that is known. */
  #throttled: Cancellable | undefined;
  /** Checkpoints up to this one have been given up: none of them need begin any more. */
  #abortedUntil = -1;
  /** Next operator to finish; −1 while input is open. */
  #finishing = -1;
  #ended = false;
  /** Whether it waits for its operators to end. */
  #isEnding = false;
  #isClosed = false;
  /** Calls into the chain that have not returned: while there are any, closing it waits, since a function may end its own job. */
  #callDepth = 0;
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
    if (!this.#takesMail()) return;
    this.#mail.push(mail);
    this.schedule();
  }

  /** Runs `job` as mail at or after `time`. Neither here nor with a deadline does anything of a task that is closed keep the host awake. */
  at(time: number, job: () => void): Cancellable {
    return this.#wakeAt(time, (call) => this.post(() => call(time)), job);
  }

  /**
   * Runs `run(now)` at or after `time`, between records, when nothing is suspended, so that timers meet operators at rest. Behind the end of the input only
   * `finish` decides what still fires.
   */
  atDeadline(time: number, run: (time: number) => void): Cancellable {
    const postDue = (call: (now: number) => void): void => {
      if (0 <= this.#finishing) return;
      this.#due.push(call);
      this.schedule();
    };
    return this.#wakeAt(time, postDue, run);
  }

  /** A call that is cancelled never comes, not even where its time had come and it waited in a queue. */
  #wakeAt(time: number, post: (call: (now: number) => void) => void, job: (now: number) => void): Cancellable {
    if (!this.#takesMail()) return { cancel: () => {} };
    let isCancelled = false;
    const timer = this.#options.host.scheduler.at(time, () => {
      this.#timers.delete(timer);
      if (!this.#takesMail()) return;
      post((now) => {
        if (!isCancelled) job(now);
      });
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        isCancelled = true;
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
    if (this.#isHeldUp() || 0 <= this.suspensions.highest || this.#recordBudget <= 0) return false;
    this.#recordBudget -= 1;
    if (isTimeToLook(this.#recordBudget) && this.#options.host.shouldYield()) this.#recordBudget = 0;
    return true;
  }

  countFurther(records: number): void {
    this.#recordBudget -= records;
    if (this.#options.host.shouldYield()) this.#recordBudget = 0;
  }

  mayContinue(position: number): boolean {
    if (this.#isHeldUp() || position < this.suspensions.highest || this.#fireBudget <= 0) return false;
    this.#fireBudget -= 1;
    if (isTimeToLook(this.#fireBudget) && this.#options.host.shouldYield()) this.#fireBudget = 0;
    return true;
  }

  /** Whether an operator may be given another row of a batch that was taken as a whole. */
  mayPass(position: number): boolean {
    return !this.#isHeldUp() && this.suspensions.highest <= position;
  }

  suspend(position: number, work: SuspendedWork): void {
    this.suspensions.suspend(position, work);
    this.schedule();
  }

  onAligned(barrier: Barrier, alignmentMs: number): void {
    this.#takeSnapshot(barrier, alignmentMs);
  }

  /** Sources: a checkpoint begins here, in order with what the enumerator sends. Other tasks get it by barriers. */
  trigger(barrier: Barrier): void {
    if (this.#gate !== undefined || this.#isClosed) return;
    if (this.state === "FINISHED") this.#guarded(() => this.#takeSnapshot(barrier, 0));
    else this.#pushControl(barrier);
  }

  /** Sources: how many records they may take, from now on; undefined: as many as they can. */
  throttle(throttle: SourceThrottle | undefined): void {
    if (this.chain.source === undefined) return;
    this.#throttle = throttle;
    this.#throttled?.cancel();
    this.#throttled = undefined;
    this.schedule();
  }

  /** Sources: ends the input here, as if there were no more. */
  stop(): void {
    if (this.chain.source === undefined) return;
    this.throttle(undefined);
    this.post(() => this.chain.source!.stop());
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
      this.#abortedUntil = Math.max(this.#abortedUntil, checkpointId);
      if (this.#stoppedAt === checkpointId) {
        this.#stoppedAt = undefined;
        this.schedule();
      }
      this.#gate?.abort(checkpointId);
      this.chain.aborted(checkpointId);
    });
  }

  /** Stops at once: no finishing, no flushing. `close` of every operator runs exactly once, after the call that it is in, if any, has returned. */
  cancel(): void {
    if (this.#isClosed) return;
    if (this.state !== "FINISHED") this.state = "CANCELED";
    this.#closeAtRest();
  }

  fail(error: JobError): void {
    if (this.#isClosed) return;
    this.state = "FAILED";
    this.#closeAtRest();
    this.#options.listener.onFailure(this, error);
  }

  /**
   * Every task of the job has finished, or stopped where a savepoint was taken: what waits for a checkpoint becomes visible. The listener is told when it has. What a task that has stopped still
   * had to do is part of the savepoint.
   */
  ended(): void {
    if (this.state === "RUNNING") {
      // That the savepoint is complete may wait there.
      this.#guarded(() => this.#readMail());
      if (this.state !== "RUNNING") return;
      this.state = "FINISHED";
      this.#control.clear();
      this.#due.clear();
    }
    this.#guarded(() => this.chain.ended());
    this.#isEnding = true;
    this.#endAtRest();
  }

  /** The end of a finished task, once nothing of its job can fail any more but this. */
  close(): void {
    const cause = this.#close();
    if (cause === undefined) return;
    this.state = "FAILED";
    this.#options.listener.onFailure(this, asJobError(cause));
  }

  #turn(): void {
    this.#scheduled = false;
    // Checkpoints still pass through a finished task, so that all of its readers see a barrier from every channel.
    if (this.state === "FINISHED" && !this.#isClosed) this.#turnFinished();
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

  /** A finished task reads its mail too: commits of its sinks may be under way. */
  #takesMail(): boolean {
    return this.state !== "CANCELED" && this.state !== "FAILED" && !this.#isClosed;
  }

  #turnFinished(): void {
    this.#guarded(() => {
      this.#readMail();
      this.#gate?.takeBarriers();
    });
    this.#endAtRest();
  }

  #endAtRest(): void {
    if (!this.#isEnding || 0 < this.blockedOperators || this.state !== "FINISHED" || this.#isClosed) return;
    this.#isEnding = false;
    this.#options.listener.onEnded(this);
  }

  #run(): void {
    this.#recordBudget = this.#options.turnRecordsMax ?? TURN_RECORDS_MAX;
    this.#fireBudget = this.#options.firePanesPerTurn;
    this.#readMail();
    if (this.state !== "RUNNING") return;
    this.#writeTaken();
    if (this.state !== "RUNNING") return;
    if (this.#work()) this.schedule();
    else if (this.state === "RUNNING") this.#flush(this.#options.host.clock.now());
  }

  /** What has come until now: mail that posts mail holds up nobody. */
  #readMail(): void {
    for (let left = this.#mail.length; 0 < left && 0 < this.#mail.length; left -= 1) this.#mail.shift()!();
  }

  /** One turn of work; returns whether there may be more to do right away. */
  #work(): boolean {
    this.#takeControl();
    while (0 <= this.suspensions.highest) {
      if (this.#gate !== undefined && this.#isSnapshotable()) this.#gate.takeBarriers();
      if (this.#isHeldUp()) return false;
      if (!this.suspensions.resume((position) => this.mayContinue(position))) return !this.#isHeldUp();
    }
    while (0 < this.#due.length) {
      if (this.#isHeldUp()) return false;
      if (0 <= this.suspensions.highest) return true;
      this.#due.shift()!(this.#options.host.clock.now());
    }
    if (0 <= this.suspensions.highest) return true;
    // Once more: where each turn ends in the middle of an iterable, this is the moment at which a checkpoint can begin.
    this.#takeControl();
    if (0 <= this.#finishing) return this.#finish();
    if (this.#isHeldUp()) return false;
    return this.chain.source === undefined ? this.#takeInput() : this.#pollSource();
  }

  #pushControl(item: Barrier | ToReader): void {
    if (this.state !== "RUNNING" && this.state !== "CREATED") return;
    this.#control.push(item);
    this.schedule();
  }

  /** All that is left is in state; a blocked operator may have a write under way, and a checkpoint must not take it for done. */
  #isSnapshotable(): boolean {
    return this.blockedOperators === 0 && this.suspensions.isSnapshotable;
  }

  #takeControl(): void {
    while (0 < this.#control.length) {
      const item = this.#control.peek()!;
      if ("checkpointId" in item) {
        if (!this.#isSnapshotable()) return;
        this.#control.shift();
        if (this.#abortedUntil < item.checkpointId) this.#takeSnapshot(item, 0);
      } else {
        this.#control.shift();
        this.chain.source!.receive(item);
      }
    }
  }

  /** Whether nothing more may be taken or emitted: there is no credit, an operator is blocked, the call at hand has ended the job, or it stops with the savepoint that was taken. */
  #isHeldUp(): boolean {
    return 0 < this.gauge.starvedChannels || 0 < this.blockedOperators || this.state !== "RUNNING" || this.#stoppedAt !== undefined;
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
    while (this.#sourceHasMore && !this.#isThrottled() && this.mayTake()) {
      // Before the poll: a reader may say while it is polled that there is more, and still return that there is nothing.
      this.#sourceHasMore = false;
      const source = this.chain.source!;
      const status = source.poll();
      // One of them is paid for. A batch may end the turn, and overdraws it by no more than its own length.
      if (1 < source.polledRecords) this.countFurther(source.polledRecords - 1);
      this.#throttle?.took(source.polledRecords);
      if (status === "more") this.#sourceHasMore = true;
      else if (status === "end" && this.state === "RUNNING") {
        this.chain.headOutput.processIdleness(false);
        this.chain.headOutput.processWatermark(MAX_WATERMARK);
        this.#finishing = 0;
        return true;
      }
    }
    return this.#sourceHasMore && !this.#isHeldUp() && !this.#isThrottled();
  }

  /** Where it is, and not for ever, the task has its next turn when that is over. */
  #isThrottled(): boolean {
    if (this.#throttle === undefined) return false;
    if (this.#throttled !== undefined) return true;
    const now = this.#options.host.clock.now();
    const waitMs = this.#throttle.waitMs(now);
    if (waitMs === 0) return false;
    if (waitMs === Infinity) return true;
    this.#throttled = this.at(now + waitMs, () => {
      this.#throttled = undefined;
      this.schedule();
    });
    return true;
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
    // A checkpoint that has begun passes through this source before it ends.
    if (0 < this.#control.length) return true;
    this.#readMail();
    if (this.#isHeldUp()) return false;
    this.#finishTaken();
    if (this.state !== "RUNNING") return false;
    this.state = "FINISHED";
    this.#due.clear();
    this.#options.listener.onFinished(this);
    // One more turn, which gives back the credit of buffers that were read to their end, and takes barriers that have come meanwhile.
    return true;
  }

  /** Writers flush once per turn of idleness or per buffer timeout, so that no record waits for a buffer to fill. */
  #flush(now: number): void {
    this.#lastFlush = now;
    for (const writer of this.chain.writers) writer.flush();
  }

  /** A finished task is still part of checkpoints: until its job ends, it may have to go back to one. */
  #notify(call: () => void): void {
    if (this.state !== "FINISHED") return this.post(call);
    if (this.#isClosed) return;
    this.#guarded(call);
    // Where a checkpoint was given up, barriers of the next may wait behind its own.
    this.schedule();
  }

  #takeSnapshot(barrier: Barrier, alignmentMs: number): void {
    const { clock } = this.#options.host;
    const began = clock.now();
    const taken = this.chain.take(barrier, this.#gate);
    taken.alignmentMs = alignmentMs;
    taken.syncMs = clock.now() - began;
    this.#taken.push(taken);
    if (barrier.kind === "stop") this.#stoppedAt = barrier.checkpointId;
    for (const writer of this.chain.writers) writer.barrier(barrier);
    if (this.state === "FINISHED") this.#finishTaken();
    else this.#writeTaken();
  }

  /** A piece of a snapshot in a turn: what is large holds up no record for long. */
  #writeTaken(): void {
    const taken = this.#taken.peek();
    if (taken === undefined) return;
    if (taken.write()) {
      this.#taken.shift();
      this.#options.listener.onSnapshot(this, taken.barrier, taken.finish());
    }
    if (0 < this.#taken.length) this.schedule();
  }

  #finishTaken(): void {
    while (0 < this.#taken.length) {
      const taken = this.#taken.shift()!;
      this.#options.listener.onSnapshot(this, taken.barrier, taken.finish());
    }
  }

  /** Nothing of the outside reaches the task any more. */
  #rest(): void {
    this.#mail.clear();
    this.#control.clear();
    this.#taken.clear();
    this.#due.clear();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #closeAtRest(): void {
    this.#isClosed = true;
    this.#rest();
    if (this.#callDepth === 0) this.#close();
  }

  /** Returns what closing threw, if anything. */
  #close(): unknown {
    this.#isClosed = true;
    this.#rest();
    try {
      this.chain.close();
    } catch (cause) {
      return cause ?? new Error("close threw nothing that can be shown");
    }
    return undefined;
  }

  #guarded(run: () => void): void {
    this.#callDepth += 1;
    let failure: JobError | undefined;
    try {
      run();
    } catch (cause) {
      failure = asJobError(cause);
    }
    this.#callDepth -= 1;
    if (failure !== undefined) this.fail(failure);
    if (this.#isClosed && this.#callDepth === 0) this.#close();
  }
}

/** Asking the host costs more than a record, so it is asked once in 64: functions of the user that take long leave a page's thread in time. */
function isTimeToLook(budgetLeft: number): boolean {
  return (budgetLeft & 63) === 63;
}

/** What reaches the task without a code of its own is a broken promise of ours. */
export function asJobError(cause: unknown): JobError {
  if (cause instanceof JobError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  return new JobError("INTERNAL", `an invariant of Tamias is broken: ${text}`, { cause });
}
