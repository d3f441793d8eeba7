import { WebCluster } from "tamias/web";
import { results } from "../../../scripts/kill/pages/job-in-database.ts";
import { CHECKPOINT_INTERVAL_MS, RESULTS } from "../../../scripts/kill/victim.ts";

/** In the order in which the cluster starts them: the first one leads the job. */
const workers: Worker[] = [];
function jobWorker(): Worker {
  const worker = new Worker("/job-worker.js", { type: "module" });
  workers.push(worker);
  return worker;
}

/** Nobody is told that a worker was terminated: it does not answer any more. */
const HEARTBEAT_TIMEOUT_MS = 1_500;

/** Terminates a worker that runs subtasks, and later the one that leads the job, behind the back of the cluster. */
async function main(): Promise<readonly string[]> {
  const cluster = new WebCluster({ workers: 2, heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS });
  const configuration = {
    "execution.checkpointing.interval": CHECKPOINT_INTERVAL_MS,
    "execution.checkpointing.dir": "idb:checkpoints",
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": 100,
    "restart-strategy.fixed-delay.delay": CHECKPOINT_INTERVAL_MS,
  } as const;
  const running = await cluster.submit(jobWorker, {}, { configuration });
  for (const [share, number] of [[0.25, 1], [0.5, 0]] as const) {
    while ((await results()).length < share * RESULTS) continue;
    workers[number]!.terminate();
  }
  await running.result();
  cluster.close();
  return (await results()).map((result) => JSON.stringify(result));
}

Object.assign(globalThis, { outcome: main() });
