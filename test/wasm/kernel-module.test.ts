import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { isBuilt } from "../../scripts/built-package.ts";
import { KERNEL_BYTES_GZIPPED_MAX, KERNEL_FILE, KERNEL_STAMP, kernelStamp } from "../../scripts/kernel-sources.ts";
import { ROOT } from "../../scripts/type-check.ts";

test("the committed kernel is built from the committed sources: otherwise run `npm run build:wasm`", () => {
  expect(readFileSync(KERNEL_STAMP, "utf8")).toBe(kernelStamp());
});

test("the kernel is small enough for a page", () => {
  expect(gzipSync(readFileSync(KERNEL_FILE), { level: 9 }).length).toBeLessThanOrEqual(KERNEL_BYTES_GZIPPED_MAX);
});

test("who imports it from the package gets a compiled module, as bundlers for the edge give it", () => {
  typesAreRight(
    "edge",
    ["es2023", "webworker"],
    'import kernel from "tamias/kernel.wasm";\nexport const module: WebAssembly.Module = kernel;\n// @ts-expect-error it is no address\nexport const url: string = kernel;\n',
  );
});

test("a page may hand on what it imports, whatever its bundler makes of it", () => {
  typesAreRight(
    "page",
    ["es2023", "dom"],
    'import kernel from "tamias/kernel.wasm";\nimport { loadKernelModule } from "tamias/web";\nawait loadKernelModule(kernel);\nawait loadKernelModule("/kernel.wasm");\n',
  );
});

function typesAreRight(name: string, lib: readonly string[], program: string): void {
  expect(isBuilt(), "dist/ is built: npm run build").toBe(true);
  // Inside the package its name means itself.
  const folder = join(ROOT, ".cache", "kernel-types", name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "program.ts"), program);
  const compilerOptions = { strict: true, noEmit: true, target: "es2023", module: "esnext", moduleResolution: "bundler", lib, types: [] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  const { status, stdout } = spawnSync(process.execPath, [join(ROOT, "node_modules", "typescript", "bin", "tsc"), "-p", folder], { encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
}
