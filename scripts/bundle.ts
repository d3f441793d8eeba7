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
  const atOnce = new Set<string>();
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
          atOnce.add(join(compiled, "core/index.js"));
          for (const id of atOnce) for (const imported of this.getModuleInfo(id)?.importedIds ?? []) atOnce.add(imported);
        },
      },
    ],
    output: {
      dir: folder, 
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "chunks/[name]-[hash].js",
      // All that is imported at once is one chunk: the parts share most of it, each another share, and many small chunks compress badly.
      codeSplitting: { groups: [{ name: "tamias", test: (id) => atOnce.has(id) }] },
      minify: false,
    },
  });
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
