import { DurableObject } from "cloudflare:workers";
import type { JobArgs, JobModule } from "../core/api/job-module.ts";
import { JobError } from "../core/lib/errors.ts";
import type { ObjectClass, ObjectState } from "./durable-object.ts";
import { createEdgeHost, type EdgeHost } from "./edge-host.ts";
import { EdgeJobs, type RunningJob } from "./edge-jobs.ts";
import { runInPlace } from "./in-place-job.ts";
import { loadKernelModule } from "./kernel-module.ts";
import { handleRequest } from "./routes.ts";

/** Jobs by the names under which they are submitted. */
export interface JobModules {
  readonly [name: string]: JobModule;
}

/** The one object that holds the jobs of a worker. */
export const JOB_MANAGER_ADDRESS = "job-manager";
/** While a job runs, the object is asked so often whether it still does, so that it counts as used. */
const KEEP_AWAKE_MS = 30_000;

/** The class of the object that takes requests, and runs what they submit. */
export function jobManagerClass(modules: JobModules): ObjectClass {
  return class JobManagerObject extends DurableObject {
    readonly #host: EdgeHost;
    readonly #jobs = new EdgeJobs((module, args) => this.#submit(module, args));

    constructor(ctx: ObjectState, env: unknown) {
      super(ctx, env);
      const peerAt = (address: string): never => {
        throw new JobError("INTERNAL", `there is no object "${address}"`);
      };
      this.#host = createEdgeHost({ address: JOB_MANAGER_ADDRESS, state: ctx, peerAt, kernel: loadKernelModule() });
    }

    fetch(request: Request): Promise<Response> {
      return handleRequest(request, this.#jobs);
    }

    alarm(): Promise<void> {
      return this.#host.alarm();
    }

    async #submit(name: string, args: JobArgs): Promise<RunningJob> {
      const job = await runInPlace(this.#host, moduleNamed(modules, name), args);
      this.#keepAwake();
      return job;
    }

    #keepAwake(): void {
      const { clock, scheduler } = this.#host;
      scheduler.at(clock.now() + KEEP_AWAKE_MS, () => {
        if (this.#jobs.list().some((job) => !job.hasEnded)) this.#keepAwake();
      });
    }
  };
}

/** @throws JobError JOB_MODULE_INVALID */
function moduleNamed(modules: JobModules, name: string): JobModule {
  const module = Object.hasOwn(modules, name) ? modules[name] : undefined;
  if (module !== undefined) return module;
  throw new JobError("JOB_MODULE_INVALID", `this worker has no job "${name}": it was deployed with ${Object.keys(modules).map((known) => `"${known}"`).join(", ")}`);
}
