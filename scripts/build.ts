import { chmodSync, copyFileSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import process from "node:process";
import { parseSync } from "rolldown/utils";
import { DIST, hashOfSources, isBuilt, noteBuilt } from "./built-package.ts";
import { KERNEL_FILE } from "./kernel-sources.ts";
import { ROOT, compile } from "./type-check.ts";

/**
 * `npm run build`: compiles core/ and node/ into dist/. npm runs it after `npm ci` too (the `prepare` script), so it needs nothing but the
 * installed packages. So does the first `npx tamias` in a clone, when dist/ may be in use: `--if-changed` leaves alone what is up to date.
 */
function main(flags: readonly string[]): number {
  if (flags.includes("--if-changed") && isBuilt()) return 0;
  const sources = hashOfSources();
  // Built beside dist/ and put in its place when all went well, so that a failed build leaves the last good one.
  const fresh = join(ROOT, ".cache", `dist-${process.pid}`);
  try {
    const failure = buildInto(fresh);
    if (failure !== undefined) return fail(failure);
    rmSync(DIST, { recursive: true, force: true });
    renameSync(fresh, DIST);
    noteBuilt(sources);
    return 0;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Returns why it failed, if it did. */
function buildInto(folder: string): string | undefined {
  // Core goes first and alone: there it has neither DOM nor Node types to lean on.
  for (const config of ["tsconfig.core.json", "tsconfig.node.json"]) {
    if (!compile(config, "--outDir", folder)) return `the types of ${config} are wrong (above); "npm run check" shows them all`;
  }
  const foreign = importsThatLeave(join(folder, "core"));
  if (foreign.length > 0) return `core must run on every host, but it imports from outside of core/:\n  ${foreign.join("\n  ")}`;
  mkdirSync(join(folder, "wasm"));
  copyFileSync(KERNEL_FILE, join(folder, "wasm", basename(KERNEL_FILE)));
  chmodSync(join(folder, "node", "cli", "main.js"), 0o755);
  return undefined;
}

/** The imports of built modules that lead out of their folder, to other folders or to packages. */
function importsThatLeave(folder: string): string[] {
  const leaving: string[] = [];
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".js")) continue;
    const path = join(folder, name);
    for (const specifier of importsOf(path)) {
      const inside = specifier.startsWith(".") && !relative(folder, resolve(path, "..", specifier)).startsWith("..");
      if (!inside) leaving.push(`${relative(ROOT, path)} imports ${specifier}`);
    }
  }
  return leaving;
}

function importsOf(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const { module } = parseSync(path, text);
  const reExported = module.staticExports.flatMap(({ entries }) => entries.map((entry) => entry.moduleRequest?.value));
  return [
    ...module.staticImports.map((statement) => statement.moduleRequest.value),
    ...reExported.filter((specifier) => specifier !== undefined),
    // Not a string where it is computed: then it is shown as written.
    ...module.dynamicImports.map(({ moduleRequest }) => text.slice(moduleRequest.start, moduleRequest.end).replace(/^["'](.*)["']$/, "$1")),
  ];
}

function fail(reason: string): number {
  console.error(`the build failed: ${reason}`);
  return 1;
}

process.exitCode = main(process.argv.slice(2));
