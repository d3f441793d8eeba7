import type { Carried, Port, Scheduler } from "../core/host/host.ts";
import { assert } from "../core/lib/assert.ts";
import { RingBuffer } from "../core/lib/ring-buffer.ts";
import { IncomingFrames, OutgoingFrames } from "./message-frames.ts";

/** Bytes that may wait to be carried. Whoever sends keeps to credits, so that more means that the other object does not listen: the line is given up. */
export const WAITING_BYTES_MAX = 2 ** 25;

/** Names one end of a line to the other object. */
export interface EndName {
  /** The address of the object where it is. */
  readonly from: string;
  readonly line: string;
  /** Another one for each end that there ever was, so that an object that was made again is not taken for the one before. */
  readonly id: string;
}

/** The calls by which an object is told of lines that begin in others. */
export interface LinePeer {
  /** There is an end here. The answer comes when the other one is closed, and it fails when the other object is gone: that is how this one learns of it. */
  attendLine(end: EndName): Promise<void>;
  /** The next bytes from an end, and whether they are its last. The answer comes when whoever listens has taken them; it fails where nobody ever will. */
  carryLine(end: EndName, bytes: Uint8Array, isLast: boolean): Promise<void>;
}

export interface LineEndOptions {
  readonly name: EndName;
  readonly peer: LinePeer;
  readonly scheduler: Scheduler;
  /** Nothing of the other end can reach it any more. */
  readonly onGone: () => void;
  print(line: string): void;
}

/**
 * The end here of a line to another object. What is sent waits here until the other end is there; then one call at a time carries what has gathered. An answer
 * comes when the messages have been taken, so that a slow listener slows the sender and not more than one call's bytes wait at the receiver.
 */
export class LineEnd implements Port {
  readonly #options: LineEndOptions;
  readonly #outgoing = new OutgoingFrames();
  readonly #incoming = new IncomingFrames();
  readonly #inbox = new RingBuffer<unknown>();
  /** Answers to the other end that are due when the inbox is empty. */
  readonly #owed: (() => void)[] = [];
  #onMessage: ((message: unknown, ports: readonly Port[]) => void) | undefined;
  #onClose: (() => void) | undefined;
  /** The end in the other object, and the answer that tells it of our close. */
  #other: { readonly id: string; readonly leave: () => void } | undefined;
  #isCarrying = false;
  #isCarryPosted = false;
  /** Nothing is sent or taken any more: closed from here, from there, or lost. Where it was not closed from here, what lies in the inbox is still delivered. */
  #isShut = false;
  /** Closed from here, and the other end has still to be told. */
  #isLeaving = false;
  #isClosed = false;

  constructor(options: LineEndOptions) {
    this.#options = options;
    options.peer.attendLine(options.name).then(() => this.lose(), () => this.lose());
  }

  /** The id of the other end, once there is one. */
  get otherId(): string | undefined {
    return this.#other?.id;
  }

  get isShut(): boolean {
    return this.#isShut;
  }

  send(message: unknown, carried?: Carried): void {
    const ports = carried?.ports ?? [];
    if (this.#isShut) return ports.forEach((port) => port.close());
    assert(ports.length === 0, "ports are not carried between objects: connect from the other object, by address and line");
    this.#outgoing.push(message);
    if (this.#outgoing.length <= WAITING_BYTES_MAX) return this.#carrySoon();
    this.#options.print(`the line "${this.#options.name.line}" was given up: ${this.#outgoing.length} bytes wait for an object that does not take them`);
    this.lose();
  }

  listen(onMessage: (message: unknown, ports: readonly Port[]) => void, onClose: () => void): void {
    this.#onMessage = onMessage;
    this.#onClose = onClose;
    this.#deliverSoon();
  }

  close(): void {
    if (this.#isShut) return;
    this.#isLeaving = true;
    this.#inbox.clear();
    this.#shut();
    this.#carrySoon();
  }

  /** The other end is there. */
  join(id: string, leave: () => void): void {
    this.#other = { id, leave };
    this.#carrySoon();
  }

  /** Takes what the other end has sent; resolves when it has been delivered. */
  receive(bytes: Uint8Array, isLast: boolean): Promise<void> {
    if (this.#isShut) return Promise.resolve();
    try {
      for (const message of this.#incoming.push(bytes)) this.#inbox.push(message);
    } catch (cause) {
      this.lose();
      return Promise.reject(cause);
    }
    const delivered = new Promise<void>((resolve) => this.#owed.push(resolve));
    if (isLast) this.lose();
    else this.#deliverSoon();
    return delivered;
  }

  /** The other end does not exist any more, or never will. */
  lose(): void {
    this.#outgoing.clear();
    this.#isLeaving = false;
    this.#other?.leave();
    this.#options.onGone();
    this.#shut();
  }

  /** The other end is waited for no longer, and told not to wait either. */
  abandon(): void {
    if (this.#other !== undefined) return;
    this.#options.peer.carryLine(this.#options.name, new Uint8Array(0), true).catch(() => {});
    this.lose();
  }

  #shut(): void {
    this.#isShut = true;
    this.#deliverSoon();
  }

  #carrySoon(): void {
    if (this.#isCarryPosted) return;
    this.#isCarryPosted = true;
    // What is sent in one go goes in one call.
    this.#options.scheduler.post(() => {
      this.#isCarryPosted = false;
      this.#carry();
    });
  }

  #carry(): void {
    if (this.#isCarrying || this.#other === undefined || (this.#outgoing.length === 0 && !this.#isLeaving)) return;
    this.#isCarrying = true;
    const bytes = this.#outgoing.take();
    const isLast = this.#isLeaving && this.#outgoing.length === 0;
    this.#options.peer.carryLine(this.#options.name, bytes, isLast).then(
      () => {
        this.#isCarrying = false;
        if (isLast) this.lose();
        else this.#carry();
      },
      () => this.lose(),
    );
  }

  #deliverSoon(): void {
    this.#options.scheduler.post(() => this.#deliver());
  }

  #deliver(): void {
    if (this.#onMessage === undefined) return this.#isShut ? this.#answer() : undefined;
    while (0 < this.#inbox.length) this.#onMessage(this.#inbox.shift(), []);
    this.#answer();
    if (!this.#isShut || this.#isClosed) return;
    this.#isClosed = true;
    this.#onClose?.();
  }

  #answer(): void {
    for (const answer of this.#owed.splice(0)) answer();
  }
}
