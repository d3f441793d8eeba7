import { jobGraphToJson } from "../graph/fingerprint.ts";
import type { JobGraph } from "../graph/job-graph.ts";
import type { Cancellable, Host, Port } from "../host/host.ts";
import { unreachable } from "../lib/assert.ts";
import { errorFromData, errorToData } from "../lib/error-data.ts";
import { JobError } from "../lib/errors.ts";
import { ExecutionGraph } from "./execution-graph.ts";
import { JobAttempt, type JobOutcome } from "./job-attempt.ts";
import { AccumulatorRounds, MemberReports } from "./member-reports.ts";
import type {
  AccumulatorValues,
  ClusterSettings,
  FromMaster,
  FromTaskManager,
  JobDescription,
  Member,
  OutcomeData,
  Peer,
  ReportData,
  ToMaster,
} from "./protocol.ts";
import { type MemberListener, RemoteMember } from "./remote-member.ts";
import { toEnumerator } from "./source-messages.ts";
import { asJobError } from "./task.ts";

/** A job as a worker has built it. */
export interface LoadedJob {
  readonly graph: JobGraph;
  explain(): string;
}

/** Imports the module of a job, builds its graph and loads the parts that it needs. One of the two is called, once. */
export type LoadJob = (job: JobDescription, onLoaded: (loaded: LoadedJob) => void, onFailure: (error: JobError) => void) => void;

export interface JobMasterOptions {
  readonly host: Host;
  /** To the submitter, with dispatcher and resource manager. */
  readonly port: Port;
  readonly job: JobDescription;
  readonly settings: ClusterSettings;
  readonly loadJob: LoadJob;
}

/**
 * The master of one job: builds its graph, asks for slots, deploys the subtasks to task managers, keeps the state of each, runs the enumerators, and brings the job to
 * its end, by itself or because somebody failed, was lost, or canceled it.
 */
export class JobMaster implements MemberListener {
  readonly #options: JobMasterOptions;
  #loaded: LoadedJob | undefined;
  #executions: ExecutionGraph | undefined;
  #attempt: JobAttempt | undefined;
  #members: readonly RemoteMember[] = [];
  readonly #alive = new Set<RemoteMember>();
  readonly #undeployed = new Set<RemoteMember>();
  readonly #reports = new MemberReports(this.#alive);
  readonly #accumulators = new AccumulatorRounds(this.#alive);
  #deployTimer: Cancellable | undefined;
  /** What reports to the submitter, until it wants no more of it. */
  #reporting: { timer: Cancellable } | undefined;
  /** What the submitter has asked of the sources, for those that are not there yet. */
  #recordsPerSecond: number | undefined;
  #isStopping = false;
  #runningSince: number | undefined;
  #isRunning = false;
  /** Whether it is only asked what was counted. */
  #hasEnded = false;
  #isOver = false;
  #outcome: JobOutcome | undefined;

  constructor(options: JobMasterOptions) {
    this.#options = options;
    options.port.listen(
      (message, ports) => this.#receive(message as ToMaster, ports),
      // Nobody is there any more who wants the job.
      () => this.#abandon(),
    );
    options.loadJob(options.job, (loaded) => this.#onLoaded(loaded), (error) => this.#fail(error));
  }

  onMessage(member: RemoteMember, message: FromTaskManager): void {
    switch (message.kind) {
      case "heartbeat":
        return;
      case "deployed":
        return this.#onDeployed(member);
      case "refused":
        return this.#fail(errorFromData(message.error));
      case "state":
        return this.#onState(message);
      case "to-enumerator":
        return this.#attempt!.toEnumerator({ vertex: this.#loaded!.graph.vertices[message.vertex]!, subtask: message.subtask }, toEnumerator(message.message));
      case "ended":
        return this.#attempt!.ended(member);
      case "closed":
        return this.#attempt!.closed(member);
      case "canceled":
        return this.#onCanceled(member);
      case "report":
        return this.#reports.told(member, message.metrics);
      case "accumulators":
        return this.#accumulators.told(member, message.merged);
      default:
        return unreachable(message);
    }
  }

  onSilent(member: RemoteMember, silentMs: number): void {
    this.#giveUp(member, `it has not answered for ${silentMs} ms`);
  }

  #receive(message: ToMaster, ports: readonly Port[]): void {
    if (this.#isOver) return;
    switch (message.kind) {
      case "slots":
        return this.#deploy(message.members, ports);
      case "no-slots":
        return this.#fail(errorFromData(message.error));
      case "lost": {
        const member = this.#members.find(({ taskManager }) => taskManager === message.taskManager);
        return member === undefined ? undefined : this.#lose(member, message.reason);
      }
      case "heartbeat":
        return this.#send({ kind: "heartbeat", count: message.count });
      case "cancel":
        return this.#cancel();
      case "stop":
        this.#isStopping = true;
        return this.#toAll({ kind: "stop" });
      case "throttle":
        return this.#throttle(message.recordsPerSecond);
      case "report":
        return this.#reportEvery(message.everyMs);
      case "accumulators":
        return this.#accumulators.ask((values) => this.#send({ kind: "accumulators", request: message.request, values }));
      case "explain":
        return this.#send({ kind: "explained", request: message.request, text: this.#loaded?.explain() ?? "" });
      default:
        return unreachable(message);
    }
  }

  #send(message: FromMaster): void {
    this.#options.port.send(message);
  }

  #toAll(message: Parameters<RemoteMember["send"]>[0]): void {
    for (const member of this.#alive) member.send(message);
  }

  #onLoaded(loaded: LoadedJob): void {
    if (this.#outcome !== undefined) return;
    const { graph } = loaded;
    this.#loaded = loaded;
    this.#executions = new ExecutionGraph(graph);
    this.#executions.moveAll("SCHEDULED");
    // First: more slots than there are refuse the job, before anybody takes it for accepted.
    this.#send({ kind: "request-slots", slots: Math.max(...graph.vertices.map(({ parallelism }) => parallelism)) });
    this.#send({ kind: "accepted", jobName: graph.jobName, plan: jobGraphToJson(graph) });
  }

  #deploy(given: readonly Member[], ports: readonly Port[]): void {
    const { graph } = this.#loaded!;
    const { host, settings } = this.#options;
    const members = given.map((member, index) => new RemoteMember(index, member, ports[index]!, graph, this));
    this.#members = members;
    for (const member of members) this.#alive.add(member);
    if (this.#outcome !== undefined) return this.#abandon();
    const executions = this.#executions!;
    executions.place(slotsOf(given));
    executions.moveAll("DEPLOYING");
    try {
      this.#attempt = new JobAttempt(graph, {
        host,
        restore: undefined,
        runners: members,
        runnerOf: (vertex, subtask) => members[executions.memberOf(vertex, subtask)]!,
        beforeEnd: (proceed) => proceed(),
        onEnd: (outcome) => this.#onEnd(outcome),
      });
    } catch (cause) {
      return this.#fail(asJobError(cause));
    }
    const lines = openLines(host, members);
    for (const member of members) {
      this.#undeployed.add(member);
      member.deploy(this.#deploymentFor(member), lines[member.index]!);
    }
    this.#deployTimer = host.scheduler.at(host.clock.now() + settings.deployTimeoutMs, () => {
      for (const member of [...this.#undeployed]) this.#giveUp(member, `its subtasks were not ready within ${settings.deployTimeoutMs} ms`);
    });
  }

  #watch(member: RemoteMember): void {
    member.watch(this.#options.host, this.#options.settings, this);
  }

  #deploymentFor(self: RemoteMember): Parameters<RemoteMember["deploy"]>[0] {
    const { job, settings } = this.#options;
    const peers = this.#members
      .filter((member) => member !== self)
      .map(({ index, address }): Peer => ({ member: index, address, line: `${job.id}/${Math.min(index, self.index)}-${Math.max(index, self.index)}` }));
    return { job, settings, graph: jobGraphToJson(this.#loaded!.graph), attempt: 0, placement: this.#executions!.placement, self: self.index, peers };
  }

  #onDeployed(member: RemoteMember): void {
    if (!this.#undeployed.delete(member)) return;
    this.#watch(member);
    this.#executions!.moveAll("INITIALIZING", member.index);
    if (0 < this.#undeployed.size || this.#outcome !== undefined) return;
    this.#deployTimer?.cancel();
    this.#runningSince = this.#options.host.clock.now();
    if (this.#recordsPerSecond !== undefined) this.#throttle(this.#recordsPerSecond);
    this.#attempt!.start();
    if (this.#isStopping) this.#toAll({ kind: "stop" });
  }

  #onState({ vertex, subtask, state, error }: FromTaskManager & { readonly kind: "state" }): void {
    if (!this.#executions!.move(vertex, subtask, state)) return;
    if (state === "FAILED" && error !== undefined) this.#fail(errorFromData(error));
    else if (state === "FINISHED") this.#attempt!.onFinished();
    if (this.#isRunning || this.#outcome !== undefined || !this.#executions!.isEvery("RUNNING", "FINISHED")) return;
    this.#isRunning = true;
    this.#send({ kind: "running" });
  }

  #onCanceled(member: RemoteMember): void {
    this.#executions!.moveAll("CANCELED", member.index);
    this.#attempt!.canceled(member);
  }

  /** It is terminated rather than waited for; that is for whoever started it. */
  #giveUp(member: RemoteMember, reason: string): void {
    if (!this.#alive.has(member)) return;
    this.#send({ kind: "dead", taskManager: member.taskManager, reason });
    this.#lose(member, reason);
  }

  #lose(member: RemoteMember, reason: string): void {
    if (!this.#alive.delete(member)) return;
    member.leave();
    this.#undeployed.delete(member);
    if (!this.#isOver && this.#outcome === undefined) this.#fail(this.#lostError(member, reason));
    for (const { vertex, subtask } of this.#executions?.liveOn(member.index) ?? []) this.#executions?.move(vertex, subtask, "FAILED");
    this.#attempt?.canceled(member);
    this.#reports.gone(member);
    this.#accumulators.gone(member);
  }

  #lostError(member: RemoteMember, reason: string): JobError {
    const live = this.#executions?.liveOn(member.index) ?? [];
    const names = live.map(({ vertex, subtask }) => {
      const { operators, parallelism } = this.#loaded!.graph.vertices[vertex]!;
      return `"${operators.map(({ node }) => node.name).join(" -> ")}" ${subtask + 1}/${parallelism}`;
    });
    const ran = names.length === 0 ? "" : `; it ran ${names.join(", ")}`;
    return new JobError("TASK_MANAGER_LOST", `task manager ${member.taskManager + 1} is lost: ${reason}${ran}`);
  }

  #cancel(): void {
    if (this.#outcome !== undefined) return;
    if (this.#attempt === undefined) return this.#endEarly({ status: "CANCELED" });
    this.#outcome = { status: "CANCELED" };
    this.#leaveOff();
    this.#attempt.cancel();
  }

  #fail(error: JobError): void {
    if (this.#outcome !== undefined) return;
    const outcome: JobOutcome = { status: "FAILED", error };
    if (this.#attempt === undefined) return this.#endEarly(outcome);
    this.#outcome = outcome;
    this.#leaveOff();
    this.#attempt.fail(error);
  }

  /** Nobody waits for those that are still building the job: from now on they must answer too. */
  #leaveOff(): void {
    this.#executions!.moveAll("CANCELING");
    for (const member of this.#undeployed) this.#watch(member);
  }

  /** Nothing has been deployed. */
  #endEarly(outcome: JobOutcome): void {
    this.#outcome = outcome;
    this.#end(outcome, []);
  }

  /** Nothing runs any more. What is counted is asked for once more, as it is at the end. */
  #onEnd(outcome: JobOutcome): void {
    this.#outcome = outcome;
    // One more report to the submitter would take the place of this one.
    this.#hasEnded = true;
    this.#reporting?.timer.cancel();
    this.#reports.ask(() =>
      this.#accumulators.ask((values) => {
        if (!("code" in values)) this.#end(outcome, values);
        // A result that lacks what a worker has counted would be wrong.
        else this.#end(outcome.status === "FINISHED" ? { status: "FAILED", error: errorFromData(values) } : outcome, []);
      }),
    );
  }

  #end(outcome: JobOutcome, accumulators: AccumulatorValues): void {
    if (this.#isOver) return;
    this.#send({ kind: "end", outcome: outcomeData(outcome), accumulators, report: this.#reportData() });
    this.#abandon();
  }

  #abandon(): void {
    this.#isOver = true;
    this.#outcome ??= { status: "CANCELED" };
    this.#deployTimer?.cancel();
    this.#reporting?.timer.cancel();
    this.#attempt?.cancel();
    for (const member of this.#members) member.leave();
    this.#alive.clear();
    this.#options.port.close();
  }

  #throttle(recordsPerSecond: number | undefined): void {
    this.#recordsPerSecond = recordsPerSecond;
    const sources = this.#loaded?.graph.vertices.filter(({ operators }) => operators[0]!.node.enumerator !== undefined) ?? [];
    const subtasks = sources.reduce((sum, { parallelism }) => sum + parallelism, 0);
    this.#toAll({ kind: "throttle", recordsPerSecond: recordsPerSecond === undefined ? undefined : recordsPerSecond / Math.max(1, subtasks) });
  }

  #reportEvery(everyMs: number | undefined): void {
    this.#reporting?.timer.cancel();
    this.#reporting = undefined;
    if (everyMs === undefined || this.#hasEnded) return;
    const { host } = this.#options;
    const reporting = { timer: { cancel: () => {} } };
    this.#reporting = reporting;
    const report = (): void => {
      this.#reports.ask(() => {
        if (this.#reporting !== reporting) return;
        this.#send({ kind: "report", report: this.#reportData() });
        reporting.timer = host.scheduler.at(host.clock.now() + everyMs, report);
      });
    };
    report();
  }

  #reportData(): ReportData {
    const { host } = this.#options;
    return {
      runningMs: this.#runningSince === undefined ? 0 : host.clock.now() - this.#runningSince,
      metrics: this.#members.flatMap((member) => this.#reports.of(member)),
      subtasks: this.#executions?.reports((member) => this.#members[member]!.taskManager) ?? [],
    };
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

function outcomeData(outcome: JobOutcome): OutcomeData {
  return outcome.status === "FAILED" ? { status: "FAILED", error: errorToData(outcome.error) } : outcome;
}
