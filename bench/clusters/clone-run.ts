import { MessageChannel, Worker } from "node:worker_threads";
import { type Place, median } from "./scenarios.ts";
import type { ClonerData } from "./cloner.ts";

/** Rows per second that two threads give each other as arrays of objects, which the platform clones: what one would write without the engine. */
export async function cloned(_place: Place, { records, runs }: { readonly records: number; readonly runs: number }): Promise<{ readonly recordsPerSecond: number }> {
  const { port1, port2 } = new MessageChannel();
  const script = new URL(`./cloner${import.meta.url.slice(-3)}`, import.meta.url);
  const workers = [port1, port2].map((port) => new Worker(script, { workerData: { port, records } satisfies ClonerData, transferList: [port] }));
  const ms: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const began = performance.now();
    await Promise.all(workers.map(runOnce));
    if (0 < run) ms.push(performance.now() - began);
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  return { recordsPerSecond: (2 * records * 1_000) / median(ms) };
}

function runOnce(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once("message", (seen) => (typeof seen === "number" ? resolve() : reject(new Error("a thread counts what it has seen"))));
    worker.once("error", reject);
    worker.postMessage("run");
  });
}
