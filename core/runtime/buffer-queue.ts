import { assert } from "../lib/assert.ts";
import { RingBuffer } from "../lib/ring-buffer.ts";

/** The buffers of a channel that have come: one of them at a time is with its reader, who releases it before the next. */
export class BufferQueue {
  readonly #waiting = new RingBuffer<Uint8Array<ArrayBuffer>>();
  #polled: Uint8Array<ArrayBuffer> | undefined;

  /** With the one that the reader has. */
  get length(): number {
    return this.#waiting.length + (this.#polled === undefined ? 0 : 1);
  }

  push(buffer: Uint8Array<ArrayBuffer>): void {
    this.#waiting.push(buffer);
  }

  poll(): Uint8Array<ArrayBuffer> | undefined {
    assert(this.#polled === undefined, "a buffer is released before the next one is polled");
    this.#polled = this.#waiting.shift();
    return this.#polled;
  }

  /** Returns the one last polled. */
  release(): Uint8Array<ArrayBuffer> {
    const polled = this.#polled;
    assert(polled !== undefined, "a buffer is polled before it is released");
    this.#polled = undefined;
    return polled;
  }
}
