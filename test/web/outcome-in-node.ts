import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";
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
export function bundledPage(name: string): Promise<string> {
  return bundledBesidePackage({ entryPoints: [fileURLToPath(new URL(`pages/${name}.ts`, import.meta.url))] });
}

/** The same for a worker, which has no import maps: without a bundler it imports the package by its address. */
export async function bundledForWorker(program: Pick<BuildOptions, "entryPoints" | "stdin">): Promise<string> {
  return (await bundledBesidePackage(program)).replaceAll('"tamias"', '"/dist/core/index.js"').replaceAll('"tamias/web"', '"/dist/web/index.js"');
}

async function bundledBesidePackage(program: Pick<BuildOptions, "entryPoints" | "stdin">): Promise<string> {
  const { outputFiles } = await build({ ...program, bundle: true, format: "esm", target: "es2023", packages: "external", tsconfigRaw: {}, write: false, logLevel: "warning" });
  return outputFiles[0]!.text;
}
