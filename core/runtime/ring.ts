/**
 * A queue of bytes in shared memory, with one writer and one reader, who may be threads apart. Bytes go in and come out in multiples of 8, so that a word or two
 * of numbers never lies on both sides of the wrap.
 *
 *     head, tail            how many bytes were written and read ever, modulo 2^32, each on a cache line of its own
 *     readerSleeps          1: the reader has found nothing and will not look again until it is woken
 *     writerWaits           1: the writer has found no room and will not look again until it is woken
 *     the bytes             a power of two of them
 *
 * No wake-up is lost, as in Dekker's algorithm: who goes to sleep raises the flag and then looks at the counter once more; the other moves the counter and then
 * looks at the flag. Atomic operations have one order in which all threads see them. Were the last look to miss the move and the look at the flag to miss the
 * flag, then look before move, move before look at the flag, look at the flag before flag, and flag before look: a circle, which an order has not. So the sleeper
 * sees what came, or the other sees the sleeper and wakes it. Who lowers a raised flag does so by exchange, and only the one who succeeds has to wake.
 */
const HEAD = 0;
const TAIL = 16;
const READER_SLEEPS = 32;
const WRITER_WAITS = 48;
const CONTROL_BYTES = 256;

export const RING_UNIT = 8;

/** Memory for a ring of so many bytes: a power of two, 8 at least and 2^30 at most. */
export function createRing(byteLength: number): SharedArrayBuffer {
  return new SharedArrayBuffer(CONTROL_BYTES + byteLength);
}

/** The bytes that a run of them takes in a ring. */
export function inUnits(byteLength: number): number {
  return (byteLength + RING_UNIT - 1) & -RING_UNIT;
}

export class RingWriter {
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #bytes: Uint8Array<SharedArrayBuffer>;
  readonly #mask: number;
  #head = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#control = controlOf(memory);
    this.#words = new Int32Array(memory, CONTROL_BYTES);
    this.#bytes = new Uint8Array(memory, CONTROL_BYTES);
    this.#mask = this.#bytes.length - 1;
  }

  /** How many bytes could be written: a multiple of 8. */
  room(): number {
    return this.#bytes.length - ((this.#head - Atomics.load(this.#control, TAIL)) | 0);
  }

  /** Writes two words; there must be room. The reader sees them with the next `publish`. */
  writeWords(first: number, second: number): void {
    const index = (this.#head & this.#mask) >> 2;
    this.#words[index] = first;
    this.#words[index + 1] = second;
    this.#head = (this.#head + RING_UNIT) | 0;
  }

  /** Writes what fits of the bytes from `start` on, and returns how many did. All but the last time that is a multiple of 8. */
  writeBytes(source: Uint8Array, start: number): number {
    const count = Math.min(source.length - start, this.room());
    const from = this.#head & this.#mask;
    const untilWrap = Math.min(count, this.#bytes.length - from);
    this.#bytes.set(source.subarray(start, start + untilWrap), from);
    if (untilWrap < count) this.#bytes.set(source.subarray(start + untilWrap, start + count), 0);
    this.#head = (this.#head + inUnits(count)) | 0;
    return count;
  }

  publish(): void {
    Atomics.store(this.#control, HEAD, this.#head);
  }

  /** After `publish`: whether the reader sleeps, and is now the caller's to wake. */
  takesSleeper(): boolean {
    return lowers(this.#control, READER_SLEEPS);
  }

  /** Whether there is still no room, and the reader will wake the writer once there is. */
  waits(): boolean {
    Atomics.store(this.#control, WRITER_WAITS, 1);
    if (this.room() === 0) return true;
    lowers(this.#control, WRITER_WAITS);
    return false;
  }
}

export class RingReader {
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #bytes: Uint8Array<SharedArrayBuffer>;
  readonly #mask: number;
  #tail = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#control = controlOf(memory);
    this.#words = new Int32Array(memory, CONTROL_BYTES);
    this.#bytes = new Uint8Array(memory, CONTROL_BYTES);
    this.#mask = this.#bytes.length - 1;
  }

  /** How many bytes can be read: a multiple of 8. */
  available(): number {
    return (Atomics.load(this.#control, HEAD) - this.#tail) | 0;
  }

  /** The next two words, which stay until `skipWords`. There must be some. */
  firstWord(): number {
    return this.#words[(this.#tail & this.#mask) >> 2]!;
  }

  secondWord(): number {
    return this.#words[((this.#tail & this.#mask) >> 2) + 1]!;
  }

  skipWords(): void {
    this.#tail = (this.#tail + RING_UNIT) | 0;
  }

  /** Reads `count` bytes, which must be there, to `start` of the target. All but the last time for one target it is a multiple of 8. */
  readBytes(target: Uint8Array, start: number, count: number): void {
    const from = this.#tail & this.#mask;
    const untilWrap = Math.min(count, this.#bytes.length - from);
    target.set(this.#bytes.subarray(from, from + untilWrap), start);
    if (untilWrap < count) target.set(this.#bytes.subarray(0, count - untilWrap), start + untilWrap);
    this.#tail = (this.#tail + inUnits(count)) | 0;
  }

  /** What was read is room for the writer. */
  free(): void {
    Atomics.store(this.#control, TAIL, this.#tail);
  }

  /** After `free`: whether the writer waits, and is now the caller's to wake. */
  takesWaiter(): boolean {
    return lowers(this.#control, WRITER_WAITS);
  }

  /** Whether there is still nothing to read, and the writer will wake the reader once there is. */
  sleeps(): boolean {
    Atomics.store(this.#control, READER_SLEEPS, 1);
    if (this.available() === 0) return true;
    lowers(this.#control, READER_SLEEPS);
    return false;
  }
}

function controlOf(memory: SharedArrayBuffer): Int32Array<SharedArrayBuffer> {
  return new Int32Array(memory, 0, CONTROL_BYTES / 4);
}

/** A load first: it leaves the cache line with whoever has it, and a flag is hardly ever raised. */
function lowers(control: Int32Array<SharedArrayBuffer>, flag: number): boolean {
  return Atomics.load(control, flag) === 1 && Atomics.compareExchange(control, flag, 1, 0) === 1;
}
