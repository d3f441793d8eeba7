import type { Port } from "../host/host.ts";
import { BufferPool } from "./buffer-pool.ts";
import type { Link, LinkListener } from "./link.ts";

/** A buffer: the first bytes of memory that is carried with it. */
interface BufferMessage {
  readonly channel: number;
  readonly byteLength: number;
  readonly memory: ArrayBuffer;
}

/** The credit of one buffer of a channel, with the memory that it had, unless somebody keeps that. */
interface CreditMessage {
  readonly credited: number;
  readonly memory: ArrayBuffer | undefined;
}

type LinkMessage = BufferMessage | CreditMessage;

/** A link of messages. Memory goes over with its buffer and comes back with the credit, so that whoever sends most has memory to send. */
export class PortLink implements Link {
  readonly #port: Port;
  readonly #pool = new BufferPool();
  #isClosed = false;

  constructor(port: Port) {
    this.#port = port;
  }

  send(channel: number, bytes: Uint8Array<ArrayBuffer>): void {
    const memory = this.#pool.takeBack(bytes);
    this.#carry({ channel, byteLength: bytes.byteLength, memory }, memory);
  }

  grant(channel: number, used: Uint8Array<ArrayBuffer> | undefined): void {
    const memory = used === undefined ? undefined : this.#pool.takeBack(used);
    this.#carry({ credited: channel, memory }, memory);
  }

  allocate(byteLength: number): Uint8Array<ArrayBuffer> {
    return this.#pool.allocate(byteLength);
  }

  listen(listener: LinkListener): void {
    this.#port.listen(
      (message) => {
        // What was on its way when this end closed still comes out of the port.
        if (!this.#isClosed) this.#receive(message as LinkMessage, listener);
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

  #carry(message: LinkMessage, memory: ArrayBuffer | undefined): void {
    if (!this.#isClosed) this.#port.send(message, memory === undefined ? undefined : { buffers: [memory] });
  }

  #receive(message: LinkMessage, listener: LinkListener): void {
    if ("credited" in message) {
      if (message.memory !== undefined) this.#pool.keep(message.memory);
      listener.onCredit(message.credited);
    } else {
      listener.onBuffer(message.channel, this.#pool.lend(message.memory, message.byteLength));
    }
  }
}
