import kernel from "tamias/kernel.wasm";
import { loadKernelModule } from "tamias/web";
import { environmentWith } from "./environment.ts";
import { windowedJob } from "./windowed-job.ts";

/** Runs the job with the kernel that is imported, an address or a module as the bundler makes it; an error comes as its text. */
async function main(): ReturnType<typeof windowedJob> {
  const module = await loadKernelModule(kernel);
  return windowedJob(() => environmentWith(module));
}

Object.assign(globalThis, { outcome: main().catch(String) });
