import type { KernelExports, KernelModule } from "./kernel-module.ts";

/**
 * What each platform's loader gives to the engine once it has the compiled module. The types of WebAssembly are the platform's,
 * so its `Instance` is handed in.
 */
export function compiledKernel<Module>(
  module: Module,
  Instance: new (module: Module) => { readonly exports: unknown },
): KernelModule {
  return { instantiate: () => new Instance(module).exports as KernelExports };
}
