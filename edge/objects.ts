import { JobError } from "../core/lib/errors.ts";
import type { ObjectNamespace, ObjectState } from "./durable-object.ts";
import { HttpError } from "./http-error.ts";
import type { LogRead } from "./ingestion-logs.ts";
import type { LinePeer } from "./line-end.ts";
import type { StoragesEnv } from "./storages.ts";
import type { TaskPeer } from "./task-object.ts";

/** The calls that the object of the job manager takes. */
export interface JobManagerPeer extends LinePeer {
  fetch(request: Request): Promise<Response>;
  /** See `IngestionLogs.read`; where there is nothing yet, it waits a while. */
  readLog(name: string, identity: string, from: number): Promise<LogRead>;
  trimLog(name: string, identity: string, before: number): Promise<void>;
}

/** The objects of a deployment, as they are bound to its worker. */
export interface ObjectsEnv extends StoragesEnv {
  readonly JOB_MANAGER?: ObjectNamespace<JobManagerPeer>;
  readonly TASKS?: ObjectNamespace<TaskPeer>;
}

/** What a worker exports by its name, so that the platform makes objects of it. */
export type ObjectClass = new (ctx: ObjectState, env: ObjectsEnv) => object;

/** The one object that holds the jobs of a worker. Objects are found by their addresses, which are their names. */
export const JOB_MANAGER_ADDRESS = "job-manager";

export function taskAddress(number: number): string {
  return `task-${number}`;
}

/** @throws JobError INTERNAL */
export function addressOf({ id }: ObjectState): string {
  if (id.name !== undefined) return id.name;
  throw new JobError("INTERNAL", "this object does not know its name: a worker of Tamias needs a platform of March 2026 or later");
}

/** @throws HttpError NOT_CONFIGURED */
export function jobManagerIn({ JOB_MANAGER }: ObjectsEnv): JobManagerPeer {
  return objectsIn(JOB_MANAGER, '"JOB_MANAGER" to the class "JobManagerObject"')(JOB_MANAGER_ADDRESS);
}

/** By address. @throws HttpError NOT_CONFIGURED */
export function tasksIn({ TASKS }: ObjectsEnv): (address: string) => TaskPeer {
  return objectsIn(TASKS, '"TASKS" to the class "TaskObject"');
}

export function peersIn(env: ObjectsEnv): (address: string) => LinePeer {
  return (address) => (address === JOB_MANAGER_ADDRESS ? jobManagerIn(env) : tasksIn(env)(address));
}

function objectsIn<Stub>(namespace: ObjectNamespace<Stub> | undefined, binding: string): (name: string) => Stub {
  if (namespace !== undefined) return (name) => namespace.get(namespace.idFromName(name));
  throw new HttpError("NOT_CONFIGURED", `the worker has no objects: in its wrangler configuration, under "durable_objects", bind ${binding}`);
}
