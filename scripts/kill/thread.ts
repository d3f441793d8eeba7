import process from "node:process";
import type { Worker } from "node:worker_threads";
import type { ExecutionOptions } from "../../core/index.ts";
import type * as NodePackage from "../../node/index.ts";
import { DIST } from "../built-package.ts";
import { RunFolder } from "./run-folder.ts";
import { CHECKPOINT_INTERVAL_MS, type Kill, Moment, ORDERS, ORDERS_PER_SECOND, type RunReport, type Victim } from "./victim.ts";

/** A cluster of threads, any of which is terminated in the middle of what it does: those that run subtasks, and the one that leads the job. */
const JOB = new URL("job-in-files.ts", import.meta.url);
const THREADS = 2;
/** A busy machine must not pass for a thread that does not answer. */
const HEARTBEAT_TIMEOUT_MS = 30_000;
const RESTARTS_MAX = 100;

export async function threadVictim(): Promise<Victim> {
  const { NodeCluster } = (await import(`${DIST}/node/index.js`)) as typeof NodePackage;
  return { run: (kills) => run(() => new NodeCluster({ threads: THREADS, heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS }), kills), close: async () => {} };
}

async function run(open: () => NodePackage.NodeCluster, kills: readonly Kill[]): Promise<RunReport> {
  const folder = new RunFolder();
  const threads = new Threads();
  const killedAt: number[] = [];
  const moments = kills.map((kill) => new Moment(kill));
  const unwatch = folder.watch(() => {
    const committed = folder.results().length;
    const [moment] = moments;
    const kill = kills[killedAt.length];
    if (moment?.note(committed) !== true || kill === undefined) return;
    moments.shift();
    killedAt.push(committed);
    threads.terminateOne(kill.choice);
  });
  const cluster = open();
  try {
    const problems = await runToEnd(cluster, folder);
    return { results: folder.results(), kills: killedAt, problems: [...problems, ...folder.left()] };
  } finally {
    unwatch();
    cluster.close();
    await threads.gone();
    folder.remove();
  }
}

/** Returns what is wrong. Whatever is terminated, the cluster goes on by itself. */
async function runToEnd(cluster: NodePackage.NodeCluster, folder: RunFolder): Promise<string[]> {
  const configuration: ExecutionOptions = {
    "execution.checkpointing.interval": CHECKPOINT_INTERVAL_MS,
    "execution.checkpointing.dir": `file:${folder.checkpoints}`,
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": RESTARTS_MAX,
    "restart-strategy.fixed-delay.delay": CHECKPOINT_INTERVAL_MS,
  };
  const args = { output: folder.output, orders: ORDERS, ordersPerSecond: ORDERS_PER_SECOND };
  try {
    const job = await cluster.submit(JOB, args, { configuration });
    await job.result();
    return [];
  } catch (cause) {
    return [String(cause)];
  }
}

/** The threads of this process that have been started since. */
class Threads {
  readonly #running = new Set<Worker>();
  readonly #onWorker = (worker: Worker): void => {
    this.#running.add(worker);
    worker.once("exit", () => this.#running.delete(worker));
  };

  constructor() {
    process.on("worker", this.#onWorker);
  }

  terminateOne(choice: number): void {
    const all = [...this.#running];
    void all[Math.floor(choice * all.length)]?.terminate();
  }

  async gone(): Promise<void> {
    process.off("worker", this.#onWorker);
    await Promise.all([...this.#running].map((worker) => worker.terminate()));
  }
}
