import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import process from "node:process";
import { parseSync } from "rolldown/utils";
import { DIST, MODULES, hashOfSources, isBuilt, noteBuilt } from "./built-package.ts";
import { bundleModules } from "./bundle.ts";
import { KERNEL_FILE, KERNEL_TYPES } from "./kernel-sources.ts";
import { ROOT, compile } from "./type-check.ts";

/**
 * `npm run build`: compiles core/, formats/, storages/, node/, web/ and edge/ into dist/. npm runs it after `npm ci` too, so it needs
 * nothing but the installed packages, and before it packs; `--if-changed` leaves alone what is up to date. The script is called
 * `postprepare` because npm warns whoever installs a tarball of a package that has `prepare`, though it never runs it there.
 */
async function main(flags: readonly string[]): Promise<number> {
  if (flags.includes("--if-changed") && isBuilt()) return 0;
  const sources = hashOfSources();
  // Built beside dist/ and put in its place when all went well, so that a failed build leaves the last good one.
  const [modules, fresh] = ["modules", "dist"].map((name) => join(ROOT, ".cache", `${name}-${process.pid}`)) as [string, string];
  try {
    const failure = compileInto(modules);
    if (failure !== undefined) return fail(failure);
    await packageInto(fresh, modules);
    replace(DIST, fresh);
    replace(MODULES, modules);
    noteBuilt(sources);
    return 0;
  } finally {
    for (const folder of [modules, fresh]) rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns why it failed, if it did. */
function compileInto(folder: string): string | undefined {
  // Core goes first and alone: there it has neither DOM nor Node types to lean on.
  for (const part of ["core", "formats", "storages", "node", "web", "edge"]) {
    const config = `tsconfig.${part}.json`;
    if (!compile(config, "--outDir", folder)) return `the types of ${config} are wrong (above); "npm run check" shows them all`;
  }
  const foreign = importsThatLeave(join(folder, "core"));
  if (foreign.length > 0) return `core must run on every host, but it imports from outside of core/:\n  ${foreign.join("\n  ")}`;
  copyKernel(folder);
  return undefined;
}

/** Few files to run, and the types of each module. */
async function packageInto(folder: string, modules: string): Promise<void> {
  cpSync(modules, folder, { recursive: true, filter: (path) => statSync(path).isDirectory() || path.endsWith(".d.ts") });
  await bundleModules(modules, folder);
  copyKernel(folder);
  copyFileSync(KERNEL_TYPES, join(folder, "wasm", basename(KERNEL_TYPES)));
  chmodSync(join(folder, "node", "cli", "main.js"), 0o755);
}

function copyKernel(folder: string): void {
  mkdirSync(join(folder, "wasm"), { recursive: true });
  copyFileSync(KERNEL_FILE, join(folder, "wasm", basename(KERNEL_FILE)));
}

function replace(folder: string, fresh: string): void {
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
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

process.exitCode = await main(process.argv.slice(2));
