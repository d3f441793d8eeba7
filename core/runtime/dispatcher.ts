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

/** Takes jobs, gives each a master and finds it slots, and watches over the masters as they watch over their task managers. */
export class Dispatcher<Script> {
  readonly #options: DispatcherOptions<Script>;
  readonly #resources: ResourceManager<Script>;
  readonly #leaders = new Set<Leader<Script>>();
  readonly #jobs = new Set<DispatchedJob<Script>>();
  #isClosed = false;

  constructor(options: DispatcherOptions<Script>) {
    const { host, workers, taskManagers, slots, settings } = options;
    this.#options = options;
    this.#resources = new ResourceManager({ host, workers, taskManagers, slots, helloTimeoutMs: settings.deployTimeoutMs });
  }

  /** `since` is of a job that has been led already, by another dispatcher. */
  submit(job: JobDescription, script: Script | undefined, listener: JobListener, since?: number): SubmittedJob {
    const dispatched = new DispatchedJob(job, script, { ...this.#options, listener, resources: this.#resources, since, onEnd: (ended) => this.#ended(ended), onMasterless: (job) => this.#leadAgain(job) });
    if (this.#isClosed) {
      dispatched.lose(new JobError("CLUSTER_CLOSED", "the cluster was closed: make another one for further jobs"));
      return dispatched;
    }
    this.#jobs.add(dispatched);
    if (this.#lead(dispatched)) this.#resources.expect(script, job.parallelism);
    return dispatched;
  }

  /** Ends every worker; jobs that run are lost. */
  close(): void {
    this.#isClosed = true;
    for (const job of [...this.#jobs]) job.lose(new JobError("CLUSTER_CLOSED", "the cluster was closed while the job ran"));
    for (const { worker } of [...this.#leaders]) worker.terminate("the cluster was closed");
    this.#resources.close();
  }

  /** By another worker than the one that has lost it. */
  #leadAgain(job: DispatchedJob<Script>): void {
    const lost = [...this.#leaders].filter((leader) => leader.job === job);
    for (const leader of lost) {
      // Its end is told at once, and is no loss of the next one.
      leader.job = undefined;
      leader.worker.terminate("it has lost its job");
    }
    this.#lead(job);
  }

  /** Returns whether there is a worker for it. */
  #lead(job: DispatchedJob<Script>): boolean {
    try {
      job.begin(this.#leaderFor(job));
      return true;
    } catch (cause) {
      const reason = `it could not be started: ${cause instanceof Error ? cause.message : String(cause)}`;
      job.lose(lostMaster({ reason, error: cause instanceof JobError ? cause : undefined }));
      return false;
    }
  }

  /** One that has nothing to do; else a new one, for which idle ones of other scripts make room. */
  #leaderFor(job: DispatchedJob<Script>): Leader<Script> {
    const idle = [...this.#leaders].filter((leader) => leader.job === undefined);
    const leader = idle.find(({ worker }) => worker.script === job.script) ?? this.#startLeader(job.script);
    leader.job = job;
    for (const other of idle) if (other !== leader && other.worker.script !== job.script) other.worker.terminate("a job of another script needs its place");
    return leader;
  }

  #startLeader(script: Script | undefined): Leader<Script> {
    const { host, leaders, settings } = this.#options;
    const leader: Leader<Script> = {
      worker: new ClusterWorker(leaders, script, {
        host,
        helloTimeoutMs: settings.deployTimeoutMs,
        onEnd: (end) => {
          this.#leaders.delete(leader);
          const { job } = leader;
          leader.job = undefined;
          job?.loseMaster(lostMaster(end));
        },
      }),
      job: undefined,
    };
    this.#leaders.add(leader);
    return leader;
  }

  #ended(job: DispatchedJob<Script>): void {
    this.#jobs.delete(job);
    for (const leader of this.#leaders) {
      if (leader.job !== job) continue;
      leader.job = undefined;
      leader.worker.setBusy(false);
    }
  }
}
