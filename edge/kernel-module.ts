import module from "../wasm/tamias-kernel.wasm";
import { compiledKernel } from "../core/host/compiled-kernel.ts";
import type { KernelModule } from "../core/host/kernel-module.ts";

/**
 * The kernel for window aggregates, in edge workers: there WebAssembly is compiled from modules that the deployment brings,
 * never from bytes, so it is there at once. Wrangler bundles the file by its default rules; other tools must be told that a
 * `.wasm` file is a module.
 */
export function loadKernelModule(): KernelModule {
  return compiledKernel(module, WebAssembly.Instance);
}
