import type { CheckpointCoordinator } from "../checkpoint/checkpoint-coordinator.ts";
import type { StoredCheckpoint } from "../checkpoint/part-loader.ts";
import { encodeRecord } from "../checkpoint/record.ts";
import { JobError } from "../lib/errors.ts";

/** How a savepoint is taken. */
export type SavepointManner =
  /** The job goes on. */
  | "go-on"
  /** The job ends where the savepoint is: sources emit nothing behind it, and nothing fires because of the end. */
  | "stop"
  /** The input of the job ends, everything fires, and the savepoint is what is left. */
  | "drain";

/** A savepoint was taken. `proceed(true)` lets a job end that is to end with it, `proceed(false)`, where it could not be kept, lets it go on. */
export type OnSavepoint = (bytes: Uint8Array, proceed: (isKept: boolean) => void) => void;

/** What an attempt lends to whoever takes its state. */
export interface SnapshotSubject {
  /** Ends the input of every source. */
  endInput(): void;
  /** See `JobAttempt.stopped`. */
  stopped(): void;
}

/** The savepoints of one attempt, and its last checkpoint. */
export class JobSnapshots {
  readonly #coordinator: CheckpointCoordinator;
  readonly #subject: SnapshotSubject;
  readonly #takesCheckpoints: boolean;
  #drain: { readonly onDone: OnSavepoint; readonly onFailure: (error: JobError) => void } | undefined;

  constructor(coordinator: CheckpointCoordinator, subject: SnapshotSubject, takesCheckpoints: boolean) {
    this.#coordinator = coordinator;
    this.#subject = subject;
    this.#takesCheckpoints = takesCheckpoints;
  }

  checkpoint(onDone: (checkpointId: number) => void, onFailure: (error: JobError) => void): void {
    this.#coordinator.trigger({ onDone: ({ manifest }) => onDone(manifest.checkpointId), onFailure });
  }

  savepoint(manner: SavepointManner, onDone: OnSavepoint, onFailure: (error: JobError) => void): void {
    if (this.#drain !== undefined) return onFailure(new JobError("CHECKPOINT_FAILED", "the job is being drained already: the savepoint of that is its last"));
    if (manner === "drain") {
      this.#drain = { onDone, onFailure };
      return this.#subject.endInput();
    }
    const proceed = (isKept: boolean, checkpointId: number): void => {
      if (manner !== "stop") return;
      if (isKept) this.#subject.stopped();
      else this.#coordinator.resume(checkpointId);
    };
    this.#take(manner, (bytes, checkpointId) => onDone(bytes, (isKept) => proceed(isKept, checkpointId)), onFailure);
  }

  /** All subtasks have finished: what they have prepared becomes visible when it is part of a checkpoint. */
  beforeEnd(proceed: () => void): void {
    const drain = this.#drain;
    if (drain !== undefined) {
      this.#take("stop", (bytes) => drain.onDone(bytes, proceed), (error) => {
        drain.onFailure(error);
        this.#drain = undefined;
        this.beforeEnd(proceed);
      });
    } else if (this.#takesCheckpoints) this.#coordinator.finish(proceed);
    else proceed();
  }

  /** The attempt is over. */
  close(): void {
    this.#coordinator.close();
    this.#drain?.onFailure(new JobError("CHECKPOINT_FAILED", "the job ended before its savepoint was taken"));
    this.#drain = undefined;
  }

  #take(manner: "go-on" | "stop", onDone: (bytes: Uint8Array, checkpointId: number) => void, onFailure: (error: JobError) => void): void {
    const done = (checkpoint: StoredCheckpoint): void => onDone(encodeRecord({ kind: "savepoint", epoch: 0, ...checkpoint }), checkpoint.manifest.checkpointId);
    this.#coordinator.savepoint(manner === "stop" ? "stop" : "savepoint", { onDone: done, onFailure });
  }
}
