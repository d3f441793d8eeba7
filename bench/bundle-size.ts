import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { ROOT, lastLineOf, outputOf } from "./child-process.ts";

/** Of what a page downloads until the job has ended, each file gzipped. */
export interface BundleSize {
  readonly minifiedBytes: number;
  readonly gzippedBytes: number;
  /** Of the parts that other jobs need and this one does not. */
  readonly otherGzippedBytes: number;
}

/** The size of the first job of the README, bundled by esbuild out of the built package with code splitting: the job runs, and the files count that it loads. */
export async function bundleSizeOfReadme(): Promise<BundleSize> {
  const contents = /```ts\n([\s\S]*?)```/.exec(readFileSync(`${ROOT}/README.md`, "utf8"))?.[1];
  if (contents === undefined) throw new Error("the README has no job in a ts block");
  const folder = `${ROOT}/.cache/readme-bundle-${process.pid}`;
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    stdin: { contents, resolveDir: ROOT, loader: "ts" },
    outdir: folder,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    tsconfigRaw: {},
    write: false,
  });
  const loaded = await filesLoaded(folder, outputFiles);
  const gzippedBytes = (isLoaded: boolean): number =>
    sum(outputFiles.filter(({ path }) => loaded.has(basename(path)) === isLoaded).map((file) => gzipSync(file.contents, { level: 9 }).length));
  return {
    minifiedBytes: sum(outputFiles.filter(({ path }) => loaded.has(basename(path))).map((file) => file.contents.length)),
    gzippedBytes: gzippedBytes(true),
    otherGzippedBytes: gzippedBytes(false),
  };
}

/** Runs the job; each file notes that it is there. */
async function filesLoaded(folder: string, files: readonly { readonly path: string; readonly text: string }[]): Promise<ReadonlySet<string>> {
  try {
    mkdirSync(folder, { recursive: true });
    for (const { path, text } of files) writeFileSync(path, `(globalThis.loadedFiles ??= []).push("${basename(path)}");${text}`);
    writeFileSync(`${folder}/run.mjs`, 'await import("./stdin.js");\nconsole.log(JSON.stringify(globalThis.loadedFiles));\n');
    return new Set(JSON.parse(lastLineOf(await outputOf(process.execPath, [`${folder}/run.mjs`]))) as string[]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all + size, 0);
}

/** What a page downloads for the kernel, gzipped; bytes. */
export function gzippedKernelSize(): number {
  return gzipSync(readFileSync(`${ROOT}/wasm/tamias-kernel.wasm`), { level: 9 }).length;
}
