import type { CheckpointSettings } from "../graph/checkpoint-settings.ts";
import type { JobGraph } from "../graph/job-graph.ts";
import type { Cancellable, Host } from "../host/host.ts";
import { afterRunningFor } from "../host/running-timeout.ts";
import { JobError } from "../lib/errors.ts";
import type { Barrier, SnapshotKind } from "./barrier.ts";
import type { CheckpointHistory } from "./checkpoint-history.ts";
import type { CheckpointStatistics } from "./checkpoint-report.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import type { StoredTaskSnapshot } from "./manifest.ts";
import type { StoredCheckpoint } from "./part-loader.ts";
import { PendingCheckpoint } from "./pending-checkpoint.ts";

/** The attempt of a job whose state is taken. */
export interface CheckpointTarget {
  /** States of enumerators, by the uid of their source, before any barrier begins. */
  triggerEnumerators(checkpointId: number): ReadonlyMap<string, Uint8Array>;
  /** Begins at every source. */
  trigger(barrier: Barrier): void;
  notifyCompleted(checkpointId: number): void;
  notifyAborted(checkpointId: number): void;
}

export interface CheckpointCoordinatorOptions {
  readonly host: Pick<Host, "clock" | "scheduler" | "warn">;
  readonly graph: JobGraph;
  readonly settings: CheckpointSettings;
  /** Undefined: nothing is kept, and savepoints are all that is taken. */
  readonly store: CheckpointStore | undefined;
  readonly target: CheckpointTarget;
  readonly history: CheckpointHistory;
  /** The attempt cannot go on. */
  fail(error: JobError): void;
}

/** Somebody waits for this one. */
interface Waiting {
  onDone(checkpoint: StoredCheckpoint): void;
  onFailure(error: JobError): void;
}

/**
 * Takes the checkpoints of one attempt of a job, as in Flink: begins them by time, collects what subtasks answer, makes the complete one the latest in the store, and tells the subtasks. A
 * checkpoint that fails leaves the job as it was.
 */
export class CheckpointCoordinator {
  readonly #options: CheckpointCoordinatorOptions;
  readonly #pending = new Map<number, PendingCheckpoint>();
  readonly #waiting = new Map<number, Waiting>();
  /** Complete ones on their way into the store, one after the other. */
  readonly #complete: PendingCheckpoint[] = [];
  #isCommitting = false;
  #isCollecting = false;
  #nextId: number;
  #lastBegan: number;
  #lastEnded = -Infinity;
  #failures = 0;
  #timer: Cancellable | undefined;
  /** Nothing is begun by time any more but the last one, until it is complete. */
  #isFinishing = false;
  /** The job is to end with a savepoint. What comes behind it is not to become visible: whoever goes on from there makes it anew. */
  #isStopping = false;
  #isClosed = false;

  constructor(options: CheckpointCoordinatorOptions) {
    this.#options = options;
    this.#nextId = (options.store?.lastCheckpointId ?? 0) + 1;
    this.#lastBegan = options.host.clock.now();
  }

  /** Checkpoints begin by time from now on. */
  start(): void {
    this.#schedule();
  }

  /** Begins one now, whatever the time. */
  trigger(waiting: Waiting): void {
    if (this.#isStopping) waiting.onFailure(new JobError("CHECKPOINT_FAILED", "the job stops with a savepoint: no checkpoint is taken behind it"));
    else this.#begin("checkpoint", waiting);
  }

  /** Everything that the job is, in one piece. With `stop`, sources emit nothing behind it, unless it fails. */
  savepoint(kind: "savepoint" | "stop", waiting: Waiting): void {
    if (kind === "stop") {
      this.#isStopping = true;
      this.#timer?.cancel();
    }
    this.#begin(kind, waiting);
  }

  /** The job is not to end with the savepoint that it stopped at: its sources go on. */
  resume(checkpointId: number): void {
    this.#isStopping = false;
    this.#options.target.notifyAborted(checkpointId);
    this.#schedule();
  }

  /** A last checkpoint, tried until it is complete: what it covers may become visible then. */
  finish(onDone: () => void): void {
    const { host, settings } = this.#options;
    this.#isFinishing = true;
    this.#timer?.cancel();
    this.trigger({
      onDone,
      onFailure: () => {
        if (!this.#isClosed) this.#timer = host.scheduler.at(host.clock.now() + settings.intervalMs, () => this.finish(onDone));
      },
    });
  }

  acknowledge(vertex: number, subtask: number, checkpointId: number, stored: StoredTaskSnapshot): void {
    const pending = this.#pending.get(checkpointId);
    if (pending === undefined) this.#options.store?.drop(stored.parts.map(([name]) => name));
    else if (pending.acknowledge(vertex, subtask, stored)) this.#onComplete(pending);
  }

  /** A subtask could not store its state. */
  decline(checkpointId: number, error: JobError): void {
    const pending = this.#pending.get(checkpointId);
    if (pending !== undefined) this.#fail(pending, error);
  }

  /** The attempt is over: what is under way is given up. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    const { store } = this.#options;
    for (const pending of [...this.#pending.values(), ...this.#complete]) {
      pending.timer?.cancel();
      store?.drop(pending.newParts);
      this.#tell(pending, (waiting) => waiting.onFailure(new JobError("CHECKPOINT_FAILED", `checkpoint ${pending.barrier.checkpointId} was given up: the job has ended`)));
    }
    this.#pending.clear();
    this.#complete.length = 0;
  }

  #schedule(): void {
    const { host, settings } = this.#options;
    if (this.#isFinishing || this.#isStopping) return;
    this.#timer?.cancel();
    if (this.#isClosed || settings.concurrentMax <= this.#underWay || settings.intervalMs === Infinity) return;
    const at = Math.max(this.#lastBegan + settings.intervalMs, this.#lastEnded + settings.minPauseMs);
    this.#timer = host.scheduler.at(at, () => this.#begin("checkpoint", undefined));
  }

  get #underWay(): number {
    return this.#pending.size + this.#complete.length;
  }

  #begin(kind: SnapshotKind, waiting: Waiting | undefined): void {
    const { host, graph, settings, store, target } = this.#options;
    if (this.#isClosed) return;
    const checkpointId = this.#nextId;
    this.#nextId += 1;
    this.#lastBegan = host.clock.now();
    const pending = new PendingCheckpoint(graph, { checkpointId, kind }, this.#lastBegan);
    this.#pending.set(checkpointId, pending);
    if (waiting !== undefined) this.#waiting.set(checkpointId, waiting);
    pending.timer = afterRunningFor(host, settings.timeoutMs, () => {
      this.#fail(pending, new JobError("CHECKPOINT_FAILED", `checkpoint ${checkpointId} was not complete after ${settings.timeoutMs} ms: ${pending.progress}`));
    });
    try {
      // An enumerator that cannot give its state fails this checkpoint before it has begun anywhere.
      pending.addEnumerators(target.triggerEnumerators(checkpointId), store?.epoch ?? 0);
    } catch (cause) {
      if (cause instanceof JobError) return this.#fail(pending, cause);
      throw cause;
    }
    target.trigger(pending.barrier);
    this.#schedule();
  }

  /** One that is complete ends those before it: their subtasks are past them, and what it makes visible they do not know of. A savepoint that stands for itself ends none. */
  #onComplete(pending: PendingCheckpoint): void {
    const { checkpointId, kind } = pending.barrier;
    this.#pending.delete(checkpointId);
    pending.timer?.cancel();
    if (kind !== "savepoint") {
      for (const older of [...this.#pending.values()]) {
        if (older.barrier.kind === "checkpoint" && older.barrier.checkpointId < checkpointId) this.#giveUp(older, new JobError("CHECKPOINT_FAILED", `checkpoint ${older.barrier.checkpointId} was overtaken by ${checkpointId}`));
      }
    }
    this.#complete.push(pending);
    this.#commitNext();
  }

  #commitNext(): void {
    const pending = this.#complete[0];
    if (pending === undefined || this.#isCommitting) return;
    const { store } = this.#options;
    let checkpoint: StoredCheckpoint;
    try {
      checkpoint = pending.complete((name) => store?.part(name));
    } catch (cause) {
      this.#complete.shift();
      if (!(cause instanceof JobError)) throw cause;
      this.#fail(pending, cause);
      return this.#commitNext();
    }
    if (pending.barrier.kind === "savepoint" || store === undefined) {
      this.#completed(pending, checkpoint);
      return this.#commitNext();
    }
    this.#isCommitting = true;
    const ended = (then: () => void): void => {
      this.#isCommitting = false;
      // The attempt may have ended meanwhile: then nobody is told, and whoever goes on finds out in the store.
      if (this.#isClosed) return;
      then();
      this.#commitNext();
    };
    store.commit(
      checkpoint,
      () => ended(() => this.#completed(pending, checkpoint)),
      (error) =>
        ended(() => {
          this.#complete.shift();
          this.#fail(pending, error);
        }),
    );
  }

  #completed(pending: PendingCheckpoint, checkpoint: StoredCheckpoint): void {
    const { host, target } = this.#options;
    const { checkpointId, kind } = pending.barrier;
    this.#complete.shift();
    this.#failures = 0;
    this.#lastEnded = host.clock.now();
    // As in Flink, a savepoint that stands for itself makes nothing visible: a job may go back behind it.
    if (kind !== "savepoint") target.notifyCompleted(checkpointId);
    this.#options.history.completed(statisticsOf(pending, checkpoint, this.#lastEnded));
    this.#tell(pending, (waiting) => waiting.onDone(checkpoint));
    this.#collect();
    this.#schedule();
  }

  #collect(): void {
    const { host, store } = this.#options;
    if (this.#isCollecting || store === undefined) return;
    this.#isCollecting = true;
    const ended = (): void => {
      this.#isCollecting = false;
    };
    store.collect(ended, (error) => {
      ended();
      host.warn(`what old checkpoints have left is removed later: ${error.reason}`);
    });
  }

  #giveUp(pending: PendingCheckpoint, error: JobError): void {
    const { store, target } = this.#options;
    this.#pending.delete(pending.barrier.checkpointId);
    pending.timer?.cancel();
    if (pending.barrier.kind === "stop") this.#isStopping = false;
    store?.drop(pending.newParts);
    target.notifyAborted(pending.barrier.checkpointId);
    this.#tell(pending, (waiting) => waiting.onFailure(error));
  }

  #fail(pending: PendingCheckpoint, error: JobError): void {
    const { host, graph, settings, fail } = this.#options;
    const { checkpointId, kind } = pending.barrier;
    this.#giveUp(pending, error);
    this.#options.history.failed(error.message);
    if (error.code === "LEADERSHIP_LOST") return fail(error);
    this.#lastEnded = host.clock.now();
    if (kind === "checkpoint") {
      this.#failures += 1;
      if (settings.failuresTolerated < this.#failures) {
        const tolerated = settings.failuresTolerated === 0 ? "none is" : `${settings.failuresTolerated} are`;
        return fail(new JobError("CHECKPOINT_FAILED", `checkpoint ${checkpointId} failed, and ${tolerated} tolerated in a row: ${error.reason}`, { cause: error }));
      }
      host.warn(`checkpoint ${checkpointId} of the job "${graph.jobName}" failed, and the job goes on: ${error.reason}`);
    }
    this.#schedule();
  }

  #tell(pending: PendingCheckpoint, tell: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(pending.barrier.checkpointId);
    this.#waiting.delete(pending.barrier.checkpointId);
    if (waiting !== undefined) tell(waiting);
  }
}

function statisticsOf(pending: PendingCheckpoint, { manifest }: StoredCheckpoint, endedAt: number): CheckpointStatistics {
  const { answers, barrier } = pending;
  const bytesOf = (names: Iterable<string>): number => [...names].reduce((sum, name) => sum + (manifest.parts[name]?.bytes ?? 0), 0);
  return {
    checkpointId: barrier.checkpointId,
    kind: barrier.kind,
    durationMs: endedAt - pending.beganAt,
    alignmentMs: Math.max(0, ...answers.map(({ alignmentMs }) => alignmentMs)),
    syncMs: Math.max(0, ...answers.map(({ syncMs }) => syncMs)),
    stateBytes: bytesOf(Object.keys(manifest.parts)),
    writtenBytes: bytesOf(pending.newParts),
  };
}
