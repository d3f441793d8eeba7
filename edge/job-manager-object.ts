import { DurableObject } from "cloudflare:workers";
import type { ObjectState } from "./durable-object.ts";
import type { LogRead } from "./ingestion-logs.ts";
import { type EdgeClusterOptions, JobManager } from "./job-manager.ts";
import type { JobModules } from "./job-modules.ts";
import type { EndName } from "./line-end.ts";
import type { JobManagerPeer, ObjectClass, ObjectsEnv } from "./objects.ts";

/** The class of the object that takes requests, and leads the jobs that they submit. */
export function jobManagerClass(modules: JobModules, options: EdgeClusterOptions): ObjectClass {
  return class JobManagerObject extends DurableObject<ObjectsEnv> implements JobManagerPeer {
    readonly #manager: JobManager;

    constructor(state: ObjectState, env: ObjectsEnv) {
      super(state, env);
      this.#manager = new JobManager({ state, env, modules, options });
    }

    override fetch(request: Request): Promise<Response> {
      return this.#manager.fetch(request);
    }

    attendLine(end: EndName): Promise<void> {
      return this.#manager.host.lines.attendLine(end);
    }

    carryLine(end: EndName, bytes: Uint8Array, isLast: boolean): Promise<void> {
      return this.#manager.host.lines.carryLine(end, bytes, isLast);
    }

    readLog(name: string, identity: string, from: number): Promise<LogRead> {
      return this.#manager.readLog(name, identity, from);
    }

    async trimLog(name: string, identity: string, before: number): Promise<void> {
      this.#manager.trimLog(name, identity, before);
    }

    alarm(): Promise<void> {
      return this.#manager.alarm();
    }
  };
}
