import { Cluster, type ClusterOptions, type RecoverableJobClient } from "../core/cluster.ts";
import type { Workers } from "../core/host/workers.ts";
import { runWorker } from "../core/worker.ts";
import type { ObjectState } from "./durable-object.ts";
import { createEdgeHost, type EdgeHost } from "./edge-host.ts";
import type { JobStart } from "./edge-job.ts";
import { EdgeJobs } from "./edge-jobs.ts";
import { ALARM_MS_MIN } from "./edge-scheduler.ts";
import { IngestionLogs, type LogRead } from "./ingestion-logs.ts";
import { importJobOf, type JobModules } from "./job-modules.ts";
import { JobTable } from "./job-table.ts";
import { loadKernelModule } from "./kernel-module.ts";
import { JOB_MANAGER_ADDRESS, type ObjectsEnv, peersIn, tasksIn } from "./objects.ts";
import { handleRequest } from "./routes.ts";
import { edgeStorages } from "./storages.ts";
import { ownLeaders, taskWorkers } from "./task-workers.ts";

/** How long a reader of a log waits for what is not there yet, before it asks again. */
const READ_WAIT_MS = 10_000;

/** How the jobs of a worker are run. */
export interface EdgeClusterOptions extends Pick<ClusterOptions, "heartbeatTimeoutMs" | "deployTimeoutMs"> {
  /** How many subtasks of each operator run at once, each in an object of its own. */
  readonly slots: number;
}

export interface JobManagerParts {
  readonly state: ObjectState;
  readonly env: ObjectsEnv;
  readonly modules: JobModules;
  readonly options: EdgeClusterOptions;
}

/**
 * What the object does that takes requests and leads jobs. It keeps in its database what was submitted and how it ended, and the events of ingestion logs. Whatever became of the object before, the next request or its
 * alarm makes another, and the jobs go on from their checkpoints.
 */
export class JobManager {
  readonly host: EdgeHost;
  readonly #parts: JobManagerParts;
  readonly #logs: IngestionLogs;
  readonly #jobs: EdgeJobs;
  /** Another one for each life of this object. */
  readonly #life = crypto.randomUUID().slice(-12);
  /** While there are jobs: their objects are let go with the last one. */
  #cluster: Cluster<never> | undefined;
  /** Of one cluster after the other: objects that one has let go may still be ending when the next begins. */
  #workers: Workers<never> | undefined;

  constructor(parts: JobManagerParts) {
    const { state, env } = parts;
    this.#parts = parts;
    this.host = createEdgeHost({ address: JOB_MANAGER_ADDRESS, state, peerAt: peersIn(env), kernel: loadKernelModule(), storages: edgeStorages(env) });
    this.#logs = new IngestionLogs(state.storage);
    this.#jobs = new EdgeJobs({ table: new JobTable(state.storage), logs: this.#logs, start: (job) => this.#start(job), onIdle: () => this.#close() });
  }

  fetch(request: Request): Promise<Response> {
    this.#jobs.resume();
    return handleRequest(request, { jobs: this.#jobs, env: this.#parts.env });
  }

  /** As long as a job runs there is an alarm: heartbeats are timers too. */
  alarm(): Promise<void> {
    this.#jobs.resume();
    // Until those that go on have timers of their own, this one keeps the alarm.
    const { clock, scheduler } = this.host;
    if (this.#jobs.list().some((job) => !job.hasEnded)) scheduler.at(clock.now() + ALARM_MS_MIN, () => {});
    return this.host.alarm();
  }

  async readLog(name: string, identity: string, from: number): Promise<LogRead> {
    const read = this.#logs.read(name, identity, from);
    if ("gone" in read || 0 < read.chunks.length) return read;
    await this.#moreIn(name);
    return this.#logs.read(name, identity, from);
  }

  trimLog(name: string, identity: string, before: number): void {
    this.#logs.trim(name, identity, before);
  }

  /** Or a while has passed: whoever waits may be gone. */
  #moreIn(name: string): Promise<void> {
    const { clock, scheduler } = this.host;
    return new Promise((resolve) => {
      const stop = this.#logs.onMore(name, () => {
        timer.cancel();
        resolve();
      });
      const timer = scheduler.at(clock.now() + READ_WAIT_MS, () => {
        stop();
        resolve();
      });
    });
  }

  async #start({ id, module, args, configuration, since, signal }: JobStart): Promise<RecoverableJobClient> {
    const { host } = this;
    const { env, modules, options } = this.#parts;
    const { slots, ...others } = options;
    const importJob = importJobOf(modules);
    this.#workers ??= taskWorkers(host, this.#life, tasksIn(env));
    this.#cluster ??= new Cluster(
      {
        host,
        workers: this.#workers,
        leaders: ownLeaders(host, (port) => runWorker({ host, port, importJob })),
        taskManagers: slots,
        what: "createEdgeWorker",
        ownOptions: [],
      },
      { slots: 1, transport: "message", ...others },
    );
    // Jobs of one name must not share an address, or one would take over from the other.
    const dir = env.STORAGE === undefined ? {} : { "execution.checkpointing.dir": `do:jobs/${id}` };
    const { parallelism, ...given } = configuration;
    const run = { id: `${id}/${this.#life}`, since };
    return this.#cluster.submit({ module, script: undefined, name: module, run }, args, { parallelism, configuration: { ...dir, ...given }, signal });
  }

  #close(): void {
    this.#cluster?.close();
    this.#cluster = undefined;
  }
}
