import { WebCluster } from "tamias/web";
import { ARGS, totalsOf } from "./totals.ts";

/** A cluster that is made in a worker, whose workers are workers of that. */
async function main(): Promise<void> {
  const cluster = new WebCluster({ workers: 2 });
  const job = await cluster.submit(new URL("./job.ts", import.meta.url), ARGS);
  postMessage(await totalsOf(job));
  cluster.close();
}

void main();
