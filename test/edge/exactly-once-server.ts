import { fileURLToPath } from "node:url";
import { type EdgeServer, serveConfig, type ServeOptions } from "../../scripts/workerd.ts";

const CLASSES: Readonly<Record<string, string>> = { JOB_MANAGER: "JobManagerObject", TASKS: "TaskObject", STORAGE: "StorageObject", COMMITTED: "CommittedObject" };

/** Serves a worker whose jobs commit rows once each, whatever ends in mid-run. */
export function serveExactlyOnce(options: ServeOptions = {}): Promise<EdgeServer> {
  return serveConfig(
    {
      name: "exactly-once",
      main: fileURLToPath(new URL("worker/exactly-once-worker.ts", import.meta.url)),
      compatibility_date: "2026-11-01",
      durable_objects: { bindings: Object.entries(CLASSES).map(([name, className]) => ({ name, class_name: className })) },
      migrations: [{ tag: "v1", new_sqlite_classes: Object.values(CLASSES) }],
    },
    { vars: { TAMIAS_MODE: "dev" }, ...options },
  );
}
