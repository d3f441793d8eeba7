import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { ClusterJobClient } from "../core/api/executor.ts";
import type { JobArgs } from "../core/api/job-module.ts";
import { checkedCount, Cluster, type ClusterOptions, type ClusterSubmitOptions, fileName, noAddress } from "../core/cluster.ts";
import { createNodeHost } from "./host.ts";
import { nodeWorkers } from "./workers.ts";

/** More of them are asked for, not guessed: what a machine says of its processors is not what a program gets of them. */
const THREADS_MAX_DEFAULT = 4;

/** How a cluster of threads runs jobs. */
export interface NodeClusterOptions extends ClusterOptions {
  /** How many threads run subtasks; one more leads jobs. Default: one less than the machine has processors, from 1 to 4. */
  readonly threads?: number | undefined;
}

/**
 * Runs jobs on worker threads of this process. Threads start with the first job, serve those that come later, and keep the process only while a job runs.
 *
 * A job is a module, which each thread imports; so what runs there is what its function `job(env, args)` makes of its arguments.
 *
 * @example
 * ```text
 * import { NodeCluster } from "tamias/node";
 *
 * await using cluster = new NodeCluster({ threads: 2 });
 * const job = await cluster.submit(new URL("./job.ts", import.meta.url), { days: 7 });
 * for await (const batch of job.results("totals")) console.table(batch);
 * ```
 */
export class NodeCluster {
  readonly #cluster: Cluster<URL>;

  /** @throws JobError INVALID_ARGUMENT, UNKNOWN_OPTION */
  constructor({ threads = defaultThreads(), ...options }: NodeClusterOptions = {}) {
    const host = createNodeHost();
    const taskManagers = checkedCount("threads", threads);
    this.#cluster = new Cluster({ host, workers: nodeWorkers(host), taskManagers, what: "NodeCluster", ownOptions: ["threads"] }, options);
  }

  /**
   * Runs a job. Resolves once it has been built and found valid.
   *
   * @param job the address of its module, or a path from the working directory
   * @returns a promise that rejects with what is wrong with the module or its graph, and where the job needs more slots than the cluster has
   */
  async submit(job: URL | string, args: JobArgs = {}, options: ClusterSubmitOptions = {}): Promise<ClusterJobClient> {
    if (!(job instanceof URL) && (typeof job !== "string" || job === "")) throw noAddress(job);
    // A single letter is a drive.
    const url = job instanceof URL ? job : /^[a-z][a-z\d+.-]+:/i.test(job) ? URL.parse(job) : pathToFileURL(resolve(job));
    if (url === null) throw noAddress(job);
    return this.#cluster.submit({ module: url.href, script: undefined, name: fileName(url.pathname) }, args, options);
  }

  /** Ends every thread. Jobs that run fail with CLUSTER_CLOSED. */
  close(): void {
    this.#cluster.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

function defaultThreads(): number {
  return Math.max(1, Math.min(availableParallelism() - 1, THREADS_MAX_DEFAULT));
}
