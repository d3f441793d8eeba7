import { WebCluster } from "tamias/web";
import { ARGS, type Totals, totalsOf } from "../app/src/totals.ts";

/** Runs the job at an address, which its workers import from there. */
async function main(): Promise<Totals> {
  const cluster = new WebCluster({ workers: 2 });
  const totals = await totalsOf(await cluster.submit("/job.js", ARGS));
  cluster.close();
  return totals;
}

/** What `submit` says to what is no job. */
async function refusals(): Promise<string[]> {
  const cluster = new WebCluster({ workers: 2 });
  const wrong: unknown[] = [undefined, (): void => {}, (env: { fromElements(n: number): void }): void => env.fromElements(1)];
  const said: string[] = [];
  for (const job of wrong) said.push(await cluster.submit(job as string).then(() => "taken", String));
  cluster.close();
  return said;
}

Object.assign(globalThis, { outcome: (location.pathname === "/refused" ? refusals() : main()).catch(String) });
