import { loadKernelModule } from "tamias/web";
import { environmentWith } from "./environment.ts";
import { type JobOutcome, windowedJob } from "./windowed-job.ts";

/**
 * Runs the job with the kernel (`?kernel=wasm`, at the address `url` where it is given; `?kernel=module`, compiled by the page itself; `?kernel=bytes`,
 * which are refused) or without; an error comes as its text.
 */
async function main(query: URLSearchParams): Promise<JobOutcome> {
  const url = query.get("url");
  const asked = query.get("kernel");
  const bytes = url === null || asked === "wasm" ? undefined : await (await fetch(url)).arrayBuffer();
  const given = bytes === undefined ? (url ?? undefined) : asked === "module" ? await WebAssembly.compile(bytes) : bytes;
  const kernel = asked === "js" ? undefined : await (given === undefined ? loadKernelModule() : loadKernelModule(given));
  return windowedJob(() => environmentWith(kernel));
}

Object.assign(globalThis, { outcome: main(new URLSearchParams(location.search)).catch(String) });
