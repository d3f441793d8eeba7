import type { Cancellable, Host, Port } from "../host/host.ts";
import { afterRunningFor } from "../host/running-timeout.ts";
import { errorToData } from "../lib/error-data.ts";
import { JobError } from "../lib/errors.ts";
import type { ClusterWorker, WorkerEnd } from "./cluster-worker.ts";
import { Heartbeats } from "./heartbeats.ts";
import type { ClusterSettings, FromMaster, JobDescription, Member, ToMaster } from "./protocol.ts";
import type { Grant, ResourceManager, SlotRequest } from "./resource-manager.ts";

/** A job whose master is lost again and again is the cause of it. */
const MASTERS_LOST_MAX = 10;

/** What stays true of a job, whoever leads it. */
const STANDING: readonly ToMaster["kind"][] = ["throttle", "stop", "report", "cancel"];

/** What the submitter of a job is told. */
export interface JobListener {
  onMessage(message: FromMaster): void;
  /** A line to a task manager that takes part, for records; it closes with the job's part there. */
  onRecordLine(port: Port, onClosed: () => void): void;
  /** There is no job master any more, and no `end` came: the job is lost. */
  onLost(error: JobError): void;
  /** Another job master takes the place of one that is gone, which answers nothing any more. */
  onMasterReplaced(error: JobError): void;
}

/** The submitter's end of a job. */
export interface SubmittedJob {
  send(message: ToMaster): void;
}

/** A worker that leads a job at a time: what one does while it is built holds up no other. */
export interface Leader<Script> {
  readonly worker: ClusterWorker<Script>;
  job: DispatchedJob<Script> | undefined;
}

export interface DispatchedJobOptions<Script> {
  readonly host: Host;
  readonly settings: ClusterSettings;
  readonly listener: JobListener;
  readonly resources: ResourceManager<Script>;
  /** See `JobRecoveryOptions.since`. */
  readonly since: number | undefined;
  /** It needs no master any more. */
  onEnd(job: DispatchedJob<Script>): void;
  /** It needs another master. */
  onMasterless(job: DispatchedJob<Script>): void;
}

/** One job between its submitter, its master, and the resource manager. */
export class DispatchedJob<Script> implements SubmittedJob {
  readonly script: Script | undefined;
  readonly #job: JobDescription;
  readonly #options: DispatchedJobOptions<Script>;
  /** To task managers that have something of the job. */
  readonly #recordLines = new Map<number, Port>();
  #master: Port | undefined;
  /** Until there is a master. */
  readonly #unsent: ToMaster[] = [];
  /** Ends a job that is never built. */
  #building: Cancellable | undefined;
  #request: SlotRequest<Script> | undefined;
  #heartbeats: Heartbeats | undefined;
  #lettingGo: Cancellable | undefined;
  /** Whether task managers take part in the attempt at hand. */
  #hasJoined = false;
  /** Attempts that have asked for slots. */
  #attempts = 0;
  /** Slots for the next attempt, which are asked for when the task managers of the last one have let go of it. */
  #wanted: number | undefined;
  /** What a further master is told anew, by kind. */
  readonly #standing = new Map<string, ToMaster>();
  /** Of its first master the epoch, where another one finds in the storage what the job goes on from. */
  #since: number | undefined;
  #mastersLost = 0;
  /** There are not as many slots as it needs. */
  #isRefused = false;
  #isOver = false;

  constructor(job: JobDescription, script: Script | undefined, options: DispatchedJobOptions<Script>) {
    this.#job = job;
    this.script = script;
    this.#options = options;
    this.#since = options.since;
  }

  begin(leader: Leader<Script>): void {
    leader.worker.setBusy(true);
    leader.worker.whenReady(() => {
      if (!this.#isOver) this.#lead(leader);
    });
  }

  #lead(leader: Leader<Script>): void {
    const { host, settings } = this.#options;
    this.#building = afterRunningFor(host, settings.deployTimeoutMs, () => {
      this.lose(lostMaster({ reason: `the job was not built within ${settings.deployTimeoutMs} ms: importing its module, or its function, takes longer or never ends`, error: undefined }));
      leader.worker.terminate("it was still building a job that was given up");
    });
    const [own, theirs] = host.network.openLine();
    leader.worker.send({ kind: "lead", job: this.#job, settings, since: this.#since }, [theirs]);
    this.#master = own;
    own.listen(
      (message) => this.#receive(message as FromMaster, leader),
      () => {
        if (this.#master === own) this.loseMaster(lostMaster({ reason: "its line has closed", error: undefined }));
      },
    );
    for (const message of this.#standing.values()) own.send(message);
    for (const message of this.#unsent.splice(0)) own.send(message);
  }

  send(message: ToMaster): void {
    const isStanding = STANDING.includes(message.kind);
    if (isStanding) this.#standing.set(message.kind, message);
    if (this.#master !== undefined) this.#master.send(message);
    else if (!isStanding) this.#unsent.push(message);
  }

  /** Its master is gone. Where what it stored outlives it, another one goes on with the job. */
  loseMaster(error: JobError): void {
    if (this.#isOver) return;
    this.#mastersLost += 1;
    if (this.#since === undefined || MASTERS_LOST_MAX < this.#mastersLost) return this.lose(error);
    this.#options.host.warn(`another worker goes on with a job, from its last checkpoint: ${error.reason}`);
    const master = this.#master;
    this.#master = undefined;
    master?.close();
    this.#heartbeats?.stop();
    this.#heartbeats = undefined;
    this.#building?.cancel();
    this.#unsent.length = 0;
    this.#wanted = undefined;
    // Its task managers cannot know that their master is gone; this end they see.
    for (const port of this.#recordLines.values()) port.close();
    this.#release();
    this.#options.listener.onMasterReplaced(error);
    this.#options.onMasterless(this);
  }

  /** There is no master any more that could end the job. */
  lose(error: JobError): void {
    if (this.#isOver) return;
    this.#over();
    // Its task managers cannot know that their master is gone; this end they see.
    for (const port of this.#recordLines.values()) port.close();
    this.#options.listener.onLost(error);
  }

  #receive(message: FromMaster, leader: Leader<Script>): void {
    if (this.#isOver) return;
    this.#heartbeats?.answered();
    switch (message.kind) {
      case "heartbeat":
        return;
      case "request-slots":
        this.#building?.cancel();
        this.#watch(leader);
        this.#wanted = message.slots;
        return this.#release();
      case "dead":
        return this.#terminate(message.taskManager, message.reason);
      case "accepted":
        if (this.#isRefused) return;
        this.#since ??= message.since;
        return this.#options.listener.onMessage(message);
      case "end":
        this.#over();
        return this.#options.listener.onMessage(message);
      default:
        return this.#options.listener.onMessage(message);
    }
  }

  /** Not before: while it builds a job, a worker need not answer. */
  #watch(leader: Leader<Script>): void {
    const { host, settings } = this.#options;
    this.#heartbeats ??= new Heartbeats({
      host,
      intervalMs: settings.heartbeatIntervalMs,
      timeoutMs: settings.heartbeatTimeoutMs,
      send: (count) => this.send({ kind: "heartbeat", count }),
      onDead: (silentMs) => leader.worker.terminate(`it has not answered for ${silentMs} ms`),
    });
  }

  #requestSlots(slots: number): void {
    this.#attempts += 1;
    this.#hasJoined = false;
    this.#request = {
      script: this.script,
      slots,
      onGranted: (grants) => this.#join(grants),
      onRefused: (error) => {
        this.#isRefused = true;
        this.send({ kind: "no-slots", error: errorToData(error) });
      },
      onLost: (taskManager, { reason, error }) => {
        if (this.#hasJoined) this.send({ kind: "lost", taskManager, reason });
        else this.send({ kind: "no-slots", error: errorToData(error ?? neverStarted(taskManager, reason)) });
        // Some browsers tell nothing of the other ends of lines.
        this.#recordLines.get(taskManager)?.close();
      },
    };
    this.#options.resources.request(this.#request);
  }

  #join(grants: readonly Grant<Script>[]): void {
    const { network } = this.#options.host;
    this.#hasJoined = true;
    const members: Member[] = [];
    const lines: Port[] = [];
    for (const { taskManager, slots } of grants) {
      const { number, worker } = taskManager;
      const { address } = worker;
      const line = `${this.#job.id}/${this.#attempts}`;
      members.push({ taskManager: number, slots, address });
      if (address === undefined) {
        const [master, ofTaskManager] = network.openLine();
        const [submitter, ofRecords] = network.openLine();
        worker.send({ kind: "join", at: undefined }, [ofTaskManager, ofRecords]);
        lines.push(master);
        this.#addRecordLine(number, submitter);
      } else {
        const at = { address: network.address!, master: `${line}/master-${number}`, records: `${line}/records-${number}` };
        worker.send({ kind: "join", at }, []);
        lines.push(network.connect!(address, at.master));
        this.#addRecordLine(number, network.connect!(address, at.records));
      }
    }
    this.#master!.send({ kind: "slots", members } satisfies ToMaster, { ports: lines });
  }

  #terminate(taskManager: number, reason: string): void {
    if (this.#request !== undefined) this.#options.resources.terminate(this.#request, taskManager, reason);
  }

  #addRecordLine(taskManager: number, port: Port): void {
    this.#recordLines.set(taskManager, port);
    this.#options.listener.onRecordLine(port, () => {
      this.#recordLines.delete(taskManager);
      if (this.#isOver || this.#wanted !== undefined) this.#release();
    });
  }

  #over(): void {
    this.#isOver = true;
    this.#heartbeats?.stop();
    this.#building?.cancel();
    this.#master?.close();
    this.#options.onEnd(this);
    this.#release();
  }

  /** Slots are free when their task managers have let go of the job, which they do at once; one that does not is terminated. */
  #release(): void {
    const { host, resources, settings } = this.#options;
    if (this.#recordLines.size === 0) {
      this.#lettingGo?.cancel();
      this.#lettingGo = undefined;
      if (this.#request !== undefined) resources.release(this.#request);
      this.#request = undefined;
      const slots = this.#wanted;
      this.#wanted = undefined;
      if (slots !== undefined && !this.#isOver) this.#requestSlots(slots);
      return;
    }
    this.#lettingGo ??= afterRunningFor(host, settings.heartbeatTimeoutMs, () => {
      for (const taskManager of this.#recordLines.keys()) this.#terminate(taskManager, "it has not let go of a job that has ended there");
    });
  }
}

export function lostMaster({ reason, error }: WorkerEnd): JobError {
  return error ?? new JobError("JOB_MASTER_LOST", `the worker that led the job is lost: ${reason}`);
}

function neverStarted(taskManager: number, reason: string): JobError {
  return new JobError("TASK_MANAGER_LOST", `task manager ${taskManager + 1} has not started: ${reason}`);
}
