import { WebCluster } from "tamias/web";
import { ARGS, type Totals, totalsOf } from "../app/src/totals.ts";

/** Runs the job at an address, which its workers import from there. */
async function main(): Promise<Totals> {
  const cluster = new WebCluster({ workers: 2 });
  const totals = await totalsOf(await cluster.submit("/job.js", ARGS));
  cluster.close();
  return totals;
}

Object.assign(globalThis, { outcome: main().catch(String) });
