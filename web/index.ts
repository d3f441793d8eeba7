export { loadKernelModule } from "./kernel-module.ts";
export { WebCluster, type WebClusterOptions } from "./cluster.ts";
export { serveJob } from "./serve-job.ts";
