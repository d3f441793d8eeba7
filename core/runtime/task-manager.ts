import { jobGraphToJson } from "../graph/fingerprint.ts";
import { firstDifference } from "../graph/graph-difference.ts";
import type { Barrier } from "../checkpoint/barrier.ts";
import type { TaskSnapshot } from "../checkpoint/manifest.ts";
import { partsNeededBy } from "../checkpoint/needed-parts.ts";
import { decodeRecord, isCheckpoint } from "../checkpoint/record.ts";
import { SnapshotWriter } from "../checkpoint/snapshot-writer.ts";
import { jobFolder } from "../checkpoint/store-names.ts";
import type { JobGraph } from "../graph/job-graph.ts";
import type { Host, Port } from "../host/host.ts";
import type { Storage } from "../host/storage.ts";
import { assert, unreachable } from "../lib/assert.ts";
import { errorToData } from "../lib/error-data.ts";
import { JobError } from "../lib/errors.ts";
import type { LoadJob } from "./job-master.ts";
import type { Link } from "./link.ts";
import { LinkChannels } from "./link-channels.ts";
import { CopyingLink } from "./copying-link.ts";
import { createLink } from "./link-choice.ts";
import { openSharedStorage } from "./job-recovery.ts";
import { RecordLine } from "./record-line.ts";
import { loadRestorePoint } from "./restore-point.ts";
import type { ClusterSettings, Deployment, ExecutionState, FromTaskManager, MetricsData, ToTaskManager } from "./protocol.ts";
import { toEnumeratorData, toReader } from "./source-messages.ts";
import { type Elsewhere, type RestorePoint, type SubtaskListener, type SubtaskOptions, type SubtaskPlace, Subtasks } from "./subtasks.ts";
import { asJobError } from "./task.ts";

export interface JobShareOptions {
  readonly host: Host;
  readonly loadJob: LoadJob;
  /** To the job master. Its end is the end of the share. */
  readonly master: Port;
  /** To the submitter, for records. */
  readonly submitter: Port;
}

/** What one task manager runs of one job, as the job master tells it. */
export class JobShare implements SubtaskListener {
  readonly #options: JobShareOptions;
  #subtasks: Subtasks | undefined;
  /** By member. */
  readonly #channels = new Map<number, LinkChannels>();
  readonly #links: Link[] = [];
  #records: RecordLine | undefined;
  /** Undefined where the state of subtasks goes to the job master. */
  #storage: Storage | undefined;
  #writer: SnapshotWriter | undefined;
  #attempt = 0;
  #isOver = false;

  constructor(options: JobShareOptions) {
    this.#options = options;
    options.master.listen(
      (message, ports) => this.#receive(message as ToTaskManager, ports),
      () => this.#end(),
    );
  }

  onRunning(place: SubtaskPlace): void {
    this.#sendState(place, "RUNNING");
  }

  onFinished(place: SubtaskPlace): void {
    this.#sendState(place, "FINISHED");
  }

  onEnded(): void {
    this.#send({ kind: "ended" });
  }

  onFailure(place: SubtaskPlace, error: JobError): void {
    this.#sendState(place, "FAILED", error);
  }

  onSnapshot({ vertex: { id }, subtask }: SubtaskPlace, barrier: Barrier, snapshot: TaskSnapshot): void {
    const { checkpointId } = barrier;
    const decline = (error: JobError): void => this.#send({ kind: "declined", checkpointId, error: errorToData(error) });
    this.#writer?.write(
      { attempt: this.#attempt, vertex: id, subtask },
      barrier,
      snapshot,
      (stored) => {
        try {
          this.#send({ kind: "acknowledged", vertex: id, subtask, checkpointId, stored });
        } catch (cause) {
          // Lines have bounds, and what is stored nowhere else goes over in one message.
          decline(new JobError("CHECKPOINT_FAILED", `the state of a subtask is too large to be sent to the job master: ${asJobError(cause).reason}`, { cause }));
        }
      },
      decline,
    );
  }

  toEnumerator({ vertex, subtask }: SubtaskPlace, message: Parameters<SubtaskListener["toEnumerator"]>[1]): void {
    this.#send({ kind: "to-enumerator", vertex: vertex.id, subtask, message: toEnumeratorData(message) });
  }

  #receive(message: ToTaskManager, ports: readonly Port[]): void {
    if (this.#isOver) {
      for (const port of ports) port.close();
      return;
    }
    switch (message.kind) {
      case "heartbeat":
        return this.#send(message);
      case "deploy":
        return this.#deploy(message.deployment, ports);
      case "start":
        return this.#subtasks!.start();
      case "receive": {
        const { vertices } = this.#subtasks!.graph;
        return this.#subtasks!.receive(message.vertex, message.subtask, toReader(vertices[message.vertex]!, message.message));
      }
      case "stop":
        return this.#subtasks?.stop();
      case "trigger":
        return this.#subtasks!.trigger(message.barrier);
      case "checkpoint-completed":
        return this.#subtasks!.notifyCompleted(message.checkpointId);
      case "checkpoint-aborted":
        return this.#subtasks!.notifyAborted(message.checkpointId);
      case "throttle":
        return this.#subtasks?.throttle(message.recordsPerSecond);
      case "ended":
        return this.#subtasks!.ended();
      case "close":
        this.#subtasks!.close();
        return this.#send({ kind: "closed" });
      case "cancel":
        this.#cancel();
        return this.#send({ kind: "canceled" });
      case "report":
        return this.#send({ kind: "report", metrics: this.#metrics() });
      case "accumulators":
        return this.#mergeAccumulators(message);
      default:
        return unreachable(message);
    }
  }

  #send(message: FromTaskManager): void {
    this.#options.master.send(message);
  }

  #sendState({ vertex, subtask }: SubtaskPlace, state: ExecutionState, error?: JobError): void {
    this.#send({ kind: "state", vertex: vertex.id, subtask, state, error: error === undefined ? undefined : errorToData(error) });
  }

  /** The module is imported here too; what it builds must be what the job master has built. */
  #deploy(deployment: Deployment, ports: readonly Port[]): void {
    const refuse = (error: JobError): void => {
      if (!this.#isOver) this.#send({ kind: "refused", error: errorToData(error) });
    };
    // Links are there before anybody sends: what comes early is held.
    this.#openLinks(deployment, ports);
    this.#options.loadJob(
      deployment.job,
      ({ graph }) => {
        if (this.#isOver) return;
        try {
          requireSameGraph(graph, deployment);
          this.#restore(graph, deployment, refuse);
        } catch (cause) {
          refuse(asJobError(cause));
        }
      },
      refuse,
    );
  }

  /** Reads what the subtasks here begin from, then makes them. */
  #restore(graph: JobGraph, deployment: Deployment, refuse: (error: JobError) => void): void {
    const { host } = this.#options;
    const { attempt, restore: given } = deployment;
    const record = given === undefined ? undefined : decodeRecord(given.record);
    assert(record === undefined || isCheckpoint(record), "a job begins from a checkpoint or a savepoint");
    const restore = record === undefined ? undefined : { ...record, isOwn: given?.isOwn === true };
    const folder = jobFolder(graph.jobName);
    this.#storage = openSharedStorage(graph.settings.checkpointing?.storage, host);
    this.#writer = new SnapshotWriter(this.#storage, folder);
    this.#attempt = attempt;
    const { isHere } = this.#elsewhere(deployment);
    loadRestorePoint(
      { restore, storage: this.#storage, folder },
      restore === undefined ? [] : partsNeededBy(graph, restore.manifest, isHere),
      (point) => {
        if (this.#isOver) return;
        try {
          this.#create(graph, deployment, point);
        } catch (cause) {
          return refuse(asJobError(cause));
        }
        this.#send({ kind: "deployed" });
      },
      refuse,
    );
  }

  #create(graph: JobGraph, deployment: Deployment, restore: RestorePoint | undefined): void {
    const { host, submitter } = this.#options;
    const records = new RecordLine({ host, port: submitter, bufferTimeoutMs: graph.settings.bufferTimeoutMs, onClose: () => this.#end() });
    this.#records = records;
    const options: SubtaskOptions = {
      host,
      attempt: deployment.attempt,
      restore,
      freeze: false,
      turnRecordsMax: undefined,
      channelCredits: undefined,
      submitter: records,
    };
    this.#subtasks = new Subtasks(graph, options, this, this.#elsewhere(deployment));
    // A link that ends takes its task manager's end along, of which the job master tells.
    for (const channels of this.#channels.values()) channels.listen(() => {});
  }

  #openLinks({ peers, settings }: Deployment, ports: readonly Port[]): void {
    const { host } = this.#options;
    peers.forEach(({ member, address, line }, index) => {
      const link = address === undefined ? this.#linkOver(ports[index]!, settings) : new CopyingLink(host.network.connect!(address, line));
      this.#links.push(link);
      this.#channels.set(member, new LinkChannels(link));
    });
  }

  #linkOver(port: Port, { transport }: ClusterSettings): Link {
    const { scheduler, network, sharesMemory } = this.#options.host;
    const shares = sharesMemory && transport === "shared-memory";
    return createLink(port, { host: { scheduler, network, sharesMemory: shares }, otherSharesMemory: shares });
  }

  #elsewhere({ placement, self }: Deployment): Elsewhere {
    const channelsTo = (vertex: number, subtask: number): LinkChannels => this.#channels.get(placement[vertex]![subtask]!)!;
    return {
      isHere: (vertex, subtask) => placement[vertex]![subtask] === self,
      sender: ({ number, edge, receiver }) => channelsTo(edge.toVertex, receiver).sender(number),
      receiver: ({ number, edge, sender }) => channelsTo(edge.fromVertex, sender).receiver(number),
    };
  }

  #metrics(): MetricsData[] {
    const rows = this.#subtasks?.metrics(0) ?? [];
    return rows.map(({ operator, uid, subtask, metrics }) => ({ operator, uid, subtask, metrics: { ...metrics } }));
  }

  #mergeAccumulators({ merged }: ToTaskManager & { readonly kind: "accumulators" }): void {
    try {
      this.#send({ kind: "accumulators", merged: this.#subtasks?.accumulators.mergedInto(merged) ?? merged });
    } catch (cause) {
      this.#send({ kind: "accumulators", merged: errorToData(asJobError(cause)) });
    }
  }

  #cancel(): void {
    this.#subtasks?.cancel();
    for (const link of this.#links) link.close();
    this.#storage?.close();
  }

  /** The job is over, or its master is gone: nothing of it is left here. */
  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancel();
    if (this.#records === undefined) this.#options.submitter.close();
    else this.#records.close();
  }
}

/** @throws JobError GRAPH_MISMATCH where the module builds something else here than at the job master. */
function requireSameGraph(graph: JobGraph, deployment: Deployment): void {
  const difference = firstDifference(deployment.graph, jobGraphToJson(graph));
  if (difference === undefined) return;
  const { where, one, other } = difference;
  throw new JobError(
    "GRAPH_MISMATCH",
    `the job builds another graph here than at its job master: ${where} is ${other} here and ${one} there. ` +
      "A job function builds the same job wherever it runs: from its arguments alone, not from the time, chance, or what its host is",
  );
}
