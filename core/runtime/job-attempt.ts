import type { Barrier } from "../checkpoint/barrier.ts";
import { SourceCoordinator } from "../connectors/source-coordinator.ts";
import type { JobGraph } from "../graph/job-graph.ts";
import type { Host } from "../host/host.ts";
import { assert } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import { RingBuffer } from "../lib/ring-buffer.ts";
import type { ToEnumerator, ToReader } from "../operators/source-protocol.ts";
import type { RestorePoint, SubtaskPlace } from "./subtasks.ts";
import { asJobError } from "./task.ts";

/** How an attempt of a job has ended. */
export type JobOutcome =
  | { readonly status: "FINISHED" }
  | { readonly status: "CANCELED" }
  | { readonly status: "FAILED"; readonly error: JobError };

/** Whoever runs subtasks, here or elsewhere. Each of the last three is answered once, by the attempt's method of the same name. */
export interface TaskRunner {
  start(): void;
  trigger(barrier: Barrier): void;
  notifyCompleted(checkpointId: number): void;
  notifyAborted(checkpointId: number): void;
  receive(vertex: number, subtask: number, message: ToReader): void;
  /** Every subtask of the job has finished: what waits for a checkpoint becomes visible. */
  ended(): void;
  /** The end of finished tasks. */
  close(): void;
  /** Stops all of its subtasks at once. */
  cancel(): void;
}

export interface JobAttemptOptions {
  readonly host: Host;
  readonly restore: RestorePoint | undefined;
  /** Who runs the subtasks, and which of them. */
  readonly runners: readonly TaskRunner[];
  runnerOf(vertex: number, subtask: number): TaskRunner;
  /** All subtasks have finished. What they have prepared becomes visible when `proceed` is called, which it is unless the attempt fails. */
  beforeEnd(proceed: () => void): void;
  /** Every operator has been closed, or nobody is there any more who could close it. */
  onEnd(outcome: JobOutcome): void;
}

/** One attempt of a job, whoever runs its subtasks: runs the enumerators of its sources, and brings it to its end. */
export class JobAttempt {
  readonly #graph: JobGraph;
  readonly #options: JobAttemptOptions;
  readonly #coordinators = new Map<string, SourceCoordinator<unknown, unknown, unknown>>();
  readonly #enumeratorMail = new RingBuffer<() => void>();
  readonly #waitedFor: Record<"ended" | "closed" | "canceled", Set<TaskRunner>>;
  #hasStarted = false;
  #unfinished: number;
  #outcome: JobOutcome | undefined;

  constructor(graph: JobGraph, options: JobAttemptOptions) {
    this.#graph = graph;
    this.#options = options;
    this.#unfinished = graph.vertices.reduce((sum, { parallelism }) => sum + parallelism, 0);
    const { runners } = options;
    this.#waitedFor = { ended: new Set(runners), closed: new Set(runners), canceled: new Set(runners) };
    this.#createCoordinators();
  }

  /** Known as soon as it is decided, even if operators are still to be closed. */
  get outcome(): JobOutcome | undefined {
    return this.#outcome;
  }

  start(): void {
    const { restore, runners } = this.#options;
    this.#hasStarted = true;
    try {
      for (const [uid, coordinator] of this.#coordinators) {
        // One that failed has ended the job: the others need not begin.
        if (this.#outcome !== undefined) return;
        const part = restore?.manifest.enumerators[uid];
        if (restore !== undefined && part !== undefined) coordinator.restore(restore.readPart(part));
        coordinator.start();
      }
    } catch (cause) {
      this.fail(asJobError(cause));
      return;
    }
    for (const runner of runners) if (this.#outcome === undefined) runner.start();
  }

  cancel(): void {
    this.#end({ status: "CANCELED" });
  }

  fail(error: JobError): void {
    this.#end({ status: "FAILED", error });
  }

  /** The enumerators' states by uid of their source. A checkpoint takes them first: splits handed out by then reach their readers before the barrier begins. */
  triggerEnumerators(checkpointId: number): ReadonlyMap<string, Uint8Array> {
    // What BATCH collects to sort is no state: a job that fails begins again.
    assert(this.#graph.settings.mode === "STREAMING", "only jobs in STREAMING mode take checkpoints");
    if (!this.#hasStarted) throw new JobError("CHECKPOINT_FAILED", "the job has not begun yet: try again when it runs");
    const states = new Map<string, Uint8Array>();
    for (const [uid, coordinator] of this.#coordinators) states.set(uid, coordinator.snapshot(checkpointId));
    return states;
  }

  /** Begins a checkpoint at every source, by mail. */
  trigger(barrier: Barrier): void {
    for (const runner of this.#options.runners) runner.trigger(barrier);
  }

  notifyCompleted(checkpointId: number): void {
    for (const coordinator of this.#coordinators.values()) coordinator.completed(checkpointId);
    for (const runner of this.#options.runners) runner.notifyCompleted(checkpointId);
  }

  notifyAborted(checkpointId: number): void {
    for (const runner of this.#options.runners) runner.notifyAborted(checkpointId);
  }

  /** One queue for all messages, so that those of one reader keep their order on hosts that reorder jobs. */
  toEnumerator({ vertex, subtask }: SubtaskPlace, message: ToEnumerator): void {
    const { uid } = vertex.operators[0]!;
    this.#enumeratorMail.push(() => this.#coordinators.get(uid)!.receive(subtask, message));
    this.#options.host.scheduler.post(() => this.#guarded(() => this.#enumeratorMail.shift()?.()));
  }

  /** One more subtask has finished. Behind the last: first what may still fail and bring the job back to a checkpoint, for all, then what cannot. */
  onFinished(): void {
    this.#unfinished -= 1;
    if (this.#unfinished === 0 && this.#outcome === undefined) this.#options.beforeEnd(() => this.stopped());
  }

  /** Nothing comes any more that is not in the last checkpoint or savepoint: what was prepared becomes visible, and the job ends. */
  stopped(): void {
    for (const runner of this.#options.runners) if (this.#outcome === undefined) runner.ended();
  }

  ended(runner: TaskRunner): void {
    if (!this.#isLast("ended", runner)) return;
    for (const each of this.#options.runners) if (this.#outcome === undefined) each.close();
  }

  closed(runner: TaskRunner): void {
    if (this.#isLast("closed", runner)) this.#end({ status: "FINISHED" });
  }

  /** Nothing of the runner runs any more: it was canceled, or it is gone. */
  canceled(runner: TaskRunner): void {
    if (this.#waitedFor.canceled.delete(runner) && this.#waitedFor.canceled.size === 0) this.#options.onEnd(this.#outcome!);
  }

  #isLast(answer: "ended" | "closed", runner: TaskRunner): boolean {
    return this.#waitedFor[answer].delete(runner) && this.#waitedFor[answer].size === 0 && this.#outcome === undefined;
  }

  #end(outcome: JobOutcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    for (const coordinator of this.#coordinators.values()) coordinator.close();
    for (const runner of this.#options.runners) runner.cancel();
  }

  #createCoordinators(): void {
    const { host, runnerOf } = this.#options;
    for (const vertex of this.#graph.vertices) {
      const head = vertex.operators[0]!;
      if (head.node.enumerator === undefined) continue;
      const coordinator = new SourceCoordinator(head.node.enumerator.source, {
        parallelism: vertex.parallelism,
        send: (subtask, message) => runnerOf(vertex.id, subtask).receive(vertex.id, subtask, message),
        at: (time, job) => host.scheduler.at(time, () => this.#guarded(job)),
        now: () => host.clock.now(),
        post: (job) => host.scheduler.post(() => this.#guarded(job)),
        fail: (error) => this.fail(error.at({ operator: head.node.name })),
      });
      this.#coordinators.set(head.uid, coordinator);
    }
  }

  #guarded(run: () => void): void {
    if (this.#outcome !== undefined) return;
    try {
      run();
    } catch (cause) {
      this.fail(asJobError(cause));
    }
  }
}
