import { fileURLToPath } from "node:url";
import { type EdgeServer, serveConfig } from "../../scripts/workerd.ts";

/** One object of the probe worker: each call runs a method of it, inside workerd. */
export type Probe = (method: string, ...args: readonly unknown[]) => Promise<unknown>;

export interface ProbeServer extends EdgeServer {
  /** Rejects with what the method throws. */
  probe(name: string): Probe;
}

/** Serves the worker whose objects have an edge host. */
export async function serveProbes(): Promise<ProbeServer> {
  const server = await serveConfig({
    name: "host-probe",
    main: fileURLToPath(new URL("worker/host-probe.ts", import.meta.url)),
    compatibility_date: "2026-11-01",
    durable_objects: { bindings: [{ name: "PROBES", class_name: "ProbeObject" }] },
    migrations: [{ tag: "v1", new_sqlite_classes: ["ProbeObject"] }],
  });
  return {
    ...server,
    probe: (name) => async (method, ...args) => {
      const response = await fetch(`${server.origin}/${method}?object=${encodeURIComponent(name)}`, { method: "POST", body: JSON.stringify(args) });
      if (response.status !== 200) throw new Error(await response.text());
      return response.json();
    },
  };
}
