import type { Cancellable, Host } from "../host/host.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { BUFFER_ROWS_MAX } from "./buffer-bounds.ts";
import { requireName, type SubmitterNames } from "./client-arguments.ts";
import { ResultStream } from "./result-stream.ts";

/** Results that come and have not been asked for in this time, ms, are warned of. */
const UNREAD_MS = 5_000;

/** A subtask that takes pushed records: one push at a time, which is over when all of its records have been taken. */
export interface PushTarget {
  push(records: readonly unknown[], onTaken: () => void): void;
}

interface Push {
  /** As many at a time as a buffer holds; all to one target. */
  readonly parts: readonly (readonly unknown[])[];
  target: PushTarget | undefined;
  settle(error: unknown): void;
}

/** Subtasks that take records under one name, and what waits for them. */
interface PushQueue {
  readonly idle: PushTarget[];
  readonly waiting: Push[];
  readonly underWay: Set<Push>;
}

/** The submitter's side of the ways of records into and out of its job, wherever that runs. */
export class SubmitterRecords {
  readonly #host: Host;
  readonly #streams = new Map<string, ResultStream<unknown>>();
  readonly #queues = new Map<string, PushQueue>();
  /** Known once the job has been built; others are refused then. */
  names: SubmitterNames | undefined;
  jobName = "";
  #end: { readonly error: JobError | undefined } | undefined;
  #unreadTimer: Cancellable | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  /** For the submitter. @throws JobError INVALID_ARGUMENT */
  results<T>(name: string): ResultStream<T> {
    if (this.names !== undefined) requireName("collectSink", name, this.names.results);
    return this.stream(name);
  }

  /** What comes under a name. Whoever stops taking it early gives up what comes until somebody asks again. */
  stream<T>(name: string): ResultStream<T> {
    // What a job gives under a name, its submitter knows alone.
    return this.#streamOf(name) as ResultStream<unknown> as ResultStream<T>;
  }

  #streamOf(name: string): ResultStream<unknown> {
    const present = this.#streams.get(name);
    if (present !== undefined) return present;
    const stream = new ResultStream<unknown>(() => this.#watchUnread());
    this.#streams.set(name, stream);
    if (this.#end !== undefined) stream.end(this.#end.error);
    return stream;
  }

  /** Returns what to call when the target is gone: a push that it was given fails, since nobody can tell how much of it was taken. */
  addTarget(name: string, target: PushTarget): () => void {
    const queue = this.#queueOf(name);
    queue.idle.push(target);
    this.#serve(name);
    return () => {
      if (queue.idle.includes(target)) queue.idle.splice(queue.idle.indexOf(target), 1);
      for (const push of queue.underWay) {
        if (push.target !== target) continue;
        queue.underWay.delete(push);
        push.settle(new JobError("JOB_ENDED", `the subtask that took the records that were pushed as ${show(name)} is gone: push again what must not be missing`));
      }
    };
  }

  /** Rejects where the job ends before all records have been taken. */
  async push(name: string, records: readonly unknown[]): Promise<void> {
    if (!Array.isArray(records)) throw new JobError("INVALID_ARGUMENT", `push takes an array of records, but got ${show(records)}`);
    if (this.names !== undefined) requireName("PushSource", name, this.names.sources);
    const parts: (readonly unknown[])[] = [];
    for (let from = 0; from < records.length; from += BUFFER_ROWS_MAX) parts.push(records.slice(from, from + BUFFER_ROWS_MAX));
    if (0 < parts.length) await this.#push(name, parts);
  }

  /** The job has ended: with an error, where it failed. */
  end(error: JobError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#unreadTimer?.cancel();
    for (const stream of this.#streams.values()) stream.end(error);
    for (const [name, { waiting, underWay }] of this.#queues) for (const push of [...underWay, ...waiting]) push.settle(untaken(name, error));
    this.#queues.clear();
  }

  /** A job that waits for a reader who never comes looks like one that works. It is said once. */
  #watchUnread(): void {
    const { clock, scheduler } = this.#host;
    this.#unreadTimer ??= scheduler.at(clock.now() + UNREAD_MS, () => {
      const names = [...this.#streams].flatMap(([name, stream]) => (stream.isUnread ? [show(name)] : [])).sort();
      if (0 < names.length) this.#host.warn(unread(this.jobName, names));
      else this.#unreadTimer = undefined;
    });
  }

  #push(name: string, parts: Push["parts"]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) {
        reject(untaken(name, this.#end.error));
        return;
      }
      this.#queueOf(name).waiting.push({ parts, target: undefined, settle: (error) => (error === undefined ? resolve() : reject(error)) });
      this.#serve(name);
    });
  }

  #serve(name: string): void {
    const queue = this.#queueOf(name);
    while (0 < queue.idle.length && 0 < queue.waiting.length) {
      const [target, push] = [queue.idle.shift()!, queue.waiting.shift()!];
      push.target = target;
      queue.underWay.add(push);
      this.#give(push, 0, target, (error) => {
        if (!queue.underWay.delete(push)) return;
        push.settle(error);
        queue.idle.push(target);
        this.#serve(name);
      });
    }
  }

  /** One part after the other; what cannot be sent is refused, and what waits behind it goes on. */
  #give(push: Push, index: number, target: PushTarget, settle: (error: unknown) => void): void {
    const part = push.parts[index];
    if (part === undefined) return settle(undefined);
    try {
      target.push(part, () => this.#give(push, index + 1, target, settle));
    } catch (cause) {
      settle(cause);
    }
  }

  #queueOf(name: string): PushQueue {
    const present = this.#queues.get(name);
    if (present !== undefined) return present;
    const queue: PushQueue = { idle: [], waiting: [], underWay: new Set() };
    this.#queues.set(name, queue);
    return queue;
  }
}

function untaken(name: string, cause: JobError | undefined): JobError {
  return new JobError("JOB_ENDED", `the job has ended before it took the records that were pushed as ${show(name)}`, cause === undefined ? {} : { cause });
}

function unread(jobName: string, names: readonly string[]): string {
  const loops = names.map((name) => `for await (const batch of client.results(${name})) { … }`).join(" and ");
  return `Tamias: the job ${show(jobName)} waits for whoever reads its results ${names.join(", ")}, and nobody does. Read them while it runs: ${loops}`;
}
