import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import process from "node:process";
import type { Results } from "./tally.ts";
import type { RunReport, Variant } from "./variant.ts";
import { workNamed } from "./works.ts";

/**
 * One run in a process of its own: `node run-variant.ts VARIANT WORK EVENTS [PROFILE]`. Prints one line of JSON, a `RunReport`;
 * with a path, it profiles the timed run alone and writes the CPU profile there.
 */
async function main([name, workName, eventCount, profile]: readonly string[]): Promise<RunReport> {
  // The file beside this one, as source or built.
  const file = new URL(`variants/${name}${import.meta.url.slice(-3)}`, import.meta.url);
  const { variant } = (await import(file.href)) as { readonly variant: Variant };
  const prepared = await variant.prepare(workNamed(String(workName)), Number(eventCount));
  const run = async (): Promise<Results> => prepared.run();
  const beganCpu = process.threadCpuUsage();
  const began = performance.now();
  const results = await (profile === undefined ? run() : profiled(profile, run));
  const ms = performance.now() - began;
  const { user, system } = process.threadCpuUsage(beganCpu);
  return {
    ...results,
    ms,
    cpuMs: (user + system) / 1_000,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    explain: prepared.explain,
  };
}

async function profiled(path: string, run: () => Promise<Results>): Promise<Results> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 250 });
  await session.post("Profiler.start");
  const results = await run();
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  writeFileSync(path, JSON.stringify(profile));
  return results;
}

console.log(JSON.stringify(await main(process.argv.slice(2))));
