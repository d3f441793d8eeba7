import type { ClusterJobClient } from "tamias";
import { WebCluster } from "tamias/web";
import type { TroubleOutcome } from "../page-outcomes.ts";

/** Of the job, in the order in which the cluster starts them: the first one leads it. */
const workers: Worker[] = [];
function endlessWorker(): Worker {
  const worker = new Worker("/endless-worker.js", { type: "module" });
  workers.push(worker);
  return worker;
}

/**
 * A job on two workers to one of which something happens: what `trouble` says, by the job itself, or the page terminates the worker with the number `terminated`
 * behind the back of the cluster.
 */
async function main(search: URLSearchParams): Promise<TroubleOutcome> {
  const cluster = new WebCluster({ workers: 2, heartbeatTimeoutMs: Number(search.get("heartbeatTimeoutMs")) });
  const [trouble, terminated] = [search.get("trouble"), search.get("terminated")];
  const job = await cluster.submit(endlessWorker, { trouble });
  const pending = [job.push("pushed", [1]).catch(String), job.accumulators(), taken(job, "nothing").catch(String)];
  if (terminated !== null) {
    await untilRunning(job);
    workers[Number(terminated)]!.terminate();
  }
  const message = await job.result().then(() => "it has finished", String);
  // The page has no outcome where one of them never comes.
  await Promise.all(pending);
  const next = await nextOn(cluster);
  cluster.close();
  return { message, status: job.getJobStatus(), next };
}

async function untilRunning(job: ClusterJobClient): Promise<void> {
  for await (const { subtasks } of job.reports({ everyMs: 5 })) if (subtasks.every(({ state }) => state === "RUNNING")) return;
}

async function nextOn(cluster: WebCluster): Promise<unknown[]> {
  const job = await cluster.submit(endlessWorker);
  const doubled = taken(job, "doubled");
  await job.push("pushed", [1, 2, 3]);
  await job.stop();
  return doubled;
}

async function taken(job: ClusterJobClient, name: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const batch of job.results(name)) rows.push(...batch);
  return rows;
}

Object.assign(globalThis, { outcome: main(new URLSearchParams(location.search)) });
