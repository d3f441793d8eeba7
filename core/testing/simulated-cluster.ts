import { StreamExecutionEnvironment as Environment } from "../api/stream-execution-environment.ts";
import type { ClusterJobClient } from "../api/executor.ts";
import type { ExecutionOptions } from "../api/execution-options.ts";
import type { JobArgs } from "../api/job-module.ts";
import { explain } from "../graph/explain.ts";
import { buildJobGraph } from "../graph/job-graph.ts";
import type { WorkerHandle, Workers } from "../host/workers.ts";
import { assert } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import { ClusterJob } from "../runtime/cluster-job.ts";
import { Dispatcher } from "../runtime/dispatcher.ts";
import type { LoadJob } from "../runtime/job-master.ts";
import type { ClusterSettings } from "../runtime/protocol.ts";
import { asJobError } from "../runtime/task.ts";
import { startWorker } from "../runtime/worker.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedHost } from "./simulated-host.ts";
import { SimulatedMachine } from "./simulated-machine.ts";

/** Writes a job; without waiting for anything. */
export type SimulatedJob = (env: Environment, args: JobArgs) => void;

/** What decides a simulated run. */
export interface SimulatedClusterOptions {
  /** Decides every order and every chance. */
  readonly seed: number;
  /** How many machines run subtasks. Default 2. */
  readonly taskManagers?: number;
  /** Of each of them. Default 1. */
  readonly slots?: number;
  /** How buffers go between machines: in messages (default), or through rings in memory that machines share as threads do. */
  readonly transport?: ClusterSettings["transport"];
}

const SETTINGS: Omit<ClusterSettings, "transport"> = { heartbeatIntervalMs: 50, heartbeatTimeoutMs: 300, deployTimeoutMs: 5_000 };

/** While there is work, time passes by so many steps a millisecond. */
const STEPS_PER_MS = 100;

/**
 * A whole cluster in one thread: job master and task managers on machines of their own, which share a virtual clock and a seeded order. Equal seeds give equal runs. Nothing
 * happens by itself: `runUntil` drives it.
 *
 * @example
 * ```ts
 * import { collectSink } from "tamias";
 * import { SimulatedCluster } from "tamias/testing";
 *
 * const cluster = new SimulatedCluster({ seed: 7, taskManagers: 2 });
 * const job = cluster.submit((env) => {
 *   env.fromSequence(1, 4).map((n) => n * n).sinkTo(collectSink("squares"));
 * });
 * cluster.host.runUntilIdle();
 * let sum = 0;
 * for await (const squares of job.results<number>("squares")) for (const n of squares) sum += n;
 * console.log(sum); // 30
 * ```
 */
export class SimulatedCluster {
  readonly host: SimulatedHost;
  /** What jobs keep checkpoints on, at any address that begins with `disk:`. It outlives the machines. */
  readonly disk: SimulatedDisk;
  readonly #dispatcher: Dispatcher<SimulatedJob>;
  readonly #own: SimulatedMachine;
  readonly #slots: number;
  /** Of the workers that run, in the order in which they were started. */
  readonly #taskManagers: SimulatedMachine[] = [];
  readonly #leaders: SimulatedMachine[] = [];
  #jobs = 0;

  constructor({ seed, taskManagers = 2, slots = 1, transport = "message" }: SimulatedClusterOptions) {
    this.host = new SimulatedHost({ seed });
    this.disk = new SimulatedDisk({ scheduler: this.host.scheduler, now: () => this.host.clock.now() });
    this.#own = this.#machine();
    this.#slots = taskManagers * slots;
    this.#dispatcher = new Dispatcher<SimulatedJob>({
      host: this.#own,
      workers: this.#machines(this.#taskManagers),
      leaders: this.#machines(this.#leaders),
      taskManagers,
      slots,
      settings: { ...SETTINGS, transport },
    });
  }

  /** Machines that run subtasks, in the order in which they were started. */
  get taskManagers(): readonly SimulatedMachine[] {
    return this.#taskManagers;
  }

  /** Machines that lead jobs. */
  get leaders(): readonly SimulatedMachine[] {
    return this.#leaders;
  }

  submit(job: SimulatedJob, args: JobArgs = {}, options: { readonly parallelism?: number; readonly configuration?: ExecutionOptions } = {}): Omit<ClusterJobClient, "plan"> {
    this.#jobs += 1;
    const id = `job-${this.#jobs}`;
    const description = { id, module: "simulated", name: undefined, args, parallelism: options.parallelism ?? this.#slots, configuration: options.configuration ?? {} };
    return new ClusterJob((listener) => this.#dispatcher.submit(description, job, listener), { host: this.#own, jobId: id, signal: undefined });
  }

  /** Ends every machine. */
  close(): void {
    this.#dispatcher.close();
  }

  /** Runs jobs and lets time pass until the condition holds; an error after so many steps, since clusters are never idle. */
  runUntil(condition: () => boolean, stepsMax: number = 2_000_000): void {
    for (let steps = 0; !condition(); steps += 1) {
      if (stepsMax <= steps) throw new Error(`the condition does not hold after ${stepsMax} steps`);
      // A job without end leaves nothing idle, and time passes all the same.
      if (steps % STEPS_PER_MS === STEPS_PER_MS - 1) this.host.advanceTo(this.host.clock.now() + 1);
      if (this.host.runUntilIdle(1)) throw new Error("nothing is left to run, and the condition does not hold");
    }
  }

  #machine(): SimulatedMachine {
    return new SimulatedMachine(this.host, { disk: (_url, machine) => this.disk.storage(machine.scheduler) });
  }

  #machines(started: SimulatedMachine[]): Workers<SimulatedJob> {
    return {
      start: (script): WorkerHandle => {
        const machine = this.#machine();
        started.push(machine);
        const [own, theirs] = this.host.network.openLine();
        startWorker({ host: machine, port: machine.portOf(theirs), loadJob: loaderOf(script) });
        const port = this.#own.portOf(own);
        return {
          port,
          reason: "its machine is gone",
          terminate: () => {
            machine.die();
            own.close();
          },
        };
      },
    };
  }
}

function loaderOf(script: SimulatedJob | undefined): LoadJob {
  assert(script !== undefined, "a simulated job is its own script");
  return (job, onLoaded, onFailure) => {
    try {
      const env = new Environment(NOBODY, { ...job.configuration, parallelism: job.parallelism });
      script(env, job.args as JobArgs);
      const graph = buildJobGraph(env.getStreamGraph(job.name));
      onLoaded({ graph, explain: () => explain(graph, { hasKernelModule: false }) });
    } catch (cause) {
      onFailure(asJobError(cause));
    }
  };
}

const NOBODY = {
  submit(): never {
    throw new JobError("JOB_MODULE_INVALID", "a simulated job is written by its function, and run by the cluster");
  },
};
