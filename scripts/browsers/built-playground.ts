import { readFileSync, readdirSync, rmSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { ROOT } from "../type-check.ts";
import type { Served } from "./page-server.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".parquet": "application/octet-stream",
  ".wasm": "application/wasm",
};

/** Builds the playground as its users get it: its files by their paths. `name` is one that nobody builds under meanwhile. */
export async function builtPlayground(name: string): Promise<ReadonlyMap<string, Served>> {
  const out = join(ROOT, `.cache/${name}`);
  await build({ configFile: fileURLToPath(new URL("../../web/playground/vite.config.ts", import.meta.url)), logLevel: "error", build: { outDir: out } });
  const files = new Map<string, Served>();
  for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(relative(out, file).replaceAll(sep, "/"), { body: readFileSync(file), headers: { "content-type": TYPES[extname(file)] ?? "text/plain" } });
  }
  rmSync(out, { recursive: true });
  return files;
}
