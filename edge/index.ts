export { createEdgeWorker, type EdgeEnv, type EdgeWorker, type EdgeWorkerOptions } from "./create-edge-worker.ts";
export type { ObjectClass, ObjectNamespace } from "./durable-object.ts";
export { jobEnds } from "./in-place-job.ts";
export { loadKernelModule } from "./kernel-module.ts";
