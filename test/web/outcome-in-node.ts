import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { environmentWith } from "./pages/environment.ts";
import { type JobOutcome, windowedJob } from "./pages/windowed-job.ts";

/** What the job gives in Node, without the kernel: what every platform must give. */
export function outcomeInNode(): Promise<JobOutcome> {
  return windowedJob(() => environmentWith(undefined));
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
