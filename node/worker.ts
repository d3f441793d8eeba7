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
runWorker({ host, port: portOf(port, host.scheduler.post), importJob: (module) => import(module) });
