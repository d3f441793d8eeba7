import { CheckpointCoordinator, type CheckpointCoordinatorOptions } from "../checkpoint/checkpoint-coordinator.ts";
import { partsOfManifest } from "../checkpoint/manifest.ts";
import { loadPartsOf } from "../checkpoint/part-loader.ts";
import { jobFolder } from "../checkpoint/store-names.ts";
import { SnapshotWriter } from "../checkpoint/snapshot-writer.ts";
import type { CheckpointSettings } from "../graph/checkpoint-settings.ts";
import type { JobGraph } from "../graph/job-graph.ts";
import type { Host } from "../host/host.ts";
import type { StorageSchemes } from "../host/storage.ts";
import { JobError } from "../lib/errors.ts";
import type { JobOutcome } from "./job-attempt.ts";
import { type AttemptStart, JobRecovery, openStorage } from "./job-recovery.ts";
import { JobSnapshots, type SnapshotSubject } from "./job-snapshots.ts";
import type { LocalJob, SnapshotListener } from "./local-job.ts";
import type { RestorePoint } from "./subtasks.ts";
import { asJobError } from "./task.ts";

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
  readonly schemes: StorageSchemes;
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
  #isCanceled = false;

  constructor(options: LocalRecoveryOptions) {
    const { host, graph, schemes, startsAfresh, onEnd } = options;
    this.#options = options;
    this.#recovery = new JobRecovery({ host, graph, schemes, startsAfresh, begin: (start) => this.#load(start), onEnd });
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
    const { restore, storage, folder } = start;
    if (restore === undefined) return this.#begin(start, undefined);
    loadPartsOf(
      restore,
      storage === undefined || !restore.isOwn ? undefined : { storage, folder },
      partsOfManifest(restore.manifest),
      (parts) => {
        const readPart = (name: string): Uint8Array => {
          const bytes = parts.get(name);
          if (bytes === undefined) throw new JobError("CORRUPT_DATA", `checkpoint part ${name} is missing`);
          return bytes;
        };
        this.#begin(start, { manifest: restore.manifest, readPart, isOwn: restore.isOwn });
      },
      (error) => {
        if (error.code === "CORRUPT_DATA") this.#recovery.fallBack(error);
        else this.#recovery.attemptEnded({ status: "FAILED", error });
      },
    );
  }

  #begin({ attempt, store, storage, folder }: AttemptStart, restore: RestorePoint | undefined): void {
    const { host, graph, begin } = this.#options;
    const { checkpointing } = graph.settings;
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
    if (store === undefined || storage === undefined || checkpointing === undefined) return;
    const writer = new SnapshotWriter(storage, folder);
    const coordinator = coordinatorOf(job, { host, settings: checkpointing, store, writer, attempt });
    snapshots = new JobSnapshots(coordinator, subjectOf(job), true);
    this.#snapshots = snapshots;
    coordinator.start();
  }
}

interface LocalCoordination extends Pick<CheckpointCoordinatorOptions, "host" | "settings" | "store"> {
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
    onCompleted() {},
    fail: (error) => job.fail(error),
  });
  return coordinator;
}

/** Nothing but savepoints: of a job that takes no checkpoints. */
const SAVEPOINTS_ONLY: CheckpointSettings = {
  intervalMs: Infinity,
  timeoutMs: 600_000,
  minPauseMs: 0,
  concurrentMax: 1,
  failuresTolerated: Infinity,
  retainedMax: 1,
  mode: "EXACTLY_ONCE",
  retention: "NO_EXTERNALIZED_CHECKPOINTS",
  storage: undefined,
};

/** The savepoints of a job that takes no checkpoints. */
export function savepointsOnly(job: LocalJob, host: Host): JobSnapshots {
  const writer = new SnapshotWriter(openStorage(undefined, {}, host), "");
  return new JobSnapshots(coordinatorOf(job, { host, settings: SAVEPOINTS_ONLY, store: undefined, writer, attempt: 0 }), subjectOf(job), false);
}

function subjectOf(job: LocalJob): SnapshotSubject {
  return { endInput: () => job.subtasks.stop(), stopped: () => job.stopped() };
}

/** Keeps a savepoint where it is to lie, if anywhere. One of the two is called, once. */
export function storeSavepoint(
  bytes: Uint8Array,
  to: { readonly directory: string | undefined; readonly jobName: string; readonly host: Host; readonly storages: StorageSchemes },
  onStored: (path: string | undefined) => void,
  onFailure: (error: JobError) => void,
): void {
  const { directory, jobName, host, storages } = to;
  if (directory === undefined) return onStored(undefined);
  try {
    const storage = openStorage(directory, storages, host);
    const name = `savepoint-${jobFolder(jobName)}-${Math.floor(host.random.next() * 2 ** 48).toString(16).padStart(12, "0")}`;
    storage.putIfAbsent(
      name,
      bytes,
      () => {
        storage.close();
        onStored(`${directory.replace(/\/+$/, "")}/${name}`);
      },
      onFailure,
    );
  } catch (cause) {
    onFailure(asJobError(cause));
  }
}
