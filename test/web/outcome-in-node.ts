import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { environmentWith } from "./pages/environment.ts";
import { type JobOutcome, windowedJob } from "./pages/windowed-job.ts";

/** What the job gives in Node, without the kernel: what every platform must give. */
export function outcomeInNode(): Promise<JobOutcome> {
  return windowedJob(() => environmentWith(undefined));
}

/** The same bundled whole by esbuild, with the kernel's file as what its import gives: the program first, then the kernel by its name. */
export async function wholePage(name: string): Promise<readonly { readonly path: string; readonly contents: Uint8Array }[]> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`pages/${name}.ts`, import.meta.url))],
    bundle: true,
    format: "esm",
    target: "es2023",
    outdir: "/",
    loader: { ".wasm": "file" },
    tsconfigRaw: {},
    write: false,
    logLevel: "warning",
  });
  return outputFiles.map(({ path, contents }) => ({ path, contents })).sort((a, b) => Number(b.path.endsWith(".js")) - Number(a.path.endsWith(".js")));
}

/** A program of a page, bundled but for the package, which the page gets as it is built. */
export async function bundledPage(name: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`pages/${name}.ts`, import.meta.url))],
    bundle: true,
    format: "esm",
    target: "es2023",
    packages: "external",
    tsconfigRaw: {},
    write: false,
    logLevel: "warning",
  });
  return outputFiles[0]!.contents;
}
