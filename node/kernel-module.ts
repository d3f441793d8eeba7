import { readFile } from "node:fs/promises";
import { compiledKernel } from "../core/host/compiled-kernel.ts";
import type { KernelModule } from "../core/host/kernel-module.ts";

/** The little that is needed of it; the types of Node leave it to those of browsers. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/**
 * Compiles the kernel for window aggregates; afterwards each operator subtask has an instance at once. The module lies beside
 * `node/`, in the repository as in the package.
 */
export async function loadKernelModule(): Promise<KernelModule> {
  const module = await WebAssembly.compile(await readFile(new URL("../wasm/tamias-kernel.wasm", import.meta.url)));
  return compiledKernel(module, WebAssembly.Instance);
}
