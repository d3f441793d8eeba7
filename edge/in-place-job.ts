import type { JobClient } from "../core/api/executor.ts";
import type { JobArgs, JobModule } from "../core/api/job-module.ts";
import { StreamExecutionEnvironment } from "../core/api/stream-execution-environment.ts";
import type { CollectTarget } from "../core/connectors/collection-sink.ts";
import type { Host } from "../core/host/host.ts";
import { LocalExecutor } from "../core/runtime/local-executor.ts";
import type { RunningJob } from "./edge-jobs.ts";

const ROWS_AHEAD_MAX = 1_024;

/** What a job reads and writes of the object that runs it. */
export interface JobEnds {
  input<T>(name: string): AsyncIterable<T>;
  readonly results: CollectTarget<unknown>;
}

const endsOf = /* @__PURE__ */ new WeakMap<StreamExecutionEnvironment, InPlaceEnds>();

/** The ends of the job that is written with this environment. */
export function jobEnds(env: StreamExecutionEnvironment): JobEnds {
  const ends = endsOf.get(env);
  if (ends === undefined) throw new Error("this environment belongs to no job of an edge worker");
  return ends;
}

/** Runs a job in this object. */
export async function runInPlace(host: Host, module: JobModule, args: JobArgs): Promise<RunningJob> {
  const env = new StreamExecutionEnvironment(new LocalExecutor({ host }));
  const ends = new InPlaceEnds();
  endsOf.set(env, ends);
  await module.job(env, args);
  const client: JobClient = await env.executeAsync();
  client.result().then(() => ends.end(), () => ends.end());
  return {
    sources: [...ends.inputs.keys()],
    getJobStatus: () => client.getJobStatus(),
    cancel: () => client.cancel(),
    result: () => client.result(),
    results: () => ends.batches(),
    push: (source, records) => ends.inputs.get(source)!.push(records),
  };
}

class InPlaceEnds implements JobEnds {
  readonly inputs = new Map<string, PushQueue>();
  readonly results: CollectTarget<unknown>;
  readonly #rows: unknown[] = [];
  #onReady: () => void = () => {};
  #onMore: () => void = () => {};
  #hasEnded = false;

  constructor() {
    this.results = {
      take: (row) => {
        this.#rows.push(row);
        this.#onMore();
      },
      isReady: () => this.#rows.length < ROWS_AHEAD_MAX,
      onReady: (listener) => {
        this.#onReady = listener;
        return () => {};
      },
    };
  }

  input<T>(name: string): AsyncIterable<T> {
    const queue = this.inputs.get(name) ?? new PushQueue();
    this.inputs.set(name, queue);
    return queue as unknown as AsyncIterable<T>;
  }

  end(): void {
    this.#hasEnded = true;
    this.#onMore();
    for (const queue of this.inputs.values()) queue.end();
  }

  async *batches(): AsyncIterable<readonly unknown[]> {
    for (;;) {
      if (0 < this.#rows.length) {
        yield this.#rows.splice(0);
        this.#onReady();
      } else if (this.#hasEnded) return;
      else await new Promise<void>((resolve) => (this.#onMore = resolve));
    }
  }
}

class PushQueue implements AsyncIterableIterator<unknown> {
  readonly #pushed: { readonly records: readonly unknown[]; next: number; taken(): void; refused(error: Error): void }[] = [];
  #reader: ((result: IteratorResult<unknown>) => void) | undefined;
  #hasEnded = false;

  [Symbol.asyncIterator](): this {
    return this;
  }

  push(records: readonly unknown[]): Promise<void> {
    return new Promise((taken, refused) => {
      if (this.#hasEnded) return refused(new Error("the job has ended"));
      this.#pushed.push({ records, next: 0, taken, refused });
      this.#serve();
    });
  }

  next(): Promise<IteratorResult<unknown>> {
    return new Promise((resolve) => {
      this.#reader = resolve;
      this.#serve();
    });
  }

  end(): void {
    this.#hasEnded = true;
    for (const { refused } of this.#pushed.splice(0)) refused(new Error("the job has ended"));
  }

  #serve(): void {
    const [oldest] = this.#pushed;
    const reader = this.#reader;
    if (oldest === undefined || reader === undefined) return;
    this.#reader = undefined;
    reader({ done: false, value: oldest.records[oldest.next] });
    oldest.next += 1;
    if (oldest.next < oldest.records.length) return;
    this.#pushed.shift();
    oldest.taken();
  }
}
