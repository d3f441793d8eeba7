import { assert } from "../lib/assert.ts";
import type { Carried, Network, Port } from "./host.ts";

/** What the `MessagePort`s of browsers and of Node have in common. */
export interface RawPort {
  postMessage(message: unknown, carried?: readonly object[]): void;
  addEventListener(type: RawEvent["type"], listener: (event: RawEvent) => void): void;
  start(): void;
  close(): void;
  /** Node's only: there a port stays, and may keep its thread, until it is closed. */
  unref?(): void;
  /** Node's only: as `addEventListener`, but what came is no event; the class of events is part of what Node's `fetch` is made of, and loading that takes as long as a thread takes to start. */
  on?(type: RawType, listener: (data?: unknown) => void): void;
  off?(type: RawType, listener: (data?: unknown) => void): void;
}

type RawType = "message" | "messageerror" | "close";

interface RawEvent {
  readonly type: RawType | (string & {});
  readonly data?: unknown;
}

/** Lines whose ends can be carried to other threads, of a host with `MessageChannel`s. */
export function channelNetwork(openChannel: () => { readonly port1: RawPort; readonly port2: RawPort }, post: (job: () => void) => void): Network {
  return {
    openLine: () => {
      const { port1, port2 } = openChannel();
      return [portOf(port1, post), portOf(port2, post)];
    },
  };
}

/**
 * A port over one of the platform's, which holds what comes before anyone listens.
 *
 * Messages and the close of the other end are events of the platform, which come between jobs of the scheduler and never during one: they are handed on
 * where they come, without the wait of one more job. What closes here is told by a job, not inside of the call that closed.
 */
export function portOf(raw: RawPort, post: (job: () => void) => void): Port {
  return new ThreadPort(raw, post);
}

/** Says that this end is closed. Of browsers, only some tell when the other end of a port is gone, and then late. */
const CLOSE = null;

/** A message goes as an array of it and the ports that it carries. */
type Sent = readonly [message: unknown, ...ports: readonly RawPort[]];

class ThreadPort implements Port {
  readonly #raw: RawPort;
  readonly #post: (job: () => void) => void;
  #onMessage: ((message: unknown, ports: readonly Port[]) => void) | undefined;
  #onClose: (() => void) | undefined;
  #closed = false;
  /** Another thread has it; the events that the platform still has for this end mean nothing. */
  #carried = false;

  constructor(raw: RawPort, post: (job: () => void) => void) {
    this.#raw = raw;
    this.#post = post;
    this.#hear("close");
  }

  send(message: unknown, { ports = [], buffers = [] }: Carried = {}): void {
    assert(!this.#carried, "a port that was carried away is used at its new place only");
    if (this.#closed) {
      for (const port of ports) port.close();
      return;
    }
    const raws = ports.map(rawOf);
    this.#raw.postMessage([message, ...raws] satisfies Sent, [...raws, ...buffers]);
    // Only now: what cannot be cloned has thrown, and carried nothing away.
    for (const port of ports) if (port instanceof ThreadPort) port.#carried = true;
  }

  listen(onMessage: (message: unknown, ports: readonly Port[]) => void, onClose: () => void): void {
    assert(this.#onClose === undefined && !this.#carried, "a port is listened to once, where it is");
    this.#onClose = onClose;
    if (this.#closed) {
      this.#post(onClose);
      return;
    }
    this.#onMessage = onMessage;
    this.#hear("message");
    this.#hear("messageerror");
    this.#raw.start();
  }

  close(): void {
    if (this.#closed || this.#carried) return;
    this.#closed = true;
    this.#raw.postMessage(CLOSE);
    // Firefox loses what is on the way to an end that is itself on the way to another thread, when this one is closed. So it is the other end that closes both, in browsers.
    if (this.#raw.unref !== undefined) this.#raw.close();
    this.#raw.off?.("message", this.#onData);
    if (this.#onClose !== undefined) this.#post(this.#onClose);
  }

  #hear(type: RawType): void {
    if (this.#raw.on === undefined) this.#raw.addEventListener(type, this.#onEvent);
    else this.#raw.on(type, type === "message" ? this.#onData : () => this.#onEvent({ type }));
  }

  readonly #onEvent = ({ type, data }: RawEvent): void => {
    if (type === "message") this.#onData(data);
    else if (this.#closed || this.#carried) return;
    // What cannot be read here (memory that this thread cannot have) leaves a gap, and lines have none.
    else if (type === "messageerror") this.close();
    else this.#end();
  };

  readonly #onData = (data: unknown): void => {
    if (this.#carried) return;
    if (this.#closed) this.#drop(data as Sent | typeof CLOSE);
    else if (data === CLOSE) this.#end();
    else this.#receive(data as Sent);
  };

  #receive([message, ...raws]: Sent): void {
    this.#onMessage?.(message, raws.map((raw) => portOf(raw, this.#post)));
  }

  /** What was on the way when this end closed. Browsers would leave the ports open, and who has their other ends would wait for ever. */
  #drop(sent: Sent | typeof CLOSE): void {
    if (sent === CLOSE) return this.#raw.close();
    for (const raw of sent.slice(1) as RawPort[]) portOf(raw, this.#post).close();
  }

  /** The other end is gone. */
  #end(): void {
    this.#closed = true;
    this.#raw.close();
    this.#onClose?.();
  }

  static raw(port: Port): RawPort {
    assert(port instanceof ThreadPort, "a port is carried by lines of its own host");
    assert(!port.#carried && port.#onClose === undefined, "a port is carried before anyone listens to it, once");
    return port.#raw;
  }
}

function rawOf(port: Port): RawPort {
  return ThreadPort.raw(port);
}
