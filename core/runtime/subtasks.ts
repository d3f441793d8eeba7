import type { Barrier } from "../checkpoint/barrier.ts";
import type { Manifest, TaskSnapshot } from "../checkpoint/manifest.ts";
import { Accumulators } from "../functions/accumulators.ts";
import type { JobGraph, JobVertex } from "../graph/job-graph.ts";
import type { Host } from "../host/host.ts";
import { assert } from "../lib/assert.ts";
import type { JobError } from "../lib/errors.ts";
import type { MetricsRow } from "../metrics/prometheus.ts";
import type { Output, SubmitterLines } from "../operators/operator.ts";
import type { ToEnumerator, ToReader } from "../operators/source-protocol.ts";
import { buildChain, type ChainEnvironment } from "./chain-builder.ts";
import type { ChannelReceiver, ChannelSender } from "./channel.ts";
import { type PlannedChannel, planChannels } from "./channel-plan.ts";
import type { GateChannel, InputGate } from "./input-gate.ts";
import { exchange } from "./job-parts.ts";
import { SourceThrottle } from "./source-throttle.ts";
import { Task, type TaskListener } from "./task.ts";

/** What a job is restored from: where its state lies, and how to read the parts. */
export interface RestorePoint {
  readonly manifest: Manifest;
  /** Whether later checkpoints may point into its parts: they are those of the job itself, not of a savepoint. Absent: they may. */
  readonly isOwn?: boolean;
  readPart(part: string): Uint8Array;
}

/** Where and how the subtasks of one attempt run. */
export interface SubtaskOptions {
  readonly host: Host;
  readonly attempt: number;
  readonly restore: RestorePoint | undefined;
  /** Freezes values in state; for tests. */
  readonly freeze: boolean;
  /** Records per turn; undefined for the default. */
  readonly turnRecordsMax: number | undefined;
  readonly channelCredits: number | undefined;
  readonly submitter: SubmitterLines;
}

/** One subtask of a job, as its graph names it. */
export interface SubtaskPlace {
  readonly vertex: JobVertex;
  readonly subtask: number;
}

/** What whoever runs subtasks tells of them. */
export interface SubtaskListener {
  /** Its operators are open, and it takes records. */
  onRunning(place: SubtaskPlace): void;
  onSnapshot(place: SubtaskPlace, barrier: Barrier, snapshot: TaskSnapshot): void;
  onFinished(place: SubtaskPlace): void;
  /** All subtasks here have ended, as `ended` has asked for. */
  onEnded(): void;
  onFailure(place: SubtaskPlace, error: JobError): void;
  toEnumerator(place: SubtaskPlace, message: ToEnumerator): void;
}

/** The subtasks that run elsewhere, and the ends here of channels to and from them. */
export interface Elsewhere {
  isHere(vertex: number, subtask: number): boolean;
  sender(channel: PlannedChannel): ChannelSender;
  receiver(channel: PlannedChannel): ChannelReceiver;
}

const EVERYTHING_IS_HERE: Elsewhere = {
  isHere: () => true,
  sender: neverElsewhere,
  receiver: neverElsewhere,
};

/** The subtasks of one attempt of a job that run in this thread, with their channels. */
export class Subtasks implements TaskListener {
  readonly graph: JobGraph;
  readonly accumulators: Accumulators = new Accumulators();
  /** By vertex, then in order of their index. */
  readonly tasks: readonly (readonly Task[])[];
  readonly #options: SubtaskOptions;
  readonly #elsewhere: Elsewhere;
  readonly #listener: SubtaskListener;
  readonly #places = new Map<Task, SubtaskPlace>();
  readonly #taskAt = new Map<string, Task>();
  /** Subtasks that are asked to end and have not. */
  #unended = 0;
  /** Whether nothing more is to be told. */
  #isOver = false;

  constructor(graph: JobGraph, options: SubtaskOptions, listener: SubtaskListener, elsewhere: Elsewhere = EVERYTHING_IS_HERE) {
    this.graph = graph;
    this.#options = options;
    this.#listener = listener;
    this.#elsewhere = elsewhere;
    const wiring = this.#connect();
    this.tasks = graph.vertices.map((vertex) =>
      Array.from({ length: vertex.parallelism }, (_, subtask) => subtask)
        .filter((subtask) => elsewhere.isHere(vertex.id, subtask))
        .map((subtask) => this.#createTask({ vertex, subtask }, wiring)),
    );
  }

  /** Receivers first, so that whoever sends finds them open. */
  start(): void {
    for (const tasks of [...this.tasks].reverse()) {
      for (const task of tasks) {
        if (this.#isOver) return;
        task.start();
        if (task.state === "RUNNING") this.#listener.onRunning(this.#places.get(task)!);
      }
    }
  }

  /** Stops all of them at once; nothing is told of them any more. */
  cancel(): void {
    this.#isOver = true;
    this.#each((task) => task.cancel());
  }

  trigger(barrier: Barrier): void {
    this.#each((task) => task.trigger(barrier));
  }

  notifyCompleted(checkpointId: number): void {
    this.#each((task) => task.notifyCompleted(checkpointId));
  }

  notifyAborted(checkpointId: number): void {
    this.#each((task) => task.notifyAborted(checkpointId));
  }

  /** A message of the enumerator to one of its readers. */
  receive(vertex: number, subtask: number, message: ToReader): void {
    this.#taskAt.get(placeName(vertex, subtask))!.receive(message);
  }

  /** Ends the input of every source here, as if there were no more. */
  stop(): void {
    this.#each((task) => task.stop());
  }

  /** Records a second of each source subtask here, from now on; undefined: no bound. */
  throttle(recordsPerSecond: number | undefined): void {
    const now = this.#options.host.clock.now();
    this.#each((task) => task.throttle(recordsPerSecond === undefined ? undefined : new SourceThrottle(recordsPerSecond, now)));
  }

  /** Every subtask of the job has finished: what waits for a checkpoint becomes visible. The listener is told when it has. */
  ended(): void {
    // One more than there are tasks: all of them are asked before any answer counts as the last.
    this.#unended = 1;
    this.#each((task) => {
      this.#unended += 1;
      if (!this.#isOver) task.ended();
    });
    this.#endOne();
  }

  /** The end of finished tasks. */
  close(): void {
    this.#each((task) => {
      if (!this.#isOver) task.close();
    });
  }

  /** The counters of every operator subtask here. */
  metrics(runningMs: number): MetricsRow[] {
    const rows: MetricsRow[] = [];
    this.#each((task) => {
      for (const { context } of task.chain.links) {
        const { jobName, operatorName, uid, index } = context.subtask;
        rows.push({ job: jobName, operator: operatorName, uid, subtask: index, metrics: context.metrics, runningMs });
      }
    });
    return rows;
  }

  onSnapshot(task: Task, barrier: Barrier, snapshot: TaskSnapshot): void {
    if (!this.#isOver) this.#listener.onSnapshot(this.#places.get(task)!, barrier, snapshot);
  }

  onFinished(task: Task): void {
    if (!this.#isOver) this.#listener.onFinished(this.#places.get(task)!);
  }

  onEnded(): void {
    this.#endOne();
  }

  onFailure(task: Task, error: JobError): void {
    if (!this.#isOver) this.#listener.onFailure(this.#places.get(task)!, error);
  }

  #endOne(): void {
    this.#unended -= 1;
    if (this.#unended === 0 && !this.#isOver) this.#listener.onEnded();
  }

  #each(call: (task: Task) => void): void {
    for (const tasks of this.tasks) for (const task of tasks) call(task);
  }

  /** Makes every end that is here, of every channel. */
  #connect(): Wiring {
    const { vertices } = this.graph;
    const wiring: Wiring = { senders: new Map(), receivers: new Map() };
    for (const channel of planChannels(this.graph).flat(2)) {
      const { edge, sender, receiver } = channel;
      const sends = this.#elsewhere.isHere(vertices[edge.fromVertex]!.id, sender);
      const receives = this.#elsewhere.isHere(vertices[edge.toVertex]!.id, receiver);
      const local = sends && receives ? new exchange.module.LocalChannel(this.#options.channelCredits) : undefined;
      if (sends) push(wiring.senders, `${edge.index}/${sender}`, local ?? this.#elsewhere.sender(channel));
      if (receives) {
        push(wiring.receivers, placeName(edge.toVertex, receiver), { receiver: local ?? this.#elsewhere.receiver(channel), input: edge.input });
      }
    }
    return wiring;
  }

  #createTask(place: SubtaskPlace, wiring: Wiring): Task {
    const { vertex, subtask } = place;
    const { host, attempt, freeze, restore, turnRecordsMax, submitter } = this.#options;
    const { bufferTimeoutMs, firePanesPerTurn } = this.graph.settings;
    const gauge = { starvedChannels: 0 };
    let task: Task | undefined;
    const environment: ChainEnvironment = {
      graph: this.graph,
      vertex,
      subtask,
      host,
      attempt,
      freeze,
      restore,
      gauge,
      accumulators: this.accumulators.forSubtask(),
      submitter,
      senders: (edge) => wiring.senders.get(`${edge.index}/${subtask}`)!,
      task: () => {
        assert(task !== undefined, "operators reach their task only after it was made");
        return task;
      },
      toEnumerator: (message) => this.#listener.toEnumerator(place, message),
    };
    const built = buildChain(environment);
    const gate = createGate(wiring.receivers.get(placeName(vertex.id, subtask)) ?? [], built.headInputs, environment.task, {
      aligns: this.graph.settings.checkpointing?.mode !== "AT_LEAST_ONCE",
      now: () => host.clock.now(),
    });
    task = new Task(built, gate, gauge, { host, listener: this, bufferTimeoutMs, firePanesPerTurn, turnRecordsMax });
    if (gate !== undefined && restore !== undefined) built.chain.restoreGate(gate);
    this.#places.set(task, place);
    this.#taskAt.set(placeName(vertex.id, subtask), task);
    return task;
  }
}

/** The ends of channels here: of senders by edge and subtask, of receivers by vertex and subtask; each in the order of the plan. */
interface Wiring {
  readonly senders: Map<string, ChannelSender[]>;
  readonly receivers: Map<string, GateChannel[]>;
}

function createGate(
  channels: readonly GateChannel[],
  inputs: readonly Output<never>[],
  task: () => Task,
  { aligns, now }: { readonly aligns: boolean; now(): number },
): InputGate | undefined {
  if (channels.length === 0) return undefined;
  const gateTask = {
    mayTake: () => task().mayTake(),
    countFurther: (records: number) => task().countFurther(records),
    onAligned: (barrier: Barrier, alignmentMs: number) => task().onAligned(barrier, alignmentMs),
    now,
  };
  return new exchange.module.InputGate(channels, inputs, gateTask, { aligns, onArrival: () => task().schedule() });
}

function placeName(vertex: number, subtask: number): string {
  return `${vertex}/${subtask}`;
}

function push<V>(lists: Map<string, V[]>, name: string, value: V): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [value]);
  else list.push(value);
}

function neverElsewhere(): never {
  throw new Error("every subtask is here");
}
