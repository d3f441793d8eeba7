import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "rolldown";
import { ROOT } from "./type-check.ts";

/**
 * Joins the compiled modules of each entry point into few files: a process that imports one file instead of hundreds starts in a
 * sixth of the time, and a page makes few requests. What entry points have in common stands in chunks, once, so that a class is
 * the same class for all. Nothing is minified, and who bundles the package for a page drops as much of it as of single modules.
 */
export async function bundleModules(compiled: string, folder: string): Promise<void> {
  const chunks = new Map<string, string>();
  await build({
    cwd: compiled,
    input: Object.fromEntries(entryPoints().map((path) => [path.replace(/\.js$/, ""), join(compiled, path)])),
    platform: "neutral",
    // Packages, Node and the kernel, which is loaded or imported from where it lies, by a path that is the same from every
    // folder in dist/. What workers of pages need of packages comes along: without a bundler, they find no package by its name.
    external: (specifier) => (!/^[./]/.test(specifier) && specifier !== "idb") || specifier.endsWith(".wasm"),
    makeAbsoluteExternalsRelative: false,
    plugins: [
      {
        name: "what tamias loads at once",
        buildEnd() {
          const importedBy = (id: string): readonly string[] => this.getModuleInfo(id)?.importedIds ?? [];
          const partsOf = (id: string): readonly string[] => this.getModuleInfo(id)?.dynamicallyImportedIds ?? [];
          const from = (path: string): ReadonlySet<string> => reached([join(compiled, path)], importedBy);
          const all = from("core/index.js");
          const inParts = reached([...all].flatMap(partsOf), (id) => [...importedBy(id), ...partsOf(id)]);
          const always = from("core/local-environment.js");
          const inSessions = from("core/operators/session-window-operator.js");
          for (const id of from("core/operators/window-operator.js")) chunks.set(id, inSessions.has(id) ? "all-windows" : "windows");
          for (const id of all) if (always.has(id) || !inParts.has(id)) chunks.set(id, "tamias");
        },
      },
    ],
    output: {
      dir: folder,
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "chunks/[name]-[hash].js",
      // Many small chunks compress badly. What every job needs is one, with what no part needs; what parts need and a job only where it names it stays out: who
      // bundles the package again keeps or leaves chunks as a whole. Of the parts, windows are split most finely, and needed most.
      codeSplitting: { groups: ["tamias", "all-windows", "windows"].map((name) => ({ name, test: (id: string) => chunks.get(id) === name })) },
      minify: false,
    },
  });
}

/** These modules, what they import, and so on. */
function reached(from: readonly string[], importedBy: (id: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set(from);
  for (const id of found) for (const imported of importedBy(id)) found.add(imported);
  return found;
}

/** Scripts that are started by their addresses. */
const WORKER_SCRIPTS = ["node/worker.js", "web/worker.js"];

/** What package.json exports or installs, and what is started, from dist/. */
function entryPoints(): string[] {
  const { exports, bin } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
    readonly bin: Readonly<Record<string, string>>;
  };
  const exported = Object.values(exports).map((entry) => (typeof entry === "string" ? entry : entry.default));
  const modules = [...exported, ...Object.values(bin)].filter((path) => path.startsWith("./dist/") && path.endsWith(".js"));
  return [...modules.map((path) => path.slice("./dist/".length)), ...WORKER_SCRIPTS];
}
