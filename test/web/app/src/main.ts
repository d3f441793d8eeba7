import { WebCluster } from "tamias/web";
import { ARGS, type Totals, totalsOf } from "./totals.ts";

/** The function that makes workers of the job, as one writes it where no plugin does. */
function jobWorker(): Worker {
  return new Worker(new URL("./job-worker.ts", import.meta.url), { type: "module" });
}

/** What a cluster gives that is made in a worker, not here. */
function totalsOfEngine(): Promise<Totals> {
  const engine = new Worker(new URL("./engine-worker.ts", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    engine.addEventListener("message", ({ data }: MessageEvent<Totals>) => resolve(data));
    engine.addEventListener("error", ({ message }) => reject(new Error(message)));
  });
}

async function main(by: string | null): Promise<Totals | string> {
  if (by === "engine") return totalsOfEngine();
  const cluster = new WebCluster({ workers: 2 });
  if (by === "script") return cluster.submit(new URL("./script.ts", import.meta.url)).then(() => "accepted");
  if (by === "throwing") return cluster.submit(new URL("./throwing.ts", import.meta.url)).then(() => "accepted");
  const client = by === "worker" ? cluster.submit(jobWorker, ARGS) : cluster.submit(new URL("./job.ts", import.meta.url), ARGS);
  const totals = await totalsOf(await client);
  cluster.close();
  return totals;
}

Object.assign(globalThis, { outcome: main(new URLSearchParams(location.search).get("by")).catch(String) });
