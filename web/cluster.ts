import type { ClusterJobClient } from "../core/api/executor.ts";
import type { JobArgs } from "../core/api/job-module.ts";
import { checkedCount, Cluster, type ClusterOptions, type ClusterSubmitOptions, fileName, noAddress } from "../core/cluster.ts";
import { createWebHost } from "./host.ts";
import { webWorkers, type WorkerScript } from "./workers.ts";

/** More of them are asked for, not guessed: browsers say of the processors what they like. */
const WORKERS_MAX_DEFAULT = 4;

const WORKER_MAKER = ", or a function that makes a worker of it";

/** How a cluster of workers runs jobs. */
export interface WebClusterOptions extends ClusterOptions {
  /** How many workers run subtasks; one more leads jobs. Default: one less than the browser says that there are processors, from 1 to 4. */
  readonly workers?: number | undefined;
}

/**
 * Runs jobs on workers of this page, or of this worker. Workers start with the first job and serve those that come later.
 *
 * A job is a module, which each worker imports; so what runs there is what its function `job(env, args)` makes of its arguments. Under Vite the plugin of `tamias/vite` makes workers
 * of the modules that `submit` names. Under other bundlers a worker's script imports the job and serves it, by `serveJob`, and `submit` is given the function that makes the worker.
 *
 * @example
 * ```text
 * import { WebCluster } from "tamias/web";
 *
 * const cluster = new WebCluster({ workers: 2 });
 * const job = await cluster.submit(new URL("./job.ts", import.meta.url), { days: 7 });
 * for await (const batch of job.results("totals")) draw(batch);
 * ```
 */
export class WebCluster {
  readonly #cluster: Cluster<WorkerScript>;

  /** @throws JobError INVALID_ARGUMENT, UNKNOWN_OPTION */
  constructor({ workers = defaultWorkers(), ...options }: WebClusterOptions = {}) {
    const host = createWebHost();
    const taskManagers = checkedCount("workers", workers);
    this.#cluster = new Cluster({ host, workers: webWorkers(host), taskManagers, what: "WebCluster", ownOptions: ["workers"] }, options);
  }

  /**
   * Runs a job. Resolves once it has been built and found valid.
   *
   * @param job the address of its module, or a function that makes a worker whose script serves it: the same function for the same job
   * @returns a promise that rejects with what is wrong with the module or its graph, and where the job needs more slots than the cluster has
   */
  async submit(job: URL | string | (() => Worker), args: JobArgs = {}, options: ClusterSubmitOptions = {}): Promise<ClusterJobClient> {
    if (typeof job === "function") {
      const { module } = job as { readonly module?: string };
      return this.#cluster.submit({ module: module ?? "the worker's job module", script: job, name: module === undefined ? undefined : fileName(module) }, args, options);
    }
    if (!(job instanceof URL) && (typeof job !== "string" || job === "")) throw noAddress(job, WORKER_MAKER);
    const url = URL.parse(job, location.href);
    if (url === null) throw noAddress(job, WORKER_MAKER);
    const { href, pathname } = url;
    return this.#cluster.submit({ module: href, script: undefined, name: fileName(pathname) }, args, options);
  }

  /** Ends every worker. Jobs that run fail with CLUSTER_CLOSED. */
  close(): void {
    this.#cluster.close();
  }
}

function defaultWorkers(): number {
  return Math.max(1, Math.min(navigator.hardwareConcurrency - 1, WORKERS_MAX_DEFAULT));
}
