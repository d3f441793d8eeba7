import { readFileSync, readdirSync, rmSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { type PageServer, type Served, ISOLATED, servePages } from "../../../scripts/browsers/page-server.ts";
import { ROOT } from "../../../scripts/type-check.ts";

/** Builds the playground as its users get it, and serves it in every way that its tests need, each under a folder of its own. */

const OUT = join(ROOT, ".cache/playground-test");

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".parquet": "application/octet-stream",
  ".wasm": "application/wasm",
};


export async function servePlayground(): Promise<PageServer> {
  await build({ configFile: fileURLToPath(new URL("../../../web/playground/vite.config.ts", import.meta.url)), logLevel: "error", build: { outDir: OUT } });
  const files = new Map<string, Served>();
  for (const entry of readdirSync(OUT, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(relative(OUT, file).replaceAll(sep, "/"), { body: readFileSync(file), headers: { "content-type": TYPES[extname(file)] ?? "text/plain" } });
  }
  rmSync(OUT, { recursive: true });
  return servePages((path) => {
    const [, folder = "", name = ""] = /^\/([^/]+)\/(.*)$/.exec(path) ?? [];
    const file = files.get(name === "" ? "index.html" : name);
    if (file === undefined) return undefined;
    if (folder === "isolated") return { ...file, headers: { ...file.headers, ...ISOLATED } };
    if (folder === "without-flights" && name.endsWith(".parquet")) return undefined;
    if (folder === "dying-engine" && name.includes("engine-worker")) return { ...file, body: DYING };
    return file;
  });
}

/** Takes the first call, and dies of it. */
const DYING = `self.onmessage = () => { throw new Error("the engine is out of memory"); };`;
