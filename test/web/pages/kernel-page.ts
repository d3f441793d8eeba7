import { loadKernelModule } from "tamias/web";
import { environmentWith } from "./environment.ts";
import { type JobOutcome, windowedJob } from "./windowed-job.ts";

/**
 * Runs the job with the kernel (`?kernel=wasm`, at the address `url` where it is given) or without; an error comes as its text.
 */
async function main(query: URLSearchParams): Promise<JobOutcome> {
  const url = query.get("url");
  const load = (): ReturnType<typeof loadKernelModule> => (url === null ? loadKernelModule() : loadKernelModule(url));
  const kernel = query.get("kernel") === "wasm" ? await load() : undefined;
  return windowedJob(() => environmentWith(kernel));
}

Object.assign(globalThis, { outcome: main(new URLSearchParams(location.search)).catch(String) });
