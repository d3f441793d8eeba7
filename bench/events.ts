import type { Work } from "./works.ts";

/**
 * The input of every variant, by one integer formula of the event's index. It is made inside the timed run, in blocks, and never
 * held whole.
 *
 * Java computes the same in flink/: 32-bit integer arithmetic only, and timestamps that are real milliseconds since the epoch.
 */

export interface EventRow {
  readonly key: number | string;
  readonly value: number;
  /** ms since the epoch. */
  readonly time: number;
}

export interface EventColumns {
  /** Numbers of keys; `keyNames` has the strings. */
  readonly keys: Int32Array;
  readonly values: Int32Array;
  readonly times: Float64Array;
}

export const BLOCK = 4_096;
/** 2026-01-01T00:00:00Z, a multiple of every window size here. */
export const EPOCH_MS = 1_767_225_600_000;
/** With a bound of 256 ms, a window of 1 s has fired for every event that comes this late. */
const LATE_MS_MIN = 1_280;

/** Well mixed bits of an index: a murmur finalizer. */
function mixed(index: number): number {
  let bits = Math.imul(index + 1, 0x9e3779b1);
  bits ^= bits >>> 15;
  bits = Math.imul(bits, 0x85ebca77);
  return bits ^ (bits >>> 13);
}

/**
 * How long after its own time an event comes, ms: up to 255; where the work has late ones, 15 of 100 come 1,280 to 2,303 ms
 * after it.
 */
function delayOf(bits: number, hasLate: boolean): number {
  if (hasLate) {
    const more = Math.imul(bits, 0xc2b2ae3d) >>> 8;
    if (more % 100 < 15) return LATE_MS_MIN + (bits & 0x3ff);
  }
  return bits >>> 24;
}

/** The strings that stand for keys, made once: what a reader of dictionary-encoded input has. */
export function keyNames(work: Work): readonly string[] {
  return Array.from({ length: work.keys }, (_, key) => `user-${key}`);
}

/** Makes the events of a work as row objects. */
export class RowBlocks {
  /** The rows of the block made last; those before `length` are valid. */
  rows: EventRow[] = [];
  length = 0;
  readonly #work: Work;
  readonly #events: number;
  readonly #names: readonly string[] | undefined;
  #next: number;

  constructor(work: Work, events: number, from: number = 0) {
    this.#work = work;
    this.#events = events;
    this.#names = work.keyKind === "string" ? keyNames(work) : undefined;
    this.#next = from;
  }

  /** Takes another list: somebody keeps that of the block made last. */
  renew(): void {
    this.rows = [];
  }

  /** Makes the next block; false at the end of the input. Rows are new objects: whoever takes them may keep them. */
  fill(): boolean {
    const from = this.#next;
    const length = Math.min(BLOCK, this.#events - from);
    this.length = length;
    this.#next = from + length;
    if (length <= 0) return false;
    if (this.#names === undefined) this.#fillNumbers(from, length);
    else this.#fillNames(from, length, this.#names);
    return true;
  }

  #fillNumbers(from: number, length: number): void {
    const { rows } = this;
    const { keys, eventsPerMs, hasLate } = this.#work;
    for (let at = 0; at < length; at += 1) {
      const bits = mixed(from + at);
      const time = EPOCH_MS + (((from + at) / eventsPerMs) | 0) - delayOf(bits, hasLate);
      rows[at] = { key: (bits >>> 1) % keys, value: (bits >>> 8) & 0x3ff, time };
    }
  }

  #fillNames(from: number, length: number, names: readonly string[]): void {
    const { rows } = this;
    const { keys, eventsPerMs, hasLate } = this.#work;
    for (let at = 0; at < length; at += 1) {
      const bits = mixed(from + at);
      const time = EPOCH_MS + (((from + at) / eventsPerMs) | 0) - delayOf(bits, hasLate);
      rows[at] = { key: names[(bits >>> 1) % keys]!, value: (bits >>> 8) & 0x3ff, time };
    }
  }
}

/** Makes the events of a work as columns. */
export class ColumnBlocks implements EventColumns {
  keys = new Int32Array(BLOCK);
  values = new Int32Array(BLOCK);
  times = new Float64Array(BLOCK);
  length = 0;
  /** Index of the next event. */
  next: number;
  readonly #work: Work;
  readonly #events: number;

  constructor(work: Work, events: number, from: number = 0) {
    this.#work = work;
    this.#events = events;
    this.next = from;
  }

  /** Takes new memory: somebody keeps the block made last. */
  renew(): void {
    const memory = new ArrayBuffer(16 * BLOCK);
    this.times = new Float64Array(memory, 0, BLOCK);
    this.keys = new Int32Array(memory, 8 * BLOCK, BLOCK);
    this.values = new Int32Array(memory, 12 * BLOCK, BLOCK);
  }

  /** Makes the next block in the arrays of the one before; false at the end of the input. */
  fill(): boolean {
    const from = this.next;
    // Compilers do without floating point where they see 32-bit integers.
    const length = Math.max(0, Math.min(BLOCK, this.#events - from)) | 0;
    this.length = length;
    this.next = from + length;
    const { keys, values, times } = this;
    const { keys: keyCount, eventsPerMs, hasLate } = this.#work;
    let at = 0;
    // One ms after the other: that spares a division for each event.
    for (let ms = (from / eventsPerMs) | 0; at < length; ms += 1) {
      const end = Math.min(length, (ms + 1) * eventsPerMs - from);
      const time = EPOCH_MS + ms;
      for (; at < end; at += 1) {
        const bits = mixed((from + at) | 0);
        times[at] = time - delayOf(bits, hasLate);
        keys[at] = (bits >>> 1) % keyCount;
        values[at] = (bits >>> 8) & 0x3ff;
      }
    }
    return 0 < length;
  }
}
