export { createEdgeWorker, type EdgeEnv, type EdgeWorker, type EdgeWorkerOptions } from "./create-edge-worker.ts";
export type { ObjectNamespace } from "./durable-object.ts";
export { IngestionSource, type IngestionPosition } from "./ingestion-source.ts";
export { loadKernelModule } from "./kernel-module.ts";
export type { ObjectClass } from "./objects.ts";
