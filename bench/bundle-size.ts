import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { type BuildResult, build } from "esbuild";
import { ROOT } from "./child-process.ts";

export interface BundleSize {
  readonly minifiedBytes: number;
  readonly gzippedBytes: number;
  /** Of parts that the page loads when it needs them. */
  readonly laterGzippedBytes: number;
}

/** What a page downloads for the first job of the README, bundled by esbuild out of the built package, each file gzipped. */
export async function bundleSizeOfReadme(): Promise<BundleSize> {
  const contents = /```ts\n([\s\S]*?)```/.exec(readFileSync(`${ROOT}/README.md`, "utf8"))?.[1];
  if (contents === undefined) throw new Error("the README has no job in a ts block");
  const result = await build({
    absWorkingDir: ROOT,
    stdin: { contents, resolveDir: ROOT, loader: "ts" },
    outdir: ".cache/readme-bundle",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    tsconfigRaw: {},
    metafile: true,
    write: false,
  });
  const first = filesOfEntry(result);
  const sum = (sizes: readonly number[]): number => sizes.reduce((all, size) => all + size, 0);
  const filesOf = (isFirst: boolean): Uint8Array[] =>
    result.outputFiles.filter(({ path }) => first.has(path) === isFirst).map((file) => file.contents);
  const gzipped = (isFirst: boolean): number =>
    sum(filesOf(isFirst).map((bytes) => gzipSync(bytes, { level: 9 }).length));
  return {
    minifiedBytes: sum(filesOf(true).map((bytes) => bytes.length)),
    gzippedBytes: gzipped(true),
    laterGzippedBytes: gzipped(false),
  };
}

/** The entry and what it imports before it runs. */
function filesOfEntry({ metafile }: BuildResult<{ metafile: true }>): Set<string> {
  const { outputs } = metafile;
  const found = new Set(Object.keys(outputs).filter((name) => outputs[name]?.entryPoint === "<stdin>"));
  for (const name of found) {
    for (const { path, kind } of outputs[name]?.imports ?? []) {
      if (kind === "import-statement" && path in outputs) found.add(path);
    }
  }
  return new Set([...found].map((name) => `${ROOT.replace(/\/$/, "")}/${name}`));
}
