export { WEB_STORAGES } from "./storages.ts";
export { loadKernelModule } from "./kernel-module.ts";
export { WebCluster, type WebClusterOptions } from "./cluster.ts";
export { serveJob } from "./serve-job.ts";
export { appendToLog } from "./indexed-db-log.ts";
export { IndexedDbLogSource, type IndexedDbLogSourceOptions } from "./indexed-db-log-source.ts";
export { IndexedDbSink, type IndexedDbSinkOptions } from "./indexed-db-sink.ts";
export { shareJob, type SharedJob, type SharedJobOptions, type TabRole } from "./shared-job.ts";
