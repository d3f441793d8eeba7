import { portOf } from "../core/host/message-port.ts";
import { runWorker } from "../core/worker.ts";
import { createWebHost } from "./host.ts";
import { whenStarted } from "./worker-start.ts";

/** The script of a worker that imports jobs by their addresses. */
whenStarted((port) => {
  const host = createWebHost();
  runWorker({ host, port: portOf(port, host.scheduler.post), importJob: (module) => import(module) });
});
