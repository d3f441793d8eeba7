import type { Port, Scheduler } from "../core/host/host.ts";
import { assert } from "../core/lib/assert.ts";
import { type EndName, LineEnd, type LinePeer } from "./line-end.ts";

/** Ends in other objects that may wait for an end here. That one of them is gone with its object is not known here, so the oldest makes room. */
const ANNOUNCED_MAX = 1_024;
/** How long what was sent into a line, before it was closed here, waits for an end that is not there yet. */
const CLOSED_WAIT_MS_MAX = 30_000;

export interface LinesOptions {
  /** Of this object. */
  readonly address: string;
  readonly peerAt: (address: string) => LinePeer;
  readonly scheduler: Scheduler;
  readonly now: () => number;
  print(line: string): void;
}

/**
 * The lines between one object and others. An end is made by `connect`, in each of the two objects, in any order; each tells the other of it by a call that
 * stays open for as long as the line does: it keeps both objects awake, and it fails when one of them is gone.
 */
export class Lines implements LinePeer {
  readonly #options: LinesOptions;
  readonly #ends = new Map<string, LineEnd>();
  readonly #announced = new Map<string, { readonly id: string; readonly leave: () => void }>();
  /** Of this life of the object. */
  readonly #incarnation = crypto.randomUUID();
  #ids = 0;

  constructor(options: LinesOptions) {
    this.#options = options;
  }

  connect(address: string, line: string): Port {
    const { scheduler, print, now } = this.#options;
    const key = keyOf(address, line);
    const before = this.#ends.get(key);
    assert(before?.isShut ?? true, "a line is connected once, and again only when it is closed");
    before?.abandon();
    this.#ids += 1;
    const end: LineEnd = new LineEnd({
      name: { from: this.#options.address, line, id: `${this.#incarnation} ${this.#ids}` },
      peer: this.#options.peerAt(address),
      scheduler,
      print,
      onGone: () => {
        if (this.#ends.get(key) === end) this.#ends.delete(key);
      },
    });
    this.#ends.set(key, end);
    const announced = this.#announced.get(key);
    this.#announced.delete(key);
    if (announced !== undefined) end.join(announced.id, announced.leave);
    return {
      send: (message, carried) => end.send(message, carried),
      listen: (onMessage, onClose) => end.listen(onMessage, onClose),
      close: () => {
        end.close();
        if (end.otherId === undefined) scheduler.at(now() + CLOSED_WAIT_MS_MAX, () => end.abandon());
      },
    };
  }

  attendLine({ from, line, id }: EndName): Promise<void> {
    const key = keyOf(from, line);
    const end = this.#ends.get(key);
    // The other object was made again before its end was known to be gone.
    if (end?.otherId !== undefined) end.lose();
    return new Promise((leave) => {
      if (end !== undefined && end.otherId === undefined) return end.join(id, leave);
      this.#forget(key);
      for (const oldest of this.#announced.keys()) if (ANNOUNCED_MAX <= this.#announced.size) this.#forget(oldest);
      this.#announced.set(key, { id, leave });
    });
  }

  async carryLine({ from, line, id }: EndName, bytes: Uint8Array, isLast: boolean): Promise<void> {
    const key = keyOf(from, line);
    const end = this.#ends.get(key);
    if (end?.otherId === id) return end.receive(bytes, isLast);
    if (this.#announced.get(key)?.id !== id) throw new Error(`the line "${line}" has no end in the object "${this.#options.address}"`);
    this.#forget(key);
  }

  #forget(key: string): void {
    this.#announced.get(key)?.leave();
    this.#announced.delete(key);
  }
}

function keyOf(address: string, line: string): string {
  return `${address}\n${line}`;
}
