import { assert } from "../lib/assert.ts";
import { RingBuffer } from "../lib/ring-buffer.ts";
import type { SourceReaderContext } from "./source.ts";

/**
 * So many elements may wait to be read; more are not asked for. Without any, each element would cost a round through the mailbox.
 */
const PULLED_AHEAD_MAX = 16;

/**
 * Pulls an async iterator for a reader: one call of `next` at a time, and only while there is room. Its answers never run the
 * reader: they are kept, and the reader is woken.
 */
export class PulledAhead<T> {
  readonly #iterator: AsyncIterator<T>;
  readonly #context: SourceReaderContext;
  readonly #elements = new RingBuffer<T>();
  #isPulling = false;
  #ended = false;
  #closed = false;

  constructor(iterator: AsyncIterator<T>, context: SourceReaderContext) {
    this.#iterator = iterator;
    this.#context = context;
  }

  /** Whether `take` has an element now. */
  advance(): "ready" | "waiting" | "done" {
    this.#pull();
    if (0 < this.#elements.length) return "ready";
    return this.#ended ? "done" : "waiting";
  }

  take(): T {
    assert(0 < this.#elements.length, "an element is taken when one is ready");
    return this.#elements.shift() as T;
  }

  /** Tells the iterator that nobody reads on. Returns how many elements were pulled and never taken. */
  close(): number {
    if (this.#closed) return 0;
    this.#closed = true;
    const lost = this.#elements.length + (this.#isPulling ? 1 : 0);
    this.#elements.clear();
    // Nobody waits for the answer, and a failure to stop is of no interest any more.
    if (!this.#ended) this.#iterator.return?.().then(ignore, ignore);
    return lost;
  }

  #pull(): void {
    if (this.#isPulling || this.#ended || this.#closed || PULLED_AHEAD_MAX <= this.#elements.length) return;
    this.#isPulling = true;
    this.#iterator.next().then(
      (result) => this.#answered(result),
      (cause: unknown) => {
        this.#isPulling = false;
        this.#ended = true;
        if (!this.#closed) this.#context.fail(cause);
      },
    );
  }

  #answered(result: IteratorResult<T>): void {
    this.#isPulling = false;
    if (this.#closed) return;
    if (result.done === true) this.#ended = true;
    else this.#elements.push(result.value);
    if (this.#elements.length <= 1) this.#context.notifyAvailable();
    this.#pull();
  }
}

function ignore(): void {}
