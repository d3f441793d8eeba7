import { assert } from "../lib/assert.ts";
import { RingBuffer } from "../lib/ring-buffer.ts";

/** Buffers in flight per channel: enough for sender and receiver to overlap, few enough that a barrier is never far behind. */
export const CHANNEL_CREDITS = 4;

/** The sending end of one edge between two subtasks. A buffer may be sent for each credit; credits come back as the receiver finishes buffers. */
export interface ChannelSender {
  readonly credit: number;
  /** Hands the bytes over; they belong to the receiver from then on. */
  send(buffer: Uint8Array): void;
  /** Called whenever credit was given back. */
  onCredit(listener: () => void): void;
}

export interface ChannelReceiver {
  /** The next buffer, or undefined where none has arrived. */
  poll(): Uint8Array | undefined;
  /** The buffer last polled has been used up: gives its credit back. */
  release(): void;
  /** Called whenever a buffer has arrived. */
  onArrival(listener: () => void): void;
}

/** A channel within one process: a bounded queue of buffers. Only bytes cross it, so that sender and receiver share no object. */
export class LocalChannel implements ChannelSender, ChannelReceiver {
  readonly #queue = new RingBuffer<Uint8Array>();
  #credit: number;
  #credited: () => void = ignore;
  #arrived: () => void = ignore;

  constructor(credits: number = CHANNEL_CREDITS) {
    this.#credit = credits;
  }

  get credit(): number {
    return this.#credit;
  }

  send(buffer: Uint8Array): void {
    assert(this.#credit > 0, "a buffer is sent only with credit");
    this.#credit -= 1;
    this.#queue.push(buffer);
    this.#arrived();
  }

  onCredit(listener: () => void): void {
    this.#credited = listener;
  }

  poll(): Uint8Array | undefined {
    return this.#queue.shift();
  }

  release(): void {
    this.#credit += 1;
    this.#credited();
  }

  onArrival(listener: () => void): void {
    this.#arrived = listener;
  }
}

function ignore(): void {}
