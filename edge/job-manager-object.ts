import { DurableObject } from "cloudflare:workers";
import type { ClusterJobClient } from "../core/api/executor.ts";
import type { JobArgs } from "../core/api/job-module.ts";
import { Cluster, type ClusterOptions } from "../core/cluster.ts";
import type { Workers } from "../core/host/workers.ts";
import { runWorker } from "../core/worker.ts";
import type { ObjectState } from "./durable-object.ts";
import { createEdgeHost, type EdgeHost } from "./edge-host.ts";
import { EdgeJobs } from "./edge-jobs.ts";
import { importJobOf, type JobModules } from "./job-modules.ts";
import { loadKernelModule } from "./kernel-module.ts";
import type { EndName } from "./line-end.ts";
import { JOB_MANAGER_ADDRESS, type JobManagerPeer, type ObjectClass, type ObjectsEnv, peersIn, tasksIn } from "./objects.ts";
import { handleRequest } from "./routes.ts";
import { ownLeaders, taskWorkers } from "./task-workers.ts";

/** How the jobs of a worker are run. */
export interface EdgeClusterOptions extends Pick<ClusterOptions, "heartbeatTimeoutMs" | "deployTimeoutMs"> {
  /** How many subtasks of each operator run at once, each in an object of its own. */
  readonly slots: number;
}

/** The class of the object that takes requests, and leads the jobs that they submit. */
export function jobManagerClass(modules: JobModules, { slots, ...options }: EdgeClusterOptions): ObjectClass {
  const importJob = importJobOf(modules);
  return class JobManagerObject extends DurableObject<ObjectsEnv> implements JobManagerPeer {
    readonly #host: EdgeHost;
    readonly #jobs: EdgeJobs;
    /** While there are jobs: their objects are let go with the last one. */
    #cluster: Cluster<never> | undefined;
    /** Of one cluster after the other: objects that one has let go may still be ending when the next begins. */
    #workers: Workers<never> | undefined;

    constructor(ctx: ObjectState, env: ObjectsEnv) {
      super(ctx, env);
      this.#host = createEdgeHost({ address: JOB_MANAGER_ADDRESS, state: ctx, peerAt: peersIn(env), kernel: loadKernelModule() });
      this.#jobs = new EdgeJobs({ submit: (module, args) => this.#submit(module, args), onIdle: () => this.#close() });
    }

    override fetch(request: Request): Promise<Response> {
      return handleRequest(request, this.#jobs);
    }

    attendLine(end: EndName): Promise<void> {
      return this.#host.lines.attendLine(end);
    }

    carryLine(end: EndName, bytes: Uint8Array, isLast: boolean): Promise<void> {
      return this.#host.lines.carryLine(end, bytes, isLast);
    }

    alarm(): Promise<void> {
      return this.#host.alarm();
    }

    async #submit(name: string, args: JobArgs): Promise<ClusterJobClient> {
      const host = this.#host;
      this.#workers ??= taskWorkers(host, tasksIn(this.env));
      this.#cluster ??= new Cluster(
        {
          host,
          workers: this.#workers,
          leaders: ownLeaders(host, (port) => runWorker({ host, port, importJob })),
          taskManagers: slots,
          what: "createEdgeWorker",
          ownOptions: [],
        },
        { slots: 1, transport: "message", ...options },
      );
      return this.#cluster.submit({ module: name, script: undefined, name }, args, {});
    }

    #close(): void {
      this.#cluster?.close();
      this.#cluster = undefined;
    }
  };
}
