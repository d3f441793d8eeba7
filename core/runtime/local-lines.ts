import type { Host } from "../host/host.ts";
import type { Inbox, ResultTarget, SubmitterLines } from "../operators/operator.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { BUFFER_ROWS_MAX } from "./buffer-bounds.ts";
import type { SubmitterNames } from "./client-arguments.ts";
import type { ResultStream } from "./result-stream.ts";
import type { PushTarget, SubmitterRecords } from "./submitter-records.ts";

export { SubmitterRecords } from "./submitter-records.ts";

/** The ways of records between a job in place and its submitter: nothing is copied or encoded. */
export class LocalLines implements SubmitterLines {
  readonly #records: SubmitterRecords;
  readonly #host: Host;
  readonly #gone: (() => void)[] = [];

  constructor(records: SubmitterRecords, host: Host) {
    this.#records = records;
    this.#host = host;
  }

  results(name: string): ResultTarget {
    return new LocalResults(this.#records.stream(name), this.#host);
  }

  inbox(name: string): Inbox {
    const inbox = new LocalInbox();
    this.#gone.push(this.#records.addTarget(name, inbox));
    return inbox;
  }

  /** The attempt that has them is over. */
  close(): void {
    for (const gone of this.#gone.splice(0)) gone();
  }
}

/** The results of one subtask: those of one turn make a batch, and one batch is ahead of its reader. */
class LocalResults implements ResultTarget {
  readonly #stream: ResultStream<unknown>;
  readonly #host: Host;
  #records: unknown[] = [];
  #isUntaken = false;
  #onReady: () => void = () => {};

  constructor(stream: ResultStream<unknown>, host: Host) {
    this.#stream = stream;
    this.#host = host;
  }

  take(record: unknown): void {
    this.#records.push(record);
    if (this.#records.length === 1 && !this.#isUntaken) this.#host.scheduler.post(() => this.#give());
  }

  isReady(): boolean {
    return this.#records.length < BUFFER_ROWS_MAX;
  }

  onReady(listener: () => void): void {
    this.#onReady = listener;
  }

  /** The stream holds what it is given, whether anybody has taken what came before or not. */
  flush(): void {
    if (this.#records.length === 0) return;
    this.#isUntaken = true;
    this.#stream.add(this.#records.splice(0), () => {
      this.#isUntaken = false;
      this.#give();
      this.#onReady();
    });
  }

  #give(): void {
    if (!this.#isUntaken) this.flush();
  }
}

class LocalInbox implements Inbox, PushTarget {
  #records: readonly unknown[] = [];
  #next = 0;
  #onTaken: (() => void) | undefined;
  #onArrival: () => void = () => {};

  push(records: readonly unknown[], onTaken: () => void): void {
    this.#records = records;
    this.#next = 0;
    this.#onTaken = onTaken;
    this.#onArrival();
  }

  take(): { readonly record: unknown } | undefined {
    if (this.#next < this.#records.length) {
      const record = this.#records[this.#next];
      this.#next += 1;
      return { record };
    }
    const onTaken = this.#onTaken;
    if (onTaken === undefined) return undefined;
    this.#onTaken = undefined;
    this.#records = [];
    onTaken();
    return this.take();
  }

  onArrival(listener: () => void): void {
    this.#onArrival = listener;
  }
}

/** The error of a job that waits for whoever has submitted it, where nobody has its client. It would wait for ever. */
export function noClient({ sources: [source], results: [result] }: SubmitterNames): JobError {
  const [what, line] =
    result === undefined
      ? [`push records into its PushSource ${show(source)}`, `await client.push(${show(source)}, records)`]
      : [`read its results ${show(result)}`, `for await (const batch of client.results(${show(result)})) { … }`];
  return new JobError("NO_CLIENT", `execute() and executeAndCollect() give nobody a client to ${what}. Write const client = await env.executeAsync(), then ${line}`);
}
