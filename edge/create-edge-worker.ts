import { isJobModule } from "../core/api/job-module.ts";
import { JobError } from "../core/lib/errors.ts";
import { requireOptionNames } from "../core/lib/option-names.ts";
import { type AuthenticationEnv, authenticate } from "./authentication.ts";
import type { ObjectClass, ObjectNamespace } from "./durable-object.ts";
import { errorResponse, HttpError } from "./http-error.ts";
import { JOB_MANAGER_ADDRESS, jobManagerClass, type JobModules } from "./job-manager-object.ts";

/** What the deployment gives to the worker: its variables, secrets and bindings. */
export interface EdgeEnv extends AuthenticationEnv {
  readonly JOB_MANAGER?: ObjectNamespace<{ fetch(request: Request): Promise<Response> }>;
}

/** What a worker is made of. */
export interface EdgeWorkerOptions {
  /** The job modules that can be submitted, by name. */
  readonly jobs: JobModules;
}

/** What the script of a worker exports. */
export interface EdgeWorker {
  /** Its default export. */
  readonly worker: { fetch(request: Request, env: EdgeEnv): Promise<Response> };
  /** Exported by this name, and bound as JOB_MANAGER. */
  readonly JobManagerObject: ObjectClass;
}

/**
 * A worker with which jobs are submitted, fed and read over HTTP, and the classes of the Durable Objects that run them. The script of a deployment is little more
 * than this call:
 *
 * ```ts
 * import { createEdgeWorker } from "tamias/edge";
 * import * as flights from "./flights-job.ts";
 *
 * const edge = createEdgeWorker({ jobs: { flights } });
 * export default edge.worker;
 * export const { JobManagerObject } = edge;
 * ```
 *
 * @throws JobError UNKNOWN_OPTION, JOB_MODULE_INVALID
 */
export function createEdgeWorker(options: EdgeWorkerOptions): EdgeWorker {
  requireOptionNames("createEdgeWorker", options, ["jobs"]);
  for (const [name, module] of Object.entries(options.jobs)) {
    if (!isJobModule(module)) throw new JobError("JOB_MODULE_INVALID", `the job "${name}" exports no function job(env, args): import * as ${name} from its module`);
  }
  return { worker: { fetch: answer }, JobManagerObject: jobManagerClass(options.jobs) };
}

async function answer(request: Request, env: EdgeEnv): Promise<Response> {
  try {
    await authenticate(request, env);
    const { JOB_MANAGER: managers } = env;
    if (managers === undefined) {
      throw new HttpError("NOT_CONFIGURED", 'the worker has no binding JOB_MANAGER: bind the class JobManagerObject to it, under "durable_objects" of its wrangler configuration');
    }
    // Whoever is let in is not asked again; the secret goes no further.
    const admitted = new Request(request);
    admitted.headers.delete("authorization");
    return await managers.get(managers.idFromName(JOB_MANAGER_ADDRESS)).fetch(admitted);
  } catch (error) {
    return errorResponse(error);
  }
}
