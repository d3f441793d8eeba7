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
  const first = new Set<string>();
  await build({
    cwd: compiled,
    input: Object.fromEntries(entryPoints().map((path) => [path.replace(/\.js$/, ""), join(compiled, path)])),
    platform: "neutral",
    // Packages, Node and the kernel, which is loaded or imported from where it lies, by a path that is the same from every
    // folder in dist/.
    external: (specifier) => !/^[./]/.test(specifier) || specifier.endsWith(".wasm"),
    makeAbsoluteExternalsRelative: false,
    plugins: [
      {
        name: "what tamias loads at once",
        buildEnd() {
          const importedBy = (id: string): readonly string[] => this.getModuleInfo(id)?.importedIds ?? [];
          const all = reached([join(compiled, "core/index.js")], importedBy);
          const parts = [...all].flatMap((id) => this.getModuleInfo(id)?.dynamicallyImportedIds ?? []);
          const inParts = reached(parts, (id) => [...importedBy(id), ...(this.getModuleInfo(id)?.dynamicallyImportedIds ?? [])]);
          const always = reached([join(compiled, "core/local-environment.js")], importedBy);
          for (const id of all) if (always.has(id) || !inParts.has(id)) first.add(id);
        },
      },
    ],
    output: {
      dir: folder, 
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "chunks/[name]-[hash].js",
      // What every job needs is one chunk, with what no part needs: the parts share most of it, each another share, and many small chunks compress badly. What parts
      // need and a job only where it names it (codecs, above all) stays out: who bundles the package again keeps or leaves chunks as a whole.
      codeSplitting: { groups: [{ name: "tamias", test: (id) => first.has(id) }] },
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

/** What package.json exports or installs, from dist/. */
function entryPoints(): string[] {
  const { exports, bin } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
    readonly bin: Readonly<Record<string, string>>;
  };
  const exported = Object.values(exports).map((entry) => (typeof entry === "string" ? entry : entry.default));
  const modules = [...exported, ...Object.values(bin)].filter((path) => path.startsWith("./dist/") && path.endsWith(".js"));
  return modules.map((path) => path.slice("./dist/".length));
}
