import { checkedCount, type ClusterOptions } from "../core/cluster.ts";
import { requireOptionNames } from "../core/lib/option-names.ts";
import { type AuthenticationEnv, authenticate } from "./authentication.ts";
import { errorResponse, HttpError } from "./http-error.ts";
import { jobManagerClass } from "./job-manager-object.ts";
import { checkedModules, type JobModules } from "./job-modules.ts";
import { jobManagerIn, type ObjectClass, type ObjectsEnv } from "./objects.ts";
import { StorageObject } from "./storage-object.ts";
import { taskClass } from "./task-object.ts";

/** What the deployment gives to the worker: its variables, secrets and bindings. */
export interface EdgeEnv extends AuthenticationEnv, ObjectsEnv {}

/** What a worker is made of. */
export interface EdgeWorkerOptions extends Pick<ClusterOptions, "heartbeatTimeoutMs" | "deployTimeoutMs"> {
  /** The job modules that can be submitted, by name. */
  readonly jobs: JobModules;
  /** How many subtasks of each operator run at once, each in a Durable Object of its own; jobs share them. Default 1. */
  readonly slots?: number;
}

/** What the script of a worker exports. */
export interface EdgeWorker {
  /** Its default export. */
  readonly worker: { fetch(request: Request, env: EdgeEnv): Promise<Response> };
  /** Exported by this name, and bound as JOB_MANAGER. */
  readonly JobManagerObject: ObjectClass;
  /** Exported by this name, and bound as TASKS. */
  readonly TaskObject: ObjectClass;
  /** Exported by this name, and bound as STORAGE: where checkpoints and savepoints are kept. Without that binding they are in memory, which ends with the object that leads the jobs. */
  readonly StorageObject: ObjectClass;
}

/**
 * A worker with which jobs are submitted, fed and read over HTTP, and the classes of the Durable Objects that run them. The script of a deployment is little more
 * than this call:
 *
 * ```ts
 * import { createEdgeWorker } from "tamias/edge";
 * import * as flights from "./flights-job.ts";
 *
 * const edge = createEdgeWorker({ jobs: { flights }, slots: 3 });
 * export default edge.worker;
 * export const { JobManagerObject, TaskObject, StorageObject } = edge;
 * ```
 *
 * @throws JobError UNKNOWN_OPTION, INVALID_ARGUMENT, JOB_MODULE_INVALID
 */
export function createEdgeWorker(options: EdgeWorkerOptions): EdgeWorker {
  requireOptionNames("createEdgeWorker", options, ["jobs", "slots", "heartbeatTimeoutMs", "deployTimeoutMs"]);
  const { jobs, slots = 1, ...others } = options;
  const modules = checkedModules(jobs);
  return {
    worker: { fetch: answer },
    JobManagerObject: jobManagerClass(modules, { slots: checkedCount("slots", slots), ...others }),
    TaskObject: taskClass(modules),
    StorageObject,
  };
}

async function answer(request: Request, env: EdgeEnv): Promise<Response> {
  try {
    await authenticate(request, env);
    const manager = jobManagerIn(env);
    // Whoever is let in is not asked again; the secret goes no further.
    const admitted = new Request(request);
    admitted.headers.delete("authorization");
    return await manager.fetch(admitted).catch(lost);
  } catch (error) {
    return errorResponse(error);
  }
}

/** The object answers errors of its own, so what fails is the way there, or the object. */
function lost(cause: unknown): never {
  const message = cause instanceof Error ? cause.message : String(cause);
  throw new HttpError("UNAVAILABLE", `the object that holds the jobs was lost while it answered, or cannot be reached: ${message}. Jobs that take checkpoints go on from the last one`);
}
