import { assert } from "../lib/assert.ts";

/** What one end of a link keeps of memory that nobody uses. */
export const POOL_BYTES_MAX = 4 * 1024 * 1024;
/** Memory is made in powers of two from here, so that what held one buffer takes the next, which is hardly ever as long. */
const MEMORY_BYTES_MIN = 256;
/** Memory beyond this is as large as its buffer and is not kept: one huge record must not hold it for ever. */
const MEMORY_BYTES_MAX = 1 << 20;

/**
 * The memory of the buffers of one end of a link: lends it, takes it back, and keeps some for the next.
 *
 * Invariant: memory is lent or free, never both, and whoever has it on loan has all of it. So memory that leaves for another thread is nobody's here.
 */
export class BufferPool {
  /** By the logarithm of their size. */
  readonly #free: ArrayBuffer[][] = Array.from({ length: 1 + exponentOf(MEMORY_BYTES_MAX) }, () => []);
  #freeBytes = 0;
  /** Weak, since a borrower may keep memory for good and say nothing. */
  readonly #lent = new WeakSet<ArrayBuffer>();

  /** Not cleared where it was used before. */
  allocate(byteLength: number): Uint8Array<ArrayBuffer> {
    return this.lend(this.#take(byteLength), byteLength);
  }

  /** Lends memory that has come from elsewhere: its first bytes are those of a buffer. */
  lend(memory: ArrayBuffer, byteLength: number): Uint8Array<ArrayBuffer> {
    this.#lent.add(memory);
    return new Uint8Array(memory, 0, byteLength);
  }

  /** Ends a loan. The memory is then the caller's. */
  takeBack({ buffer, byteOffset }: Uint8Array<ArrayBuffer>): ArrayBuffer {
    assert(byteOffset === 0 && this.#lent.delete(buffer), "only memory that was lent is taken back, and once: others may look at any other");
    return buffer;
  }

  /** Keeps memory that nobody uses, within the bound. */
  keep(memory: ArrayBuffer): void {
    const { byteLength } = memory;
    if (byteLength < MEMORY_BYTES_MIN || MEMORY_BYTES_MAX < byteLength || POOL_BYTES_MAX < this.#freeBytes + byteLength) return;
    const exponent = exponentOf(byteLength);
    if (byteLength !== 1 << exponent) return;
    this.#free[exponent]!.push(memory);
    this.#freeBytes += byteLength;
  }

  #take(byteLength: number): ArrayBuffer {
    if (MEMORY_BYTES_MAX < byteLength) return new ArrayBuffer(byteLength);
    const exponent = exponentOf(Math.max(byteLength, MEMORY_BYTES_MIN));
    const memory = this.#free[exponent]!.pop();
    if (memory === undefined) return new ArrayBuffer(1 << exponent);
    this.#freeBytes -= memory.byteLength;
    return memory;
  }
}

/** Of the smallest power of two that is not less. */
function exponentOf(byteLength: number): number {
  return 32 - Math.clz32(byteLength - 1);
}
