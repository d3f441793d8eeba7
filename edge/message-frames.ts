import { DynamicReader } from "../core/data/dynamic-reader.ts";
import { DynamicWriter } from "../core/data/dynamic-writer.ts";
import { ByteReader, ByteWriter } from "../core/lib/bytes.ts";
import { corrupt, JobError } from "../core/lib/errors.ts";
import { RingBuffer } from "../core/lib/ring-buffer.ts";

/** Bytes of one call between objects. The platform takes 32 MiB; small ones keep the memory of both objects small. */
export const CALL_BYTES_MAX = 2 ** 20;
/** Bytes of one message, which goes over in as many calls as it needs: an object has some 32 MB to live on. */
export const MESSAGE_BYTES_MAX = 2 ** 24;

/** Before each message stands its length. */
const HEADER_BYTES = 4;

/** Messages on their way out: one stream of bytes, which is cut wherever a call is full. */
export class OutgoingFrames {
  readonly #parts = new RingBuffer<Uint8Array>();
  /** Bytes of the oldest part that have been taken already. */
  #taken = 0;
  #length = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** @throws JobError NOT_SERIALIZABLE */
  push(message: unknown): void {
    const body = new ByteWriter();
    new DynamicWriter(body).write(message);
    if (MESSAGE_BYTES_MAX < body.length) {
      throw new JobError("NOT_SERIALIZABLE", `a message to another object has ${body.length} bytes, but may have ${MESSAGE_BYTES_MAX}: make the records smaller`);
    }
    const header = new ByteWriter();
    header.u32le(body.length);
    for (const part of [header.finish(), body.finish()]) {
      this.#parts.push(part);
      this.#length += part.length;
    }
  }

  /** The next bytes, as many as one call may have. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(Math.min(CALL_BYTES_MAX, this.#length));
    let filled = 0;
    while (filled < bytes.length) {
      const part = this.#parts.peek()!;
      const piece = part.subarray(this.#taken, this.#taken + bytes.length - filled);
      bytes.set(piece, filled);
      filled += piece.length;
      this.#taken += piece.length;
      if (this.#taken < part.length) continue;
      this.#parts.shift();
      this.#taken = 0;
    }
    this.#length -= filled;
    return bytes;
  }

  clear(): void {
    this.#parts.clear();
    this.#taken = 0;
    this.#length = 0;
  }
}

/** The other side: what came, until it makes a message. */
export class IncomingFrames {
  /** Holds the frame at hand; grown to its length once that is known. */
  #frame = new Uint8Array(HEADER_BYTES);
  #filled = 0;
  #isBody = false;

  /** The messages that these bytes complete. @throws JobError CORRUPT_DATA */
  push(bytes: Uint8Array): unknown[] {
    const messages: unknown[] = [];
    for (let from = 0; from < bytes.length; ) {
      const piece = bytes.subarray(from, from + this.#frame.length - this.#filled);
      this.#frame.set(piece, this.#filled);
      this.#filled += piece.length;
      from += piece.length;
      if (this.#filled === this.#frame.length) this.#complete(messages);
    }
    return messages;
  }

  #complete(messages: unknown[]): void {
    const reader = new ByteReader(this.#frame);
    if (this.#isBody) messages.push(new DynamicReader(reader).read());
    this.#frame = new Uint8Array(this.#isBody ? HEADER_BYTES : lengthOf(reader));
    this.#filled = 0;
    this.#isBody = !this.#isBody;
  }
}

function lengthOf(header: ByteReader): number {
  const length = header.u32le();
  if (length === 0 || MESSAGE_BYTES_MAX < length) throw corrupt(`a message between objects claims ${length} bytes`);
  return length;
}
