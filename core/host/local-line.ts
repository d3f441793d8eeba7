import { RingBuffer } from "../lib/ring-buffer.ts";
import type { Port } from "./host.ts";

/** A line within one thread; shared by every host that runs in one, which passes its own way of posting. */
export function openLine(post: (job: () => void) => void): readonly [Port, Port] {
  const a = new LineEnd(post);
  const b = new LineEnd(post);
  a.join(b);
  b.join(a);
  return [a, b];
}

/** Messages wait in one queue per end, so that their order holds however the host orders its jobs. */
class LineEnd implements Port {
  readonly #post: (job: () => void) => void;
  readonly #inbox = new RingBuffer<unknown>();
  #other: LineEnd | undefined;
  #onMessage: ((message: unknown) => void) | undefined;
  #onClose: (() => void) | undefined;
  #closing = false;
  #closed = false;

  constructor(post: (job: () => void) => void) {
    this.#post = post;
  }

  join(other: LineEnd): void {
    this.#other = other;
  }

  send(message: unknown): void {
    if (!this.#closing) this.#other!.#receive(message);
  }

  listen(onMessage: (message: unknown) => void, onClose: () => void): void {
    this.#onMessage = onMessage;
    this.#onClose = onClose;
    this.#post(() => this.#deliver());
  }

  close(): void {
    if (this.#closing) return;
    this.#shut();
    this.#other!.#shut();
  }

  #receive(message: unknown): void {
    if (this.#closing) return;
    this.#inbox.push(message);
    this.#post(() => this.#deliver());
  }

  #shut(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#post(() => this.#deliver());
  }

  /** What was sent before the close still arrives, then the close, once. */
  #deliver(): void {
    if (this.#onMessage === undefined || this.#closed) return;
    while (0 < this.#inbox.length) this.#onMessage(this.#inbox.shift());
    if (!this.#closing) return;
    this.#closed = true;
    this.#onClose?.();
  }
}
