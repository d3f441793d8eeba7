import { RingBuffer } from "../lib/ring-buffer.ts";
import type { Carried, Port } from "./host.ts";

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
  readonly #inbox = new RingBuffer<{ readonly message: unknown; readonly ports: readonly Port[] }>();
  #other: LineEnd | undefined;
  #onMessage: ((message: unknown, ports: readonly Port[]) => void) | undefined;
  #onClose: (() => void) | undefined;
  #closing = false;
  #closed = false;

  constructor(post: (job: () => void) => void) {
    this.#post = post;
  }

  join(other: LineEnd): void {
    this.#other = other;
  }

  send(message: unknown, carried?: Carried): void {
    const ports = carried?.ports ?? [];
    if (!this.#closing) this.#other!.#receive(message, ports);
    else for (const port of ports) port.close();
  }

  listen(onMessage: (message: unknown, ports: readonly Port[]) => void, onClose: () => void): void {
    this.#onMessage = onMessage;
    this.#onClose = onClose;
    this.#post(() => this.#deliver());
  }

  close(): void {
    if (this.#closing) return;
    while (0 < this.#inbox.length) for (const port of this.#inbox.shift()!.ports) port.close();
    this.#shut();
    this.#other!.#shut();
  }

  #receive(message: unknown, ports: readonly Port[]): void {
    if (this.#closing) return;
    this.#inbox.push({ message, ports });
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
    while (0 < this.#inbox.length) {
      const { message, ports } = this.#inbox.shift()!;
      this.#onMessage(message, ports);
    }
    if (!this.#closing) return;
    this.#closed = true;
    this.#onClose?.();
  }
}
