import { loadKernelModule } from "tamias/web";
import { afterEightJobs } from "./tamias-run.ts";
import type { RunReport } from "./variant.ts";
import { workNamed } from "./works.ts";

/** One run in a page of a browser: `?variant=…&work=…&events=…`. What it found comes as `globalThis.outcome`. */
async function main(query: URLSearchParams): Promise<RunReport> {
  const work = workNamed(query.get("work") ?? "");
  const kernel = query.get("variant") === "tamias-columns-kernel" ? await loadKernelModule() : undefined;
  const prepared = await afterEightJobs("columns", kernel, work, Number(query.get("events")));
  const began = performance.now();
  const results = await prepared.run();
  const ms = performance.now() - began;
  return { ...results, ms, peakRssBytes: 0, explain: prepared.explain };
}

Object.assign(globalThis, { outcome: main(new URLSearchParams(location.search)) });
