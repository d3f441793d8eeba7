import type { Host } from "../host/host.ts";
import type { Workers } from "../host/workers.ts";
import { JobError } from "../lib/errors.ts";
import { ClusterWorker } from "./cluster-worker.ts";
import { DispatchedJob, type JobListener, type Leader, lostMaster, type SubmittedJob } from "./dispatched-job.ts";
import type { ClusterSettings, JobDescription } from "./protocol.ts";
import { ResourceManager } from "./resource-manager.ts";

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
    const dispatched = new DispatchedJob(job, script, { ...this.#options, listener, resources: this.#resources, onEnd: (ended) => this.#ended(ended) });
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
