import { RingBuffer } from "../lib/ring-buffer.ts";

/** Results with the call that tells their sender that they were taken. */
interface Batch<T> {
  readonly records: readonly T[];
  readonly onTaken: () => void;
}

/** Results of a job as its submitter takes them: batches in the order in which they came. What nobody takes holds its senders up. */
export class ResultStream<T> implements AsyncIterableIterator<readonly T[]> {
  readonly #batches = new RingBuffer<Batch<T>>();
  readonly #readers = new RingBuffer<{ resolve(result: IteratorResult<readonly T[], undefined>): void; reject(cause: unknown): void }>();
  /** Nobody wants what comes until somebody asks for it again. */
  #isUnwanted = false;
  #end: { readonly error: unknown } | undefined;
  #wasAsked = false;
  readonly #onUnread: () => void;

  /** `onUnread` is called for what comes before anybody has asked. */
  constructor(onUnread: () => void = () => {}) {
    this.#onUnread = onUnread;
  }

  /** Whether something is there, and nobody has ever asked for anything. */
  get isUnread(): boolean {
    return !this.#wasAsked && 0 < this.#batches.length;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  add(records: readonly T[], onTaken: () => void): void {
    if (this.#isUnwanted) return onTaken();
    const reader = this.#readers.shift();
    if (reader === undefined) {
      this.#batches.push({ records, onTaken });
      if (!this.#wasAsked) this.#onUnread();
    } else {
      onTaken();
      reader.resolve({ done: false, value: records });
    }
  }

  /** Nothing more comes; what is there can still be taken, then an error, if there is one, is thrown once. The first call counts. */
  end(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    for (let reader = this.#readers.shift(); reader !== undefined; reader = this.#readers.shift()) this.#settle(reader);
  }

  next(): Promise<IteratorResult<readonly T[], undefined>> {
    this.#isUnwanted = false;
    this.#wasAsked = true;
    return new Promise((resolve, reject) => {
      const batch = this.#batches.shift();
      if (batch !== undefined) {
        batch.onTaken();
        resolve({ done: false, value: batch.records });
      } else if (this.#end !== undefined) this.#settle({ resolve, reject });
      else this.#readers.push({ resolve, reject });
    });
  }

  /** Whoever stops early wants none of what comes: it is taken and thrown away, so that the job goes on. */
  return(): Promise<IteratorResult<readonly T[], undefined>> {
    this.#isUnwanted = true;
    this.#wasAsked = true;
    for (let reader = this.#readers.shift(); reader !== undefined; reader = this.#readers.shift()) reader.resolve({ done: true, value: undefined });
    for (let batch = this.#batches.shift(); batch !== undefined; batch = this.#batches.shift()) batch.onTaken();
    return Promise.resolve({ done: true, value: undefined });
  }

  #settle({ resolve, reject }: { resolve(result: IteratorResult<readonly T[], undefined>): void; reject(cause: unknown): void }): void {
    const error = this.#end?.error;
    this.#end = { error: undefined };
    if (error === undefined) resolve({ done: true, value: undefined });
    else reject(error);
  }
}
