import { mkdtempSync, rmSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { ROOT } from "../../scripts/type-check.ts";
import { type EdgeServer, serveConfig } from "../../scripts/workerd.ts";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** One object of the probe worker: each call runs a method of it, inside workerd. */
export type Probe = (method: string, ...args: readonly unknown[]) => Promise<unknown>;

export interface ProbeServer extends EdgeServer {
  /** Rejects with what the method throws. */
  probe(name: string): Probe;
}

/** Serves the worker whose objects have an edge host. Suites that it holds see what stands in for vitest there. */
export async function serveProbes(): Promise<ProbeServer> {
  const parent = join(ROOT, ".cache", "probes");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "worker-"));
  const main = join(folder, "host-probe.js");
  await build({
    entryPoints: [source("worker/host-probe.ts")],
    outfile: main,
    bundle: true,
    format: "esm",
    target: "es2023",
    external: ["cloudflare:workers"],
    alias: { vitest: source("worker/recorded-tests.ts") },
    logLevel: "error",
  });
  const server = await serveConfig({
    name: "host-probe",
    main,
    compatibility_date: "2026-11-01",
    durable_objects: { bindings: [{ name: "PROBES", class_name: "ProbeObject" }] },
    migrations: [{ tag: "v1", new_sqlite_classes: ["ProbeObject"] }],
  });
  return {
    ...server,
    close: () => {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
    probe: (name) => async (method, ...args) => {
      const response = await fetch(`${server.origin}/${method}?object=${encodeURIComponent(name)}`, { method: "POST", body: JSON.stringify(args) });
      if (response.status !== 200) throw new Error(await response.text());
      return response.json();
    },
  };
}
