import { StreamExecutionEnvironment } from "../../core/api/stream-execution-environment.ts";
import type { ExecutionOptions } from "../../core/api/execution-options.ts";
import type { Sink } from "../../core/connectors/sink.ts";
import { types } from "../../core/data/type.ts";
import { JobError } from "../../core/lib/errors.ts";
import { LocalExecutor, type LocalJobClient } from "../../core/runtime/local-executor.ts";
import { SimulatedDisk, type StorageCall, type StorageFault } from "../../core/testing/simulated-disk.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";

export interface Batch {
  readonly id: string;
  readonly rows: readonly string[];
}

export interface SumsOptions {
  readonly records: number;
  readonly parallelism?: number;
  /** Its last record so far, of one subtask; what it throws fails the job. */
  onRecord?(n: number): void;
  readonly uid?: string;
  /** In place of the one that makes rows of this world. */
  readonly sink?: Sink<number>;
}

/** What outlives processes: a disk, and what the world sees of the job. */
export class World {
  readonly disk: SimulatedDisk;
  readonly committed: Committed = new Map();
  fault: (call: StorageCall) => StorageFault = () => "none";
  host: SimulatedHost;

  constructor(seed: number) {
    this.host = new SimulatedHost({ seed });
    const scheduler = { post: (job: () => void) => this.host.scheduler.post(job), at: (time: number, job: () => void) => this.host.scheduler.at(time, job) };
    this.disk = new SimulatedDisk({ scheduler, now: () => this.host.clock.now(), fault: (call) => this.fault(call) });
  }

  /** All rows that were committed, those of one transaction once. */
  get rows(): string[] {
    return [...this.committed.values()].flatMap(({ rows }) => rows).sort();
  }

  /** The process is gone, and with it everything that was under way; another one begins. */
  restart(seed: number): void {
    this.host = new SimulatedHost({ seed, startTime: this.host.clock.now() });
  }

  submit(job: SumsOptions, options: ExecutionOptions = {}): LocalJobClient {
    const { host } = this;
    Object.assign(host, { storages: { disk: () => this.disk.storage(host.scheduler) } });
    const executor = new LocalExecutor({ host, turnRecordsMax: 5, channelCredits: 2, freeze: true });
    const client: { given?: LocalJobClient } = {};
    const keeping = {
      submit: (...given: Parameters<LocalExecutor["submit"]>) => {
        client.given = executor.submit(...given);
        return client.given;
      },
    };
    const env = new StreamExecutionEnvironment(keeping as never, {
      parallelism: job.parallelism ?? 2,
      "execution.checkpointing.interval": 10,
      "execution.checkpointing.dir": "disk:",
      "restart-strategy.type": "fixed-delay",
      "restart-strategy.fixed-delay.attempts": 3,
      ...options,
    });
    const sums = env
      .fromSequence(1, job.records)
      .setParallelism(1)
      .map((n) => {
        job.onRecord?.(n);
        return n;
      })
      .setParallelism(1)
      .keyBy((n) => n % 7)
      .reduce((a, b) => a + b)
      .uid(job.uid ?? "sums");
    if (job.sink === undefined) sums.sinkTo(committedSink(this.committed));
    else sums.sinkTo(job.sink);
    void env.executeAsync("sums");
    if (client.given === undefined) throw new Error("the job was not submitted");
    void client.given.result().catch(() => {});
    return client.given;
  }

  /** Lets jobs run and time pass until the client's job has ended. */
  runToEnd(client: LocalJobClient): string {
    this.runUntil(() => !["CREATED", "RUNNING"].includes(client.getJobStatus()));
    return client.getJobStatus();
  }

  runUntil(isDone: () => boolean, stepsMax: number = 300_000): void {
    for (let steps = 0; !isDone(); steps += 1) {
      if (stepsMax < steps) throw new Error("it hangs");
      if (steps % 20 === 19) this.host.advanceTo(this.host.clock.now() + 1);
      if (this.host.runUntilIdle(1) && !isDone()) throw new Error("nothing is left to run");
    }
  }
}

/** By id of their transaction, whichever attempt committed them. */
export type Committed = Map<string, Batch>;

/** A sink in two phases. */
export function committedSink(committed: Committed): Sink<number, never, Batch> {
  return {
    describe: () => "transactions",
    committableType: types.object({ id: types.string, rows: types.array(types.string) }),
    createCommitter: () => ({ commit: (batches) => batches.forEach((batch) => committed.set(batch.id, { id: batch.id, rows: [...batch.rows] })) }),
    createWriter: (context) => {
      let rows: string[] = [];
      let count = 0;
      const line = `${context.attempt}/${context.subtaskIndex}/${context.random()}`;
      return {
        write: (sum) => void rows.push(String(sum)),
        flush() {},
        prepareCommit() {
          if (rows.length === 0) return [];
          count += 1;
          const batch = { id: `${line}/${count}`, rows };
          rows = [];
          return [batch];
        },
        close() {},
      };
    },
  };
}

/** The rows of a run that nothing happened to, in order of their text. */
export function expectedSums(records: number): string[] {
  const sums = new Array<number>(7).fill(0);
  return Array.from({ length: records }, (_, index) => String((sums[(index + 1) % 7]! += index + 1))).sort();
}

export function systemFailure(): JobError {
  return new JobError("SOURCE_FAILED", "the world is down");
}
