import { assert } from "../lib/assert.ts";
import { BufferPool } from "./buffer-pool.ts";
import { BufferQueue } from "./buffer-queue.ts";

/** Buffers in flight per channel: enough for sender and receiver to overlap, few enough that a barrier is never far behind. */
export const CHANNEL_CREDITS = 4;

/** The sending end of one edge between two subtasks. A buffer may be sent for each credit; credits come back as the receiver finishes buffers. */
export interface ChannelSender {
  readonly credit: number;
  /** Memory for a buffer to be sent, and for nothing else; what it holds is not defined. */
  allocate(byteLength: number): Uint8Array<ArrayBuffer>;
  /** Hands over what was written to memory that `allocate` gave; it belongs to the receiver from then on. */
  send(buffer: Uint8Array<ArrayBuffer>): void;
  /** Called whenever credit was given back. */
  onCredit(listener: () => void): void;
}

export interface ChannelReceiver {
  /** The next buffer, or undefined where none has arrived. */
  poll(): Uint8Array<ArrayBuffer> | undefined;
  /** The buffer last polled has been used up: gives its credit back, and its memory to be used again where nobody looks at it any more. */
  release(isFree: boolean): void;
  /** Called whenever a buffer has arrived. */
  onArrival(listener: () => void): void;
}

/** A channel within one process: a bounded queue of buffers. Only bytes cross it, so that sender and receiver share no object. */
export class LocalChannel implements ChannelSender, ChannelReceiver {
  readonly #pool = new BufferPool();
  readonly #queue = new BufferQueue();
  #credit: number;
  #credited: () => void = ignore;
  #arrived: () => void = ignore;

  constructor(credits: number = CHANNEL_CREDITS) {
    this.#credit = credits;
  }

  get credit(): number {
    return this.#credit;
  }

  allocate(byteLength: number): Uint8Array<ArrayBuffer> {
    return this.#pool.allocate(byteLength);
  }

  send(buffer: Uint8Array<ArrayBuffer>): void {
    assert(this.#credit > 0, "a buffer is sent only with credit");
    this.#credit -= 1;
    this.#queue.push(buffer);
    this.#arrived();
  }

  onCredit(listener: () => void): void {
    this.#credited = listener;
  }

  poll(): Uint8Array<ArrayBuffer> | undefined {
    return this.#queue.poll();
  }

  release(isFree: boolean): void {
    const memory = this.#pool.takeBack(this.#queue.release());
    if (isFree) this.#pool.keep(memory);
    this.#credit += 1;
    this.#credited();
  }

  onArrival(listener: () => void): void {
    this.#arrived = listener;
  }
}

function ignore(): void {}
