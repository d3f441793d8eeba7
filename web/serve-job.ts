import type { JobModule } from "../core/api/job-module.ts";
import { portOf } from "../core/host/message-port.ts";
import { runWorker } from "../core/worker.ts";
import { createWebHost } from "./host.ts";
import { loadKernelModule } from "./kernel-module.ts";
import { whenStarted } from "./worker-start.ts";

/**
 * Makes a worker of the script that calls it, for a `WebCluster` whose jobs are bundled: job and engine are then one program. Called before anything is awaited.
 *
 * @example
 * ```text
 * // totals-worker.ts
 * import { serveJob } from "tamias/web";
 *
 * serveJob(() => import("./totals.ts"));
 *
 * // on the page
 * const totals = () => new Worker(new URL("./totals-worker.ts", import.meta.url), { type: "module" });
 * const client = await cluster.submit(totals, { days: 7 });
 * ```
 * @param job imports the job's module, or what it exports; imported by the engine, a module that cannot be, or that runs its job at once, is refused with what to do
 * @param kernel where the kernel's file is, or its compiled module, for bundlers that do not find it: what `loadKernelModule` takes
 */
export function serveJob(job: JobModule | (() => Promise<unknown>), kernel?: string | URL | WebAssembly.Module): void {
  serveJobs(typeof job === "function" ? job : () => Promise.resolve(job), kernel);
}

/** Without the kernel jobs compute the same, and their `explain` says so. */
export function serveJobs(importJob: (module: string) => Promise<unknown>, kernel?: string | URL | WebAssembly.Module): void {
  const loaded = loadKernelModule(kernel).catch(() => undefined);
  whenStarted(async (port) => {
    const host = createWebHost(await loaded);
    runWorker({ host, port: portOf(port, host.scheduler.post), importJob });
  });
}
