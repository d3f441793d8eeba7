import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { ROOT } from "./child-process.ts";

export interface BundleSize {
  readonly minifiedBytes: number;
  readonly gzippedBytes: number;
}

/** What a page downloads for the first job of the README, bundled by esbuild out of the built package. */
export async function bundleSizeOfReadme(): Promise<BundleSize> {
  const contents = /```ts\n([\s\S]*?)```/.exec(readFileSync(`${ROOT}/README.md`, "utf8"))?.[1];
  if (contents === undefined) throw new Error("the README has no job in a ts block");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT, loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    tsconfigRaw: {},
    write: false,
  });
  const bytes = outputFiles[0]!.contents;
  return { minifiedBytes: bytes.length, gzippedBytes: gzipSync(bytes, { level: 9 }).length };
}
