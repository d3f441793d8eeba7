import type { Barrier } from "../checkpoint/barrier.ts";
import type { TaskSnapshot } from "../checkpoint/manifest.ts";
import type { Accumulators } from "../functions/accumulators.ts";
import type { JobGraph, JobVertex } from "../graph/job-graph.ts";
import type { SubmitterLines } from "../operators/operator.ts";
import type { JobError } from "../lib/errors.ts";
import { JobAttempt, type JobOutcome, type TaskRunner } from "./job-attempt.ts";
import { NO_SUBMITTER } from "./outputs.ts";
import { type SubtaskOptions, Subtasks } from "./subtasks.ts";
import type { Task } from "./task.ts";

export type { JobOutcome } from "./job-attempt.ts";
export type { RestorePoint } from "./subtasks.ts";

/** Where and how one attempt of a job runs. */
export interface LocalJobOptions extends Omit<SubtaskOptions, "submitter"> {
  /** Absent where nobody takes results by name or pushes records. */
  readonly submitter?: SubmitterLines;
  /** See `JobAttemptOptions`; absent: at once. */
  beforeEnd?(proceed: () => void): void;
  onEnd(outcome: JobOutcome): void;
}

/** Told of a checkpoint as its parts arrive. */
export interface SnapshotListener {
  onTaskSnapshot(vertex: JobVertex, subtask: number, barrier: Barrier, snapshot: TaskSnapshot): void;
}

/** A job whose subtasks all run on one host, in one thread of control: what brings it to its end calls them directly. */
export class LocalJob {
  readonly graph: JobGraph;
  readonly subtasks: Subtasks;
  readonly #attempt: JobAttempt;
  #listener: SnapshotListener | undefined;

  constructor(graph: JobGraph, options: LocalJobOptions) {
    this.graph = graph;
    // Subtasks run once the attempt starts them, so that neither needs the other before.
    this.subtasks = new Subtasks(graph, { submitter: NO_SUBMITTER, ...options }, {
      onRunning() {},
      onSnapshot: ({ vertex, subtask }, barrier, snapshot) => this.#listener?.onTaskSnapshot(vertex, subtask, barrier, snapshot),
      onFinished: () => this.#attempt.onFinished(),
      onEnded: () => this.#attempt.ended(runner),
      onFailure: (_place, error) => this.#attempt.fail(error),
      toEnumerator: (place, message) => this.#attempt.toEnumerator(place, message),
    });
    const runner = this.#runner();
    const { host, restore, onEnd, beforeEnd = (proceed) => proceed() } = options;
    this.#attempt = new JobAttempt(graph, { host, restore, runners: [runner], runnerOf: () => runner, beforeEnd, onEnd });
  }

  get outcome(): JobOutcome | undefined {
    return this.#attempt.outcome;
  }

  get accumulators(): Accumulators {
    return this.subtasks.accumulators;
  }

  /** By vertex, then subtask. */
  get tasks(): readonly (readonly Task[])[] {
    return this.subtasks.tasks;
  }

  start(): void {
    this.#attempt.start();
  }

  cancel(): void {
    this.#attempt.cancel();
  }

  fail(error: JobError): void {
    this.#attempt.fail(error);
  }

  /** It stops where it is, as the savepoint says that was taken of it. */
  stopped(): void {
    this.#attempt.stopped();
  }

  /** The enumerators' states by uid of their source, at the beginning of a checkpoint. */
  triggerEnumerators(checkpointId: number): ReadonlyMap<string, Uint8Array> {
    return this.#attempt.triggerEnumerators(checkpointId);
  }

  /** Begins a checkpoint at every source, by mail; the listener gets what each subtask answers. */
  trigger(barrier: Barrier, listener: SnapshotListener): void {
    this.#listener = listener;
    this.#attempt.trigger(barrier);
  }

  notifyCompleted(checkpointId: number): void {
    this.#attempt.notifyCompleted(checkpointId);
  }

  notifyAborted(checkpointId: number): void {
    this.#attempt.notifyAborted(checkpointId);
  }

  #runner(): TaskRunner {
    const { subtasks } = this;
    const runner: TaskRunner = {
      start: () => subtasks.start(),
      trigger: (barrier) => subtasks.trigger(barrier),
      notifyCompleted: (checkpointId) => subtasks.notifyCompleted(checkpointId),
      notifyAborted: (checkpointId) => subtasks.notifyAborted(checkpointId),
      receive: (vertex, subtask, message) => subtasks.receive(vertex, subtask, message),
      ended: () => subtasks.ended(),
      close: () => {
        subtasks.close();
        this.#attempt.closed(runner);
      },
      cancel: () => {
        subtasks.cancel();
        this.#attempt.canceled(runner);
      },
    };
    return runner;
  }
}
