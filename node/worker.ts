import { fileURLToPath } from "node:url";
import { workerData } from "node:worker_threads";
import { portOf } from "../core/host/message-port.ts";
import { runWorker } from "../core/worker.ts";
import { createNodeHost } from "./host.ts";
import { registerJobHooks } from "./job-hooks.ts";
import { loadKernelModule } from "./kernel-module.ts";
import type { ThreadData } from "./workers.ts";

/** The script of a worker thread. */
registerJobHooks();
const host = createNodeHost(await loadKernelModule());
const { port } = workerData as ThreadData;
runWorker({ host, port: portOf(port, host.scheduler.post), importJob });

/** What Node says of a module that is not there has a stack of the engine's. */
async function importJob(module: string): Promise<unknown> {
  try {
    return await import(module);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND")) throw cause;
    throw Object.assign(new Error("url" in cause && cause.url === module ? `there is no file ${fileURLToPath(module)}` : cause.message), { stack: "" });
  }
}
