import { CheckpointCoordinator } from "../checkpoint/checkpoint-coordinator.ts";
import type { CheckpointHistory } from "../checkpoint/checkpoint-history.ts";
import { partsNeededBy } from "../checkpoint/needed-parts.ts";
import type { StoredCheckpoint } from "../checkpoint/part-loader.ts";
import { encodeRecord } from "../checkpoint/record.ts";
import { jobGraphToJson } from "../graph/fingerprint.ts";
import type { JobGraph } from "../graph/job-graph.ts";
import type { Cancellable, Host, Port } from "../host/host.ts";
import { afterRunningFor } from "../host/running-timeout.ts";
import { unreachable } from "../lib/assert.ts";
import { errorFromData } from "../lib/error-data.ts";
import { JobError } from "../lib/errors.ts";
import { ExecutionGraph } from "./execution-graph.ts";
import { JobAttempt, type JobOutcome } from "./job-attempt.ts";
import type { AttemptStart } from "./job-recovery.ts";
import { JobSnapshots } from "./job-snapshots.ts";
import { AccumulatorRounds, MemberReports } from "./member-reports.ts";
import type { ClusterSettings, Deployment, FromTaskManager, JobDescription, Member, MetricsData, Peer, SubtaskReport } from "./protocol.ts";
import { type MemberListener, RemoteMember } from "./remote-member.ts";
import { loadRestorePoint } from "./restore-point.ts";
import { SAVEPOINTS_ONLY } from "./savepoints-only.ts";
import { toEnumerator } from "./source-messages.ts";
import type { RestorePoint } from "./subtasks.ts";
import { asJobError } from "./task.ts";

export interface ClusterAttemptOptions {
  readonly host: Host;
  readonly job: JobDescription;
  readonly settings: ClusterSettings;
  readonly graph: JobGraph;
  readonly start: AttemptStart;
  readonly history: CheckpointHistory;
  /** All subtasks are there, and are about to start. */
  onDeployed(): void;
  /** All of them run. */
  onRunning(): void;
  /** A task manager does not answer: whoever started it is to terminate it. */
  onDead(taskManager: number, reason: string): void;
  /** The state that it was to begin from is damaged. Nothing has begun. */
  onDamaged(error: JobError): void;
  /** Nothing of it runs any more; its members still answer what they have counted. */
  onEnd(outcome: JobOutcome): void;
}

/**
 * One attempt of a job on a cluster: deploys the subtasks to the task managers that gave slots, keeps the state of each, runs the enumerators and the checkpoints, and ends, by itself or
 * because somebody failed, was lost, or canceled it.
 */
export class ClusterAttempt implements MemberListener {
  readonly #options: ClusterAttemptOptions;
  readonly #executions: ExecutionGraph;
  #attempt: JobAttempt | undefined;
  #snapshots: JobSnapshots | undefined;
  #coordinator: CheckpointCoordinator | undefined;
  #members: readonly RemoteMember[] = [];
  readonly #alive = new Set<RemoteMember>();
  readonly #undeployed = new Set<RemoteMember>();
  readonly reports: MemberReports = new MemberReports(this.#alive);
  readonly accumulators: AccumulatorRounds = new AccumulatorRounds(this.#alive);
  #deployTimer: Cancellable | undefined;
  #isRunning = false;
  #outcome: JobOutcome | undefined;
  #hasLeft = false;

  constructor(options: ClusterAttemptOptions) {
    this.#options = options;
    this.#executions = new ExecutionGraph(options.graph);
    this.#executions.moveAll("SCHEDULED");
  }

  /** Absent until its subtasks run, and once they have ended. */
  get snapshots(): JobSnapshots | undefined {
    return this.#isRunning && this.#outcome === undefined ? this.#snapshots : undefined;
  }

  /** Deploys the subtasks to those that gave slots; `ports` lead to them. */
  deploy(given: readonly Member[], ports: readonly Port[]): void {
    const { host, graph, settings, start } = this.#options;
    const members = given.map((member, index) => new RemoteMember(index, member, ports[index]!, graph, this));
    this.#members = members;
    for (const member of members) this.#alive.add(member);
    const executions = this.#executions;
    executions.place(slotsOf(given));
    executions.moveAll("DEPLOYING");
    this.#deployTimer = afterRunningFor(host, settings.deployTimeoutMs, () => {
      for (const member of [...this.#undeployed]) this.#giveUp(member, `its subtasks were not ready within ${settings.deployTimeoutMs} ms`);
    });
    for (const member of members) this.#undeployed.add(member);
    // Only the states of enumerators are needed here.
    const enumerators = Object.values(start.restore?.manifest.enumerators ?? {});
    loadRestorePoint(start, enumerators, (restore) => this.#deployAll(restore), (error) => this.#refused(error));
  }

  toAll(message: Parameters<RemoteMember["send"]>[0]): void {
    for (const member of this.#alive) member.send(message);
  }

  /** A task manager is gone. */
  lost(taskManager: number, reason: string): void {
    const member = this.#members.find((each) => each.taskManager === taskManager);
    if (member !== undefined) this.#lose(member, reason);
  }

  cancel(): void {
    this.#end({ status: "CANCELED" });
  }

  fail(error: JobError): void {
    this.#end({ status: "FAILED", error });
  }

  /** Lets go of the task managers, which end what they still have of it. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#outcome ??= { status: "CANCELED" };
    this.#deployTimer?.cancel();
    this.#snapshots?.close();
    this.#attempt?.cancel();
    for (const member of this.#members) member.leave();
    this.#alive.clear();
  }

  subtasks(): readonly SubtaskReport[] {
    return this.#executions.reports((member) => this.#members[member]!.taskManager);
  }

  metrics(): readonly MetricsData[] {
    return this.#members.flatMap((member) => this.reports.of(member));
  }

  onMessage(member: RemoteMember, message: FromTaskManager): void {
    if (this.#hasLeft) return;
    switch (message.kind) {
      case "heartbeat":
        return;
      case "deployed":
        return this.#onDeployed(member);
      case "refused":
        return this.#refused(errorFromData(message.error));
      case "state":
        return this.#onState(message);
      case "to-enumerator":
        return this.#attempt!.toEnumerator({ vertex: this.#options.graph.vertices[message.vertex]!, subtask: message.subtask }, toEnumerator(message.message));
      case "acknowledged":
        return this.#coordinator?.acknowledge(message.vertex, message.subtask, message.checkpointId, message.stored);
      case "declined":
        return this.#coordinator?.decline(message.checkpointId, errorFromData(message.error));
      case "ended":
        return this.#attempt!.ended(member);
      case "closed":
        return this.#attempt!.closed(member);
      case "canceled":
        this.#executions.moveAll("CANCELED", member.index);
        return this.#attempt!.canceled(member);
      case "report":
        return this.reports.told(member, message.metrics);
      case "accumulators":
        return this.accumulators.told(member, message.merged);
      default:
        return unreachable(message);
    }
  }

  onSilent(member: RemoteMember, silentMs: number): void {
    this.#giveUp(member, `it has not answered for ${silentMs} ms`);
  }

  #deployAll(restore: RestorePoint | undefined): void {
    const { host, graph } = this.#options;
    if (this.#hasLeft || this.#outcome !== undefined) return;
    const members = this.#members;
    try {
      this.#attempt = new JobAttempt(graph, {
        host,
        restore,
        runners: members,
        runnerOf: (vertex, subtask) => members[this.#executions.memberOf(vertex, subtask)]!,
        beforeEnd: (proceed) => (this.#snapshots === undefined ? proceed() : this.#snapshots.beforeEnd(proceed)),
        onEnd: (outcome) => this.#ended(outcome),
      });
    } catch (cause) {
      return this.fail(asJobError(cause));
    }
    // One that was lost meanwhile answers nothing.
    for (const member of members) if (!this.#alive.has(member)) this.#attempt.canceled(member);
    const lines = openLines(host, members);
    try {
      for (const member of this.#alive) member.deploy(this.#deploymentFor(member), lines[member.index]!);
    } catch (cause) {
      // Lines have bounds, and a savepoint goes over in one message.
      this.fail(asJobError(cause));
    }
  }

  #deploymentFor(self: RemoteMember): Deployment {
    const { job, settings, graph, start } = this.#options;
    const { attempt, restore } = start;
    // What it begins from is sent once, as it was read.
    const { "execution.state-recovery.path": _savepoint, ...configuration } = job.configuration as { readonly "execution.state-recovery.path"?: unknown };
    const peers = this.#members
      .filter((member) => member !== self)
      .map(({ index, address }): Peer => ({ member: index, address, line: `${job.id}/${attempt}/${Math.min(index, self.index)}-${Math.max(index, self.index)}` }));
    return {
      job: { ...job, configuration },
      settings,
      graph: jobGraphToJson(graph),
      attempt,
      restore: restore === undefined ? undefined : { record: this.#recordFor(self, restore), isOwn: restore.isOwn },
      placement: this.#executions.placement,
      self: self.index,
      peers,
    };
  }

  /** With what its subtasks need of the parts that lie in the record. */
  #recordFor({ index }: RemoteMember, { manifest, blobs }: StoredCheckpoint): Uint8Array<ArrayBuffer> {
    const { graph, start } = this.#options;
    const needed = partsNeededBy(graph, manifest, (vertex, subtask) => this.#executions.memberOf(vertex, subtask) === index);
    return encodeRecord({ kind: "checkpoint", epoch: start.attempt, manifest, blobs: new Map([...blobs].filter(([name]) => needed.has(name))) });
  }

  #onDeployed(member: RemoteMember): void {
    if (!this.#undeployed.delete(member)) return;
    this.#watch(member);
    this.#executions.moveAll("INITIALIZING", member.index);
    if (0 < this.#undeployed.size || this.#outcome !== undefined) return;
    this.#deployTimer?.cancel();
    this.#options.onDeployed();
    this.#takeSnapshots();
    this.#attempt!.start();
    this.#coordinator?.start();
  }

  /** Savepoints can be taken of a job that takes no checkpoints. */
  #takeSnapshots(): void {
    const { host, graph, start } = this.#options;
    const { checkpointing } = graph.settings;
    const attempt = this.#attempt!;
    this.#coordinator = new CheckpointCoordinator({
      host,
      graph,
      settings: start.store === undefined || checkpointing === undefined ? SAVEPOINTS_ONLY : checkpointing,
      store: start.store,
      target: attempt,
      history: this.#options.history,
      fail: (error) => this.fail(error),
    });
    const subject = { endInput: () => this.toAll({ kind: "stop" }), stopped: () => this.#stopped() };
    this.#snapshots = new JobSnapshots(this.#coordinator, subject, start.store !== undefined);
  }

  #stopped(): void {
    this.#executions.moveAll("FINISHED");
    this.#attempt!.stopped();
  }

  #onState({ vertex, subtask, state, error }: FromTaskManager & { readonly kind: "state" }): void {
    if (!this.#executions.move(vertex, subtask, state)) return;
    if (state === "FAILED" && error !== undefined) this.fail(errorFromData(error));
    else if (state === "FINISHED") this.#attempt!.onFinished();
    if (this.#isRunning || this.#outcome !== undefined || !this.#executions.isEvery("RUNNING", "FINISHED")) return;
    this.#isRunning = true;
    this.#options.onRunning();
  }

  #watch(member: RemoteMember): void {
    member.watch(this.#options.host, this.#options.settings, this);
  }

  /** It is terminated rather than waited for; that is for whoever started it. */
  #giveUp(member: RemoteMember, reason: string): void {
    if (!this.#alive.has(member)) return;
    this.#options.onDead(member.taskManager, reason);
    this.#lose(member, reason);
  }

  #lose(member: RemoteMember, reason: string): void {
    if (!this.#alive.delete(member)) return;
    member.leave();
    this.#undeployed.delete(member);
    this.fail(this.#lostError(member, reason));
    for (const { vertex, subtask } of this.#executions.liveOn(member.index)) this.#executions.move(vertex, subtask, "FAILED");
    this.#attempt?.canceled(member);
    this.reports.gone(member);
    this.accumulators.gone(member);
  }

  #lostError(member: RemoteMember, reason: string): JobError {
    const names = this.#executions.liveOn(member.index).map(({ vertex, subtask }) => {
      const { operators, parallelism } = this.#options.graph.vertices[vertex]!;
      return `"${operators.map(({ node }) => node.name).join(" -> ")}" ${subtask + 1}/${parallelism}`;
    });
    const ran = names.length === 0 ? "" : `; it ran ${names.join(", ")}`;
    return new JobError("TASK_MANAGER_LOST", `task manager ${member.taskManager + 1} is lost: ${reason}${ran}`);
  }

  /** What lies in the storage is damaged: nothing has begun, and another checkpoint is tried. */
  #refused(error: JobError): void {
    if (this.#outcome !== undefined || this.#hasLeft) return;
    if (error.code !== "CORRUPT_DATA" || this.#options.start.restore?.isOwn !== true) return this.fail(error);
    this.leave();
    this.#options.onDamaged(error);
  }

  #end(outcome: JobOutcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    if (this.#attempt === undefined) {
      // Nothing was deployed: there is nothing to wait for.
      this.#deployTimer?.cancel();
      return this.#options.onEnd(outcome);
    }
    this.#executions.moveAll("CANCELING");
    // Nobody waits for those that are still building the job: from now on they must answer too.
    for (const member of this.#undeployed) this.#watch(member);
    if (outcome.status === "FAILED") this.#attempt.fail(outcome.error);
    else this.#attempt.cancel();
  }

  #ended(outcome: JobOutcome): void {
    this.#outcome = outcome;
    this.#deployTimer?.cancel();
    this.#snapshots?.close();
    if (!this.#hasLeft) this.#options.onEnd(outcome);
  }
}

/** Which member gives each slot: one of each, then the second of each that has one, so that what needs few slots is spread. */
function slotsOf(members: readonly Member[]): readonly number[] {
  const most = Math.max(...members.map(({ slots }) => slots));
  return Array.from({ length: most }, (_, round) => members.flatMap(({ slots }, index) => (round < slots ? [index] : []))).flat();
}

/** A line between each two members; by member, those to the others in order. None where they connect to addresses. */
function openLines(host: Host, members: readonly RemoteMember[]): readonly (readonly Port[])[] {
  const lines = members.map((): Port[] => []);
  if (members.some(({ address }) => address !== undefined)) return lines;
  for (const first of members) {
    for (const second of members) {
      if (second.index <= first.index) continue;
      const [a, b] = host.network.openLine();
      lines[first.index]![second.index - 1] = a;
      lines[second.index]![first.index] = b;
    }
  }
  return lines;
}
