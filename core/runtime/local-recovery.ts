import { CheckpointCoordinator, type CheckpointCoordinatorOptions } from "../checkpoint/checkpoint-coordinator.ts";
import { CheckpointHistory } from "../checkpoint/checkpoint-history.ts";
import { partsOfManifest } from "../checkpoint/manifest.ts";
import { SnapshotWriter } from "../checkpoint/snapshot-writer.ts";
import type { JobGraph } from "../graph/job-graph.ts";
import type { Host } from "../host/host.ts";
import type { JobOutcome } from "./job-attempt.ts";
import { type AttemptStart, JobRecovery } from "./job-recovery.ts";
import { JobSnapshots, type SnapshotSubject } from "./job-snapshots.ts";
import type { LocalJob, SnapshotListener } from "./local-job.ts";
import { loadRestorePoint } from "./restore-point.ts";
import { SAVEPOINTS_ONLY } from "./savepoints-only.ts";
import type { RestorePoint } from "./subtasks.ts";
import { asJobError } from "./task.ts";

export { storeSavepoint } from "./stored-savepoint.ts";

/** What an attempt in place is told. */
export interface LocalAttempt {
  readonly attempt: number;
  readonly restore: RestorePoint | undefined;
  onEnd(outcome: JobOutcome): void;
  /** All subtasks have finished; what they have prepared may become visible when `proceed` is called. */
  beforeEnd(proceed: () => void): void;
}

export interface LocalRecoveryOptions {
  readonly graph: JobGraph;
  readonly host: Host;
  readonly startsAfresh: boolean;
  /** Makes the job of an attempt, which starts later, and not at all where it is canceled before. @throws JobError */
  begin(attempt: LocalAttempt): LocalJob;
  onEnd(outcome: JobOutcome): void;
}

/** A job in place over its attempts, with its checkpoints. */
export class LocalRecovery {
  readonly #options: LocalRecoveryOptions;
  readonly #recovery: JobRecovery;
  #job: LocalJob | undefined;
  #snapshots: JobSnapshots | undefined;
  readonly history: CheckpointHistory = new CheckpointHistory();
  #isCanceled = false;

  constructor(options: LocalRecoveryOptions) {
    const { host, graph, startsAfresh, onEnd } = options;
    this.#options = options;
    this.#recovery = new JobRecovery({ host, graph, startsAfresh, since: undefined, begin: (start) => this.#load(start), onEnd });
  }

  start(): void {
    this.#recovery.start();
  }

  cancel(): void {
    this.#isCanceled = true;
    if (this.#job === undefined) this.#recovery.cancel();
    else this.#job.cancel();
  }

  /** Of the attempt that runs; undefined before there is one, between two, and at the end. */
  get snapshots(): JobSnapshots | undefined {
    return this.#snapshots;
  }

  #load(start: AttemptStart): void {
    loadRestorePoint(
      start,
      start.restore === undefined ? [] : partsOfManifest(start.restore.manifest),
      (restore) => this.#begin(start, restore),
      (error) => {
        if (error.code === "CORRUPT_DATA" && start.restore?.isOwn === true) this.#recovery.fallBack(error);
        else this.#recovery.attemptEnded({ status: "FAILED", error });
      },
    );
  }

  #begin({ attempt, store, storage, folder }: AttemptStart, restore: RestorePoint | undefined): void {
    const { host, graph, begin } = this.#options;
    const { checkpointing } = graph.settings;
    if (restore !== undefined) this.history.restored();
    if (this.#isCanceled) return this.#recovery.attemptEnded({ status: "CANCELED" });
    let snapshots: JobSnapshots | undefined;
    const ended = (outcome: JobOutcome): void => {
      snapshots?.close();
      this.#snapshots = undefined;
      this.#job = undefined;
      this.#recovery.attemptEnded(outcome);
    };
    let job: LocalJob;
    try {
      job = begin({ attempt, restore, onEnd: ended, beforeEnd: (proceed) => (snapshots === undefined ? proceed() : snapshots.beforeEnd(proceed)) });
    } catch (cause) {
      return ended({ status: "FAILED", error: asJobError(cause) });
    }
    this.#job = job;
    if (store === undefined || storage === undefined || checkpointing === undefined) {
      snapshots = savepointsOnly(job, host);
      this.#snapshots = snapshots;
      return;
    }
    const writer = new SnapshotWriter(storage, folder);
    const coordinator = coordinatorOf(job, { host, settings: checkpointing, store, history: this.history, writer, attempt });
    snapshots = new JobSnapshots(coordinator, subjectOf(job), true);
    this.#snapshots = snapshots;
    coordinator.start();
  }
}

interface LocalCoordination extends Pick<CheckpointCoordinatorOptions, "host" | "settings" | "store" | "history"> {
  readonly writer: SnapshotWriter;
  readonly attempt: number;
}

/** A coordinator of a job whose subtasks are all here. */
function coordinatorOf(job: LocalJob, { writer, attempt, ...options }: LocalCoordination): CheckpointCoordinator {
  const listener: SnapshotListener = {
    onTaskSnapshot: ({ id }, subtask, barrier, snapshot) =>
      writer.write(
        { attempt, vertex: id, subtask },
        barrier,
        snapshot,
        (stored) => coordinator.acknowledge(id, subtask, barrier.checkpointId, stored),
        (error) => coordinator.decline(barrier.checkpointId, error),
      ),
  };
  const coordinator = new CheckpointCoordinator({
    ...options,
    graph: job.graph,
    target: {
      triggerEnumerators: (id) => job.triggerEnumerators(id),
      trigger: (barrier) => job.trigger(barrier, listener),
      notifyCompleted: (id) => job.notifyCompleted(id),
      notifyAborted: (id) => job.notifyAborted(id),
    },
    fail: (error) => job.fail(error),
  });
  return coordinator;
}

/** The savepoints of a job that takes no checkpoints. */
export function savepointsOnly(job: LocalJob, host: Host): JobSnapshots {
  const writer = new SnapshotWriter(undefined, "");
  return new JobSnapshots(coordinatorOf(job, { host, settings: SAVEPOINTS_ONLY, store: undefined, history: new CheckpointHistory(), writer, attempt: 0 }), subjectOf(job), false);
}

function subjectOf(job: LocalJob): SnapshotSubject {
  return { endInput: () => job.subtasks.stop(), stopped: () => job.stopped() };
}
