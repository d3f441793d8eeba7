import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./type-check.ts";

/** Tells whether dist/ is what the sources of today build to. */

/** Remembers which sources dist/ was built from; outside of dist/, which is published whole. */
const STAMP = join(ROOT, ".cache", "build-stamp");
const SOURCE_FOLDERS = ["core", "formats", "storages", "node", "web", "edge"];
const CONFIGS = ["base", "core", "formats", "storages", "node", "web", "edge"].map((name) => `tsconfig.${name}.json`);
const SETTINGS = ["package.json", "scripts/bundle.ts", ...CONFIGS, "wasm/tamias-kernel.sha256", "wasm/tamias-kernel.d.ts"];

export const DIST = join(ROOT, "dist");
/** The same as single modules, for profiles that tell by the file of a function what it belongs to. */
export const MODULES = join(ROOT, ".cache", "modules");

/** By content and not by age, because a checkout makes every file new. */
export function hashOfSources(): string {
  const hash = createHash("sha256");
  for (const path of [...SETTINGS, ...SOURCE_FOLDERS.flatMap(filesUnder)]) {
    hash.update(`${path}\0`).update(readFileSync(join(ROOT, path))).update("\0");
  }
  return hash.digest("hex");
}

function filesUnder(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => `${folder}/${name}`);
}

export function isBuilt(): boolean {
  return existsSync(join(DIST, "core", "index.js")) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === hashOfSources();
}

/** Called when a build has ended well, with the hash that the sources had when it began. */
export function noteBuilt(sources: string): void {
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, sources);
}
