import { WebCluster } from "tamias/web";
import { ARGS, type Totals, totalsOf } from "./totals.ts";

/** The function that makes workers of the job, as one writes it where no plugin does. */
function jobWorker(): Worker {
  return new Worker(new URL("./job-worker.ts", import.meta.url), { type: "module" });
}

async function main(by: string | null): Promise<Totals> {
  const cluster = new WebCluster({ workers: 2 });
  const client = by === "worker" ? cluster.submit(jobWorker, ARGS) : cluster.submit(new URL("./job.ts", import.meta.url), ARGS);
  const totals = await totalsOf(await client);
  cluster.close();
  return totals;
}

Object.assign(globalThis, { outcome: main(new URLSearchParams(location.search).get("by")).catch(String) });
