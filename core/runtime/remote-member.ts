import type { Barrier } from "../checkpoint/barrier.ts";
import type { JobGraph } from "../graph/job-graph.ts";
import type { Host, Port } from "../host/host.ts";
import type { ToReader } from "../operators/source-protocol.ts";
import { Heartbeats } from "./heartbeats.ts";
import type { TaskRunner } from "./job-attempt.ts";
import type { ClusterSettings, Deployment, FromTaskManager, Member, ToTaskManager } from "./protocol.ts";
import { toReaderData } from "./source-messages.ts";

/** What a member tells its job master, beside its messages. */
export interface MemberListener {
  onMessage(member: RemoteMember, message: FromTaskManager): void;
  /** It does not answer, for so long. */
  onSilent(member: RemoteMember, silentMs: number): void;
}

/** A task manager that takes part in a job, as the job master has it: runs subtasks by messages. */
export class RemoteMember implements TaskRunner {
  /** Index among the members of the job. */
  readonly index: number;
  readonly taskManager: number;
  readonly address: string | undefined;
  readonly #port: Port;
  readonly #graph: JobGraph;
  #heartbeats: Heartbeats | undefined;

  constructor(index: number, { taskManager, address }: Member, port: Port, graph: JobGraph, listener: MemberListener) {
    this.index = index;
    this.taskManager = taskManager;
    this.address = address;
    this.#port = port;
    this.#graph = graph;
    port.listen(
      (message) => {
        const from = message as FromTaskManager;
        // Whatever it says shows that it lives.
        this.#heartbeats?.answered();
        if (from.kind !== "heartbeat") listener.onMessage(this, from);
      },
      // Why it is gone, only who started it can tell, and does; else it does not answer any more.
      () => {},
    );
  }

  deploy(deployment: Deployment, lines: readonly Port[]): void {
    this.#port.send({ kind: "deploy", deployment } satisfies ToTaskManager, { ports: lines });
  }

  /** From now on it must answer. */
  watch(host: Host, settings: ClusterSettings, listener: MemberListener): void {
    this.#heartbeats ??= new Heartbeats({
      host,
      intervalMs: settings.heartbeatIntervalMs,
      timeoutMs: settings.heartbeatTimeoutMs,
      send: (count) => this.send({ kind: "heartbeat", count }),
      onDead: (silentMs) => listener.onSilent(this, silentMs),
    });
  }

  send(message: ToTaskManager): void {
    this.#port.send(message);
  }

  start(): void {
    this.send({ kind: "start" });
  }

  receive(vertex: number, subtask: number, message: ToReader): void {
    this.send({ kind: "receive", vertex, subtask, message: toReaderData(this.#graph.vertices[vertex]!, message) });
  }

  ended(): void {
    this.send({ kind: "ended" });
  }

  close(): void {
    this.send({ kind: "close" });
  }

  cancel(): void {
    this.send({ kind: "cancel" });
  }

  trigger(barrier: Barrier): void {
    this.send({ kind: "trigger", barrier });
  }

  notifyCompleted(checkpointId: number): void {
    this.send({ kind: "checkpoint-completed", checkpointId });
  }

  notifyAborted(checkpointId: number): void {
    this.send({ kind: "checkpoint-aborted", checkpointId });
  }

  /** Ends the line, and with it all that the task manager keeps of the job. */
  leave(): void {
    this.#heartbeats?.stop();
    this.#port.close();
  }
}
