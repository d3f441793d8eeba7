import type { Host, Port } from "../host/host.ts";
import type { Workers } from "../host/workers.ts";
import { errorToData } from "../lib/error-data.ts";
import { JobError } from "../lib/errors.ts";
import { ClusterWorker, type WorkerEnd } from "./cluster-worker.ts";
import { Heartbeats } from "./heartbeats.ts";
import type { ClusterSettings, FromMaster, JobDescription, Member, ToMaster } from "./protocol.ts";
import { type Grant, ResourceManager, type SlotRequest } from "./resource-manager.ts";

export interface DispatcherOptions<Script> {
  readonly host: Host;
  /** Starts task managers. */
  readonly workers: Workers<Script>;
  /** Starts what leads jobs. */
  readonly leaders: Workers<Script>;
  readonly taskManagers: number;
  /** Of each task manager. */
  readonly slots: number;
  readonly settings: ClusterSettings;
}

/** What the submitter of a job is told. */
export interface JobListener {
  onMessage(message: FromMaster): void;
  /** A line to a task manager that takes part, for records; it closes with the job's part there. */
  onRecordLine(port: Port): void;
  /** There is no job master any more, and no `end` came: the job is lost. */
  onLost(error: JobError): void;
}

/** The submitter's end of a job. */
export interface SubmittedJob {
  send(message: ToMaster): void;
}

/** Takes jobs and gives each a master, finds it slots, and watches over the masters as they watch over their task managers. */
export class Dispatcher<Script> {
  readonly #options: DispatcherOptions<Script>;
  readonly #resources: ResourceManager<Script>;
  readonly #leaders = new Map<Script | undefined, Leader<Script>>();
  readonly #jobs = new Set<DispatchedJob<Script>>();
  #isClosed = false;

  constructor(options: DispatcherOptions<Script>) {
    const { host, workers, taskManagers, slots, settings } = options;
    this.#options = options;
    this.#resources = new ResourceManager({ host, workers, taskManagers, slots, helloTimeoutMs: settings.deployTimeoutMs });
  }

  submit(job: JobDescription, script: Script | undefined, listener: JobListener): SubmittedJob {
    const dispatched = new DispatchedJob(job, script, listener, this.#options, this.#resources, (ended) => this.#ended(ended));
    if (this.#isClosed) {
      dispatched.lose(new JobError("CLUSTER_CLOSED", "the cluster was closed: make another one for further jobs"));
      return dispatched;
    }
    this.#jobs.add(dispatched);
    dispatched.begin(this.#leaderOf(script));
    return dispatched;
  }

  /** Ends every worker; jobs that run are lost. */
  close(): void {
    this.#isClosed = true;
    for (const job of [...this.#jobs]) job.lose(new JobError("CLUSTER_CLOSED", "the cluster was closed while the job ran"));
    for (const { worker } of this.#leaders.values()) worker.terminate("the cluster was closed");
    this.#resources.close();
  }

  /** One leads all jobs of its script. */
  #leaderOf(script: Script | undefined): Leader<Script> {
    const present = this.#leaders.get(script);
    if (present !== undefined) return present;
    const { host, leaders, settings } = this.#options;
    const jobs = new Set<DispatchedJob<Script>>();
    const worker = new ClusterWorker(leaders, script, {
      host,
      helloTimeoutMs: settings.deployTimeoutMs,
      onEnd: (end) => {
        if (this.#leaders.get(script)?.jobs === jobs) this.#leaders.delete(script);
        for (const job of [...jobs]) job.lose(lostMaster(end));
      },
    });
    const leader = { worker, jobs };
    this.#leaders.set(script, leader);
    return leader;
  }

  #ended(job: DispatchedJob<Script>): void {
    this.#jobs.delete(job);
    const leader = this.#leaders.get(job.script);
    if (leader?.jobs.delete(job) === true && leader.jobs.size === 0) leader.worker.setBusy(false);
  }
}

interface Leader<Script> {
  readonly worker: ClusterWorker<Script>;
  readonly jobs: Set<DispatchedJob<Script>>;
}

/** One job between its submitter, its master, and the resource manager. */
class DispatchedJob<Script> implements SubmittedJob {
  readonly script: Script | undefined;
  readonly #job: JobDescription;
  readonly #listener: JobListener;
  readonly #options: DispatcherOptions<Script>;
  readonly #resources: ResourceManager<Script>;
  readonly #onEnd: (job: DispatchedJob<Script>) => void;
  readonly #recordLines = new Map<number, Port>();
  #master: Port | undefined;
  #request: SlotRequest<Script> | undefined;
  #heartbeats: Heartbeats | undefined;
  #isOver = false;

  constructor(
    job: JobDescription,
    script: Script | undefined,
    listener: JobListener,
    options: DispatcherOptions<Script>,
    resources: ResourceManager<Script>,
    onEnd: (job: DispatchedJob<Script>) => void,
  ) {
    this.#job = job;
    this.script = script;
    this.#listener = listener;
    this.#options = options;
    this.#resources = resources;
    this.#onEnd = onEnd;
  }

  begin(leader: Leader<Script>): void {
    const { host, settings } = this.#options;
    const [own, theirs] = host.network.openLine();
    leader.jobs.add(this);
    leader.worker.setBusy(true);
    leader.worker.send({ kind: "lead", job: this.#job, settings }, [theirs]);
    this.#master = own;
    own.listen(
      (message) => this.#receive(message as FromMaster, leader),
      () => this.lose(lostMaster({ reason: "its line has closed", error: undefined })),
    );
  }

  send(message: ToMaster): void {
    this.#master?.send(message);
  }

  /** There is no master any more that could end the job. */
  lose(error: JobError): void {
    if (this.#isOver) return;
    this.#over();
    // Its task managers cannot know that their master is gone; this end they see.
    for (const port of this.#recordLines.values()) port.close();
    this.#listener.onLost(error);
  }

  #receive(message: FromMaster, leader: Leader<Script>): void {
    if (this.#isOver) return;
    this.#heartbeats?.answered();
    switch (message.kind) {
      case "heartbeat":
        return;
      case "request-slots":
        this.#watch(leader);
        return this.#requestSlots(message.slots);
      case "dead":
        return this.#resources.terminate(message.taskManager, message.reason);
      case "end":
        this.#over();
        return this.#listener.onMessage(message);
      default:
        return this.#listener.onMessage(message);
    }
  }

  /** Not before: while a module is loaded, its worker need not answer. */
  #watch(leader: Leader<Script>): void {
    const { host, settings } = this.#options;
    this.#heartbeats = new Heartbeats({
      host,
      intervalMs: settings.heartbeatIntervalMs,
      timeoutMs: settings.heartbeatTimeoutMs,
      send: (count) => this.send({ kind: "heartbeat", count }),
      onDead: (silentMs) => leader.worker.terminate(`it has not answered for ${silentMs} ms`),
    });
  }

  #requestSlots(slots: number): void {
    this.#request = {
      script: this.script,
      slots,
      onGranted: (grants) => this.#join(grants),
      onRefused: (error) => this.send({ kind: "no-slots", error: errorToData(error) }),
      onLost: (taskManager, { reason, error }) => {
        // Some browsers tell nothing of the other ends of lines.
        this.#recordLines.get(taskManager)?.close();
        if (error !== undefined) this.send({ kind: "no-slots", error: errorToData(error) });
        else this.send({ kind: "lost", taskManager, reason });
      },
    };
    this.#resources.request(this.#request);
  }

  #join(grants: readonly Grant<Script>[]): void {
    const { network } = this.#options.host;
    const members: Member[] = [];
    const lines: Port[] = [];
    for (const { taskManager, slots } of grants) {
      const { number, worker } = taskManager;
      const { address } = worker;
      members.push({ taskManager: number, slots, address });
      if (address === undefined) {
        const [master, ofTaskManager] = network.openLine();
        const [submitter, ofRecords] = network.openLine();
        worker.send({ kind: "join", at: undefined }, [ofTaskManager, ofRecords]);
        lines.push(master);
        this.#addRecordLine(number, submitter);
      } else {
        const at = { address: network.address!, master: `${this.#job.id}/master-${number}`, records: `${this.#job.id}/records-${number}` };
        worker.send({ kind: "join", at }, []);
        lines.push(network.connect!(address, at.master));
        this.#addRecordLine(number, network.connect!(address, at.records));
      }
    }
    this.#master!.send({ kind: "slots", members } satisfies ToMaster, { ports: lines });
  }

  #addRecordLine(taskManager: number, port: Port): void {
    this.#recordLines.set(taskManager, port);
    this.#listener.onRecordLine(port);
  }

  #over(): void {
    this.#isOver = true;
    this.#heartbeats?.stop();
    this.#master?.close();
    if (this.#request !== undefined) this.#resources.release(this.#request);
    this.#onEnd(this);
  }
}

function lostMaster({ reason, error }: WorkerEnd): JobError {
  return error ?? new JobError("JOB_MASTER_LOST", `the worker that led the job is lost: ${reason}`);
}
