import type { Manifest, TaskSnapshot } from "../checkpoint/manifest.ts";
import { SourceCoordinator } from "../connectors/source-coordinator.ts";
import { Accumulators } from "../functions/accumulators.ts";
import type { JobEdge, JobGraph, JobVertex } from "../graph/job-graph.ts";
import type { Host } from "../host/host.ts";
import { assert } from "../lib/assert.ts";
import type { JobError } from "../lib/errors.ts";
import { RingBuffer } from "../lib/ring-buffer.ts";
import type { Output } from "../operators/operator.ts";
import type { ToEnumerator } from "../operators/source-protocol.ts";
import { buildChain, type ChainEnvironment } from "./chain-builder.ts";
import { LocalChannel } from "./channel.ts";
import type { GateChannel, InputGate } from "./input-gate.ts";
import { exchange } from "./job-parts.ts";
import { asJobError, Task, type TaskListener } from "./task.ts";

/** What a job is restored from: where its state lies, and how to read the parts. */
export interface RestorePoint {
  readonly manifest: Manifest;
  readPart(part: string): Uint8Array;
}

/** Where and how one attempt of a job runs. */
export interface LocalJobOptions {
  readonly host: Host;
  readonly attempt: number;
  readonly restore: RestorePoint | undefined;
  /** Freezes values in state; for tests. */
  readonly freeze: boolean;
  /** Records per turn; undefined for the default. */
  readonly turnRecordsMax: number | undefined;
  readonly channelCredits: number | undefined;
  onEnd(outcome: JobOutcome): void;
}

/** How an attempt of a job has ended. */
export type JobOutcome =
  | { readonly status: "FINISHED" }
  | { readonly status: "CANCELED" }
  | { readonly status: "FAILED"; readonly error: JobError };

/** Told of a checkpoint as its parts arrive. */
export interface SnapshotListener {
  onTaskSnapshot(vertex: JobVertex, subtask: number, checkpointId: number, snapshot: TaskSnapshot): void;
}

/**
 * How many channels a sender has on an edge, and to which receiver the first of them leads; the others lead to the receivers after it.
 */
export function reachOf(edge: JobEdge, sender: number, senders: number, receivers: number): { readonly first: number; readonly count: number } {
  switch (edge.partitioner.kind) {
    case "forward":
      return { first: sender, count: 1 };
    case "rescale": {
      // Flink's pointwise pattern: the larger side is divided evenly over the smaller one.
      if (receivers <= senders) return { first: Math.floor((sender * receivers) / senders), count: 1 };
      const first = Math.ceil((sender * receivers) / senders);
      return { first, count: Math.ceil(((sender + 1) * receivers) / senders) - first };
    }
    default:
      return { first: 0, count: receivers };
  }
}

/** A job whose subtasks all run on one host, in one thread of control: the execution graph with its tasks and channels. */
export class LocalJob implements TaskListener {
  readonly graph: JobGraph;
  readonly accumulators: Accumulators = new Accumulators();
  /** By vertex, then subtask. */
  readonly tasks: readonly (readonly Task[])[];
  readonly #options: LocalJobOptions;
  readonly #coordinators = new Map<string, SourceCoordinator<unknown, unknown, unknown>>();
  readonly #enumeratorMail = new RingBuffer<() => void>();
  readonly #places = new Map<Task, { vertex: JobVertex; subtask: number }>();
  #listener: SnapshotListener | undefined;
  #unfinished = 0;
  #outcome: JobOutcome | undefined;

  constructor(graph: JobGraph, options: LocalJobOptions) {
    this.graph = graph;
    this.#options = options;
    const channels = this.#connect();
    this.tasks = graph.vertices.map((vertex) =>
      Array.from({ length: vertex.parallelism }, (_, subtask) => this.#createTask(vertex, subtask, channels)),
    );
    this.#createCoordinators();
  }

  get outcome(): JobOutcome | undefined {
    return this.#outcome;
  }

  start(): void {
    const { restore } = this.#options;
    try {
      for (const [uid, coordinator] of this.#coordinators) {
        // One that failed has ended the job: the others need not begin.
        if (this.#outcome !== undefined) return;
        const part = restore?.manifest.enumerators[uid];
        if (restore !== undefined && part !== undefined) coordinator.restore(restore.readPart(part));
        coordinator.start();
      }
    } catch (cause) {
      this.#end({ status: "FAILED", error: asJobError(cause) });
      return;
    }
    // Receivers first, so that whoever sends finds them open.
    for (const tasks of [...this.tasks].reverse()) {
      for (const task of tasks) if (this.#outcome === undefined) task.start();
    }
  }

  cancel(): void {
    if (this.#outcome === undefined) this.#end({ status: "CANCELED" });
  }

  /** The enumerators' states by uid of their source. A checkpoint takes them first: splits handed out by then reach their readers before the barrier begins. */
  triggerEnumerators(checkpointId: number): ReadonlyMap<string, Uint8Array> {
    // What BATCH collects to sort is no state: a job that fails begins again.
    assert(this.graph.settings.mode === "STREAMING", "only jobs in STREAMING mode take checkpoints");
    const states = new Map<string, Uint8Array>();
    for (const [uid, coordinator] of this.#coordinators) states.set(uid, coordinator.snapshot(checkpointId));
    return states;
  }

  /** Begins a checkpoint at every source, by mail; the listener gets what each subtask answers. */
  trigger(checkpointId: number, listener: SnapshotListener): void {
    this.#listener = listener;
    for (const tasks of this.tasks) for (const task of tasks) task.trigger(checkpointId);
  }

  notifyCompleted(checkpointId: number): void {
    for (const coordinator of this.#coordinators.values()) coordinator.completed(checkpointId);
    for (const tasks of this.tasks) for (const task of tasks) task.notifyCompleted(checkpointId);
  }

  notifyAborted(checkpointId: number): void {
    for (const tasks of this.tasks) for (const task of tasks) task.notifyAborted(checkpointId);
  }

  onSnapshot(task: Task, checkpointId: number, snapshot: TaskSnapshot): void {
    const place = this.#places.get(task)!;
    this.#listener?.onTaskSnapshot(place.vertex, place.subtask, checkpointId, snapshot);
  }

  onFinished(): void {
    this.#unfinished -= 1;
    if (0 < this.#unfinished) return;
    // First what may still fail and bring the job back to a checkpoint, for all tasks, then what cannot.
    for (const task of this.tasks.flat()) if (this.#outcome === undefined) task.ended();
    for (const task of this.tasks.flat()) if (this.#outcome === undefined) task.close();
    this.#end({ status: "FINISHED" });
  }

  onFailure(_task: Task, error: JobError): void {
    this.#end({ status: "FAILED", error });
  }

  #end(outcome: JobOutcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    for (const tasks of this.tasks) for (const task of tasks) task.cancel();
    for (const coordinator of this.#coordinators.values()) coordinator.close();
    this.#options.onEnd(outcome);
  }

  /** Makes every channel of the job; by edge, sender, then receiver in the order the sender's partitioner counts them. */
  #connect(): LocalChannel[][][] {
    const { vertices, edges } = this.graph;
    return edges.map((edge) => {
      const senders = vertices[edge.fromVertex]!.parallelism;
      const receivers = vertices[edge.toVertex]!.parallelism;
      return Array.from({ length: senders }, (_, sender) =>
        Array.from({ length: reachOf(edge, sender, senders, receivers).count }, () => new LocalChannel(this.#options.channelCredits)),
      );
    });
  }

  #createTask(vertex: JobVertex, subtask: number, channels: readonly (readonly (readonly LocalChannel[])[])[]): Task {
    const { host, restore } = this.#options;
    const settings = this.graph.settings;
    const gauge = { starvedChannels: 0 };
    let task: Task | undefined;
    const environment: ChainEnvironment = {
      graph: this.graph,
      vertex,
      subtask,
      host,
      attempt: this.#options.attempt,
      freeze: this.#options.freeze,
      restore,
      gauge,
      accumulators: this.accumulators.forSubtask(),
      senders: (edge) => channels[edge.index]![subtask]!,
      task: () => {
        assert(task !== undefined, "operators reach their task only after it was made");
        return task;
      },
      toEnumerator: (message) => this.#toEnumerator(vertex.operators[0]!.uid, subtask, message),
    };
    const built = buildChain(environment);
    const gate = this.#createGate(vertex, subtask, built.headInputs, channels, environment.task);
    task = new Task(built, gate, gauge, {
      host,
      listener: this,
      bufferTimeoutMs: settings.bufferTimeoutMs,
      firePanesPerTurn: settings.firePanesPerTurn,
      turnRecordsMax: this.#options.turnRecordsMax,
    });
    if (gate !== undefined && restore !== undefined) built.chain.restoreGate(gate);
    this.#places.set(task, { vertex, subtask });
    this.#unfinished += 1;
    return task;
  }

  #createGate(
    vertex: JobVertex,
    subtask: number,
    inputs: readonly Output<never>[],
    channels: readonly (readonly (readonly LocalChannel[])[])[],
    task: () => Task,
  ): InputGate | undefined {
    const gateChannels: GateChannel[] = [];
    for (const edge of this.graph.edges) {
      if (edge.toVertex !== vertex.id) continue;
      const senders = this.graph.vertices[edge.fromVertex]!.parallelism;
      for (let sender = 0; sender < senders; sender += 1) {
        const { first, count } = reachOf(edge, sender, senders, vertex.parallelism);
        if (first <= subtask && subtask < first + count) {
          gateChannels.push({ receiver: channels[edge.index]![sender]![subtask - first]!, input: edge.input });
        }
      }
    }
    if (gateChannels.length === 0) return undefined;
    const gateTask = {
      mayTake: () => task().mayTake(),
      countFurther: (records: number) => task().countFurther(records),
      onAligned: (checkpointId: number) => task().onAligned(checkpointId),
    };
    return new exchange.module.InputGate(gateChannels, inputs, gateTask, () => task().schedule());
  }

  #createCoordinators(): void {
    for (const vertex of this.graph.vertices) {
      const head = vertex.operators[0]!;
      if (head.node.enumerator === undefined) continue;
      const { host } = this.#options;
      const coordinator = new SourceCoordinator(head.node.enumerator.source, {
        parallelism: vertex.parallelism,
        send: (subtask, message) => this.tasks[vertex.id]![subtask]!.receive(message),
        at: (time, job) => host.scheduler.at(time, () => this.#guarded(job)),
        now: () => host.clock.now(),
        post: (job) => host.scheduler.post(() => this.#guarded(job)),
        fail: (error) => this.#end({ status: "FAILED", error: error.at({ operator: head.node.name }) }),
      });
      this.#coordinators.set(head.uid, coordinator);
    }
  }

  /** One queue for all messages, so that those of one reader keep their order on hosts that reorder jobs. */
  #toEnumerator(uid: string, subtask: number, message: ToEnumerator): void {
    this.#enumeratorMail.push(() => this.#coordinators.get(uid)!.receive(subtask, message));
    this.#options.host.scheduler.post(() => this.#guarded(() => this.#enumeratorMail.shift()?.()));
  }

  #guarded(run: () => void): void {
    if (this.#outcome !== undefined) return;
    try {
      run();
    } catch (cause) {
      this.#end({ status: "FAILED", error: asJobError(cause) });
    }
  }
}
