import { DurableObject } from "cloudflare:workers";
import { runWorker } from "../core/worker.ts";
import type { ObjectState } from "./durable-object.ts";
import { createEdgeHost, type EdgeHost } from "./edge-host.ts";
import { importJobOf, type JobModules } from "./job-modules.ts";
import { loadKernelModule } from "./kernel-module.ts";
import type { EndName, LinePeer } from "./line-end.ts";
import { JOB_MANAGER_ADDRESS, type ObjectClass, type ObjectsEnv, addressOf, peersIn } from "./objects.ts";
import { edgeStorages } from "./storages.ts";

/** The calls that such an object takes. */
export interface TaskPeer extends LinePeer {
  /** Makes it a worker, which is told what to do by a line of this name. Answers when the object is gone, with an error that says why. */
  startWorker(line: string): Promise<never>;
  /** Ends the object, and all that runs in it, at once. */
  terminate(): Promise<never>;
}

/** The class of the objects that run subtasks: each is one slot. */
export function taskClass(modules: JobModules): ObjectClass {
  return class TaskObject extends DurableObject<ObjectsEnv> implements TaskPeer {
    readonly #host: EdgeHost;
    /** Would end what is never to end: the platform rejects a promise that nobody can settle any more. */
    readonly #endings: (() => void)[] = [];

    constructor(ctx: ObjectState, env: ObjectsEnv) {
      super(ctx, env);
      this.#host = createEdgeHost({ address: addressOf(ctx), state: ctx, peerAt: peersIn(env), kernel: loadKernelModule(), storages: edgeStorages(env) });
    }

    startWorker(line: string): Promise<never> {
      const port = this.#host.network.connect(JOB_MANAGER_ADDRESS, line);
      runWorker({ host: this.#host, port, importJob: importJobOf(modules) });
      return new Promise((_resolve, reject) => this.#endings.push(reject));
    }

    async terminate(): Promise<never> {
      return this.ctx.abort("it was terminated");
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
  };
}
