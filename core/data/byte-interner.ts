import { type Dictionary, StringInterner } from "./dictionary.ts";

const SLOTS_MIN = 256;
const BYTES_MIN = 4_096;

const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Numbers strings by their UTF-8 bytes: a text that has come before is neither decoded nor made a string again. What is not
 * UTF-8 becomes U+FFFD, as everywhere; texts that differ only in that are one string and have one id.
 *
 * Open addressing, at most half full. Bounded as the dictionary is: a new generation starts over.
 */
export class ByteInterner {
  readonly #strings = new StringInterner();
  /** By slot: 1 + the index of an entry; 0: free. */
  #slots = new Int32Array(SLOTS_MIN);
  #entryCount = 0;
  #hashes = new Int32Array(SLOTS_MIN / 2);
  #starts = new Int32Array(SLOTS_MIN / 2 + 1);
  #ids = new Int32Array(SLOTS_MIN / 2);
  /** The bytes of all entries, one after another. */
  #bytes = new Uint8Array(BYTES_MIN);
  #lookups = 0;

  /** The generation at hand. */
  get dictionary(): Dictionary {
    return this.#strings.dictionary;
  }

  /** Whether strings come at least twice on average: otherwise numbering them costs more than it gains. */
  get pays(): boolean {
    return 2 * this.#strings.dictionary.strings.length <= this.#lookups;
  }

  /** A dictionary that has grown full is left to the batches that have it. */
  startBatch(): void {
    if (!this.#strings.dictionary.isFull) return;
    this.#strings.startGeneration();
    this.#slots = new Int32Array(SLOTS_MIN);
    this.#entryCount = 0;
    this.#lookups = 0;
  }

  /** Of a text that is a string already. */
  idOf(text: string): number {
    this.#lookups += 1;
    return this.#strings.idOf(text);
  }

  /** Of the UTF-8 text in [start, end). */
  idOfBytes(bytes: Uint8Array, start: number, end: number): number {
    this.#lookups += 1;
    let hash = end - start;
    for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    hash ^= hash >>> 15;
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0) return this.#add(slot, hash, bytes, start, end);
      if (this.#hashes[entry] === hash && this.#equals(entry, bytes, start, end)) return this.#ids[entry]!;
    }
  }

  #equals(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#starts[entry]!;
    if (this.#starts[entry + 1]! - from !== end - start) return false;
    const known = this.#bytes;
    for (let at = start; at < end; at += 1) if (known[from + at - start] !== bytes[at]) return false;
    return true;
  }

  #add(slot: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const entry = this.#entryCount;
    const from = this.#starts[entry]!;
    const to = from + end - start;
    if (this.#bytes.length < to) {
      const grown = new Uint8Array(Math.max(to, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, from));
      this.#bytes = grown;
    }
    const text = bytes.subarray(start, end);
    this.#bytes.set(text, from);
    this.#starts[entry + 1] = to;
    this.#hashes[entry] = hash;
    const id = this.#strings.idOf(decoder.decode(text));
    this.#ids[entry] = id;
    this.#slots[slot] = entry + 1;
    this.#entryCount = entry + 1;
    if (this.#slots.length <= 2 * this.#entryCount) this.#grow();
    return id;
  }

  #grow(): void {
    const slots = new Int32Array(2 * this.#slots.length);
    const mask = slots.length - 1;
    for (let entry = 0; entry < this.#entryCount; entry += 1) {
      let slot = this.#hashes[entry]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry + 1;
    }
    this.#slots = slots;
    this.#hashes = grown(this.#hashes, slots.length / 2);
    this.#starts = grown(this.#starts, slots.length / 2 + 1);
    this.#ids = grown(this.#ids, slots.length / 2);
  }
}

function grown(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(length);
  longer.set(array.subarray(0, Math.min(array.length, length)));
  return longer;
}
