import type { Port } from "../host/host.ts";
import { assert } from "../lib/assert.ts";
import { BufferPool } from "./buffer-pool.ts";
import type { Link, LinkListener } from "./link.ts";

interface BufferMessage {
  readonly channel: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface CreditMessage {
  readonly credited: number;
}

/** A link of messages between machines, which share no memory and can carry none: a buffer is copied while it is sent, and each end uses its own memory again. */
export class CopyingLink implements Link {
  readonly #port: Port;
  readonly #pool = new BufferPool();
  #isClosed = false;

  /** Of a port that has taken a message when `send` returns. */
  constructor(port: Port) {
    this.#port = port;
  }

  send(channel: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.#send({ channel, bytes });
    this.#pool.keep(this.#pool.takeBack(bytes));
  }

  grant(channel: number, used: Uint8Array<ArrayBuffer> | undefined): void {
    if (used !== undefined) this.#pool.keep(this.#pool.takeBack(used));
    this.#send({ credited: channel });
  }

  allocate(byteLength: number): Uint8Array<ArrayBuffer> {
    return this.#pool.allocate(byteLength);
  }

  listen(listener: LinkListener): void {
    this.#port.listen(
      (message) => {
        // What was on its way when this end closed still comes out of the port.
        if (!this.#isClosed) this.#receive(message as BufferMessage | CreditMessage, listener);
      },
      () => {
        this.#isClosed = true;
        listener.onClose();
      },
    );
  }

  close(): void {
    this.#isClosed = true;
    this.#port.close();
  }

  #send(message: BufferMessage | CreditMessage): void {
    if (!this.#isClosed) this.#port.send(message);
  }

  #receive(message: BufferMessage | CreditMessage, listener: LinkListener): void {
    if ("credited" in message) return listener.onCredit(message.credited);
    const { channel, bytes } = message;
    assert(bytes.byteOffset === 0, "a copy begins where its memory does");
    listener.onBuffer(channel, this.#pool.lend(bytes.buffer, bytes.byteLength));
  }
}
