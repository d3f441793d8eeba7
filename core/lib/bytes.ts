import { assert } from "./assert.ts";
import { corrupt, type JobError } from "./errors.ts";

const CAPACITY_MIN = 256;
/** Up to this many code units, a loop over them beats a call of the platform's encoder. */
const LOOPED_STRING_UNITS_MAX = 48;
/** A block of this many code units fits any engine's limit on arguments. */
const CODE_UNITS_PER_CALL = 4096;
const UINT28_RANGE = 0x10000000;
const NAN_HIGH_WORD = 0x7ff80000;

/** Encoders keep no state between calls: one for everybody. */
const utf8Encoder = /* @__PURE__ */ new TextEncoder();
const utf8Decoder = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Gives memory for so many bytes, at the start of its buffer, so that views of numbers are aligned; what it holds is not defined. */
export type Allocate = (byteLength: number) => Uint8Array<ArrayBuffer>;

export function newBytes(byteLength: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(byteLength);
}

/**
 * Writes values into one growing buffer. All numbers are little-endian. What was written is read back by `ByteReader` with the
 * same calls in the same order.
 *
 * A string is a varint `2 × bytes` and its UTF-8, or, where it holds a lone surrogate that UTF-8 cannot express, a varint `2 ×
 * bytes + 1` and its UTF-16 code units.
 */
export class ByteWriter {
  /** Whatever a codec keeps from value to value, for as long as one session lasts. `reset` and `startSession` forget it. */
  session: unknown = undefined;

  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #length = 0;

  constructor(capacity: number = CAPACITY_MIN) {
    this.#bytes = new Uint8Array(Math.max(capacity, CAPACITY_MIN));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  u32le(value: number): void {
    this.#ensure(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  /** An integer in [0, 2^53): seven bits a byte, the lowest first. */
  varint(value: number): void {
    this.#ensure(8);
    let rest = value;
    while (UINT28_RANGE <= rest) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (128 <= rest) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A safe integer, its sign in the lowest bit: small magnitudes are short. −0 becomes 0. */
  zigzag(value: number): void {
    const folded = value < 0 ? -(value + 1) : value;
    const sign = value < 0 ? 1 : 0;
    // The doubled number may exceed 2^53, so the first six bits go by themselves.
    if (folded < 64) {
      this.u8((folded << 1) | sign);
      return;
    }
    this.u8(((folded % 64) << 1) | sign | 0x80);
    this.varint(Math.floor(folded / 64));
  }

  /** One byte of the caller's choice, then an integer of 32 bits as `zigzag` writes it. */
  headedInt32(header: number, value: number): void {
    this.#ensure(6);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = header;
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (128 <= rest) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#length = at;
  }

  /** Every double exactly; NaN, whose bits a platform may choose, always in the same eight bytes. */
  f64(value: number): void {
    this.#ensure(8);
    if (Number.isNaN(value)) {
      this.#view.setUint32(this.#length, 0, true);
      this.#view.setUint32(this.#length + 4, NAN_HIGH_WORD, true);
    } else {
      this.#view.setFloat64(this.#length, value, true);
    }
    this.#length += 8;
  }

  /** Bytes without their length. */
  raw(bytes: Uint8Array): void {
    this.#ensure(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Bytes with their length before them. */
  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  string(text: string): void {
    // The length of a short ASCII string fits one byte and is known beforehand, so one pass is enough.
    if (LOOPED_STRING_UNITS_MAX < text.length || !this.headedAscii(2 * text.length, text)) this.#anyString(text);
  }

  /**
   * Writes one byte of the caller's choice and the characters of an ASCII string without their length; or else nothing, and
   * returns false. The byte must tell the length.
   */
  headedAscii(header: number, text: string): boolean {
    const units = text.length;
    this.#ensure(units + 1);
    const bytes = this.#bytes;
    const start = this.#length + 1;
    for (let index = 0; index < units; index += 1) {
      const unit = text.charCodeAt(index);
      if (0x80 <= unit) return false;
      bytes[start + index] = unit;
    }
    bytes[start - 1] = header;
    this.#length = start + units;
    return true;
  }

  /** Overwrites four bytes written before: for lengths and positions that are known late. */
  patchU32(offset: number, value: number): void {
    assert(0 <= offset && offset + 4 <= this.#length, "only what was written can be patched");
    this.#view.setUint32(offset, value, true);
  }

  /** Takes back everything after the first `length` bytes. */
  truncate(length: number): void {
    assert(0 <= length && length <= this.#length, "a writer can only be cut to less than it holds");
    this.#length = length;
  }

  /** A copy of what was written, of exactly its size. The writer stays as it is. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** What was written, not copied: valid until the next call on this writer. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Starts anew, with the memory it has. */
  reset(): void {
    this.#length = 0;
    this.session = undefined;
  }

  /** From here on the bytes can be read without those before: codecs start over. */
  startSession(): void {
    this.session = undefined;
  }

  #anyString(text: string): void {
    const byteLength = utf8Length(text);
    if (byteLength < 0) {
      this.varint(4 * text.length + 1);
      this.#ensure(2 * text.length);
      for (let index = 0; index < text.length; index += 1) {
        this.#view.setUint16(this.#length + 2 * index, text.charCodeAt(index), true);
      }
      this.#length += 2 * text.length;
      return;
    }
    this.varint(2 * byteLength);
    this.#ensure(byteLength);
    const { written } = utf8Encoder.encodeInto(text, this.#bytes.subarray(this.#length));
    assert(written === byteLength, "the encoder writes as many bytes as were counted");
    this.#length += byteLength;
  }

  #ensure(count: number): void {
    if (this.#bytes.length < this.#length + count) this.#grow(count);
  }

  #grow(count: number): void {
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Bytes of the string in UTF-8, or −1 where a lone surrogate makes that impossible. */
function utf8Length(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    length += unit < 0x800 ? 1 : 2;
    if (unit < 0xd800 || 0xdfff < unit) continue;
    const next = text.charCodeAt(index + 1);
    // NaN, past the end, fails the comparison as it should. A pair takes four bytes: its two units and the two counted above.
    if (0xdbff < unit || !(0xdc00 <= next && next <= 0xdfff)) return -1;
    index += 1;
  }
  return length;
}

/** Strings up to this length are looked for in the cache of a reader. */
const CACHED_STRING_BYTES_MAX = 24;
/** A power of two: a hash is masked to a slot. */
const CACHED_STRINGS_MAX = 1024;
const UNCACHED_STRINGS_MAX = 64;

/**
 * Reads what a `ByteWriter` wrote. Every read is checked against the end: damaged bytes give a `JobError` CORRUPT_DATA, never
 * an endless loop and never more memory than the bytes at hand explain.
 *
 * Short strings come from a bounded cache, since keys and names repeat from record to record: no garbage, and a string that is
 * met again has its hash computed already. Reuse a reader (`reset`) to keep its cache warm.
 */
export class ByteReader {
  /** The counterpart of `ByteWriter.session`. */
  session: unknown = undefined;

  #bytes: Uint8Array;
  #view: DataView;
  #position: number;
  #end: number;
  /** Made when enough short strings have come to be worth it: a reader of one value would pay more than it gains. */
  #cache: string[] | undefined;
  #shortStrings = 0;

  /** Reads `bytes[start, end)`. */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    assert(0 <= start && start <= end && end <= bytes.length, "a reader reads within its bytes");
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = start;
    this.#end = end;
  }

  /** Index in the bytes of the next one to read. */
  get position(): number {
    return this.#position;
  }

  /** Index in the bytes behind the last one to read. */
  get end(): number {
    return this.#end;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  /** Starts anew on other bytes. */
  reset(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    assert(0 <= start && start <= end && end <= bytes.length, "a reader reads within its bytes");
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = start;
    this.#end = end;
    this.session = undefined;
  }

  /** The counterpart of `ByteWriter.startSession`. */
  startSession(): void {
    this.session = undefined;
  }

  u8(): number {
    if (this.#end <= this.#position) throw truncated(1, 0, this.#position);
    return this.#bytes[this.#position++]!;
  }

  /** The next byte, which stays. */
  peekU8(): number {
    if (this.#end <= this.#position) throw truncated(1, 0, this.#position);
    return this.#bytes[this.#position]!;
  }

  u32le(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  varint(): number {
    const first = this.u8();
    return first < 128 ? first : this.#varintRest(first & 0x7f);
  }

  /** A varint that counts things of at least one byte each: damage must not make a loop longer than the bytes at hand. */
  count(): number {
    const count = this.varint();
    if (this.remaining < count) throw corrupt(`${count} values cannot lie in the ${this.remaining} bytes left`);
    return count;
  }

  zigzag(): number {
    const first = this.u8();
    const low = (first & 0x7f) >> 1;
    const folded = first < 128 ? low : this.varint() * 64 + low;
    if (Number.MAX_SAFE_INTEGER < folded) throw corrupt(`an integer beyond 2^53 ends at byte ${this.#position}`);
    return (first & 1) === 0 ? folded : -folded - 1;
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A copy of the next `count` bytes. */
  raw(count: number): Uint8Array<ArrayBuffer> {
    const start = this.#take(count);
    // Copied through the constructor: the `slice` of a subclass such as Buffer would share memory.
    return new Uint8Array(this.#bytes.subarray(start, start + count));
  }

  /** The next `count` bytes, not copied. */
  rawView(count: number): Uint8Array {
    const start = this.#take(count);
    return this.#bytes.subarray(start, start + count);
  }

  skip(count: number): void {
    this.#take(count);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.raw(this.varint());
  }

  string(): string {
    const header = this.varint();
    const byteLength = Math.floor(header / 2);
    if (header % 2 === 1) return this.#utf16String(byteLength);
    return this.utf8(byteLength);
  }

  /** A string of `byteLength` bytes of UTF-8, ASCII included. */
  utf8(byteLength: number): string {
    const start = this.#take(byteLength);
    if (byteLength <= CACHED_STRING_BYTES_MAX) return this.#shortString(start, start + byteLength);
    return this.#decode(start, start + byteLength);
  }

  #shortString(start: number, end: number): string {
    const bytes = this.#bytes;
    let hash = 0;
    let bits = 0;
    for (let index = start; index < end; index += 1) {
      const byte = bytes[index]!;
      bits |= byte;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    if (0x80 <= bits) return this.#decode(start, end);
    const cache = this.#cache;
    if (cache === undefined) return this.#uncachedString(start, end);
    const slot = (hash ^ (hash >>> 10)) & (CACHED_STRINGS_MAX - 1);
    const cached = cache[slot]!;
    if (cached.length === end - start && equalsAscii(cached, bytes, start)) return cached;
    const text = asciiString(bytes, start, end);
    cache[slot] = text;
    return text;
  }

  #uncachedString(start: number, end: number): string {
    this.#shortStrings += 1;
    if (this.#shortStrings === UNCACHED_STRINGS_MAX) this.#cache = new Array<string>(CACHED_STRINGS_MAX).fill("");
    return asciiString(this.#bytes, start, end);
  }

  #decode(start: number, end: number): string {
    try {
      return utf8Decoder.decode(this.#bytes.subarray(start, end));
    } catch {
      throw corrupt(`the string at bytes ${start}…${end} is no UTF-8`);
    }
  }

  #utf16String(byteLength: number): string {
    if (byteLength % 2 !== 0) throw corrupt(`a string of UTF-16 at byte ${this.#position} has an odd length`);
    const start = this.#take(byteLength);
    let text = "";
    let units: number[] = [];
    for (let offset = 0; offset < byteLength; offset += 2) {
      units.push(this.#view.getUint16(start + offset, true));
      if (units.length === CODE_UNITS_PER_CALL) {
        text += String.fromCharCode.apply(null, units);
        units = [];
      }
    }
    return text + String.fromCharCode.apply(null, units);
  }

  #varintRest(low: number): number {
    let value = low;
    let factor = 128;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * factor;
      if (Number.MAX_SAFE_INTEGER < value) throw corrupt(`an integer beyond 2^53 ends at byte ${this.#position}`);
      if (byte < 128) return value;
      factor *= 128;
      // Continuation bytes without end, all of them zero, add nothing: eight bytes hold every number that is written.
      if (72057594037927936 <= factor) throw corrupt(`an integer at byte ${this.#position} is too long`);
    }
  }

  /** Moves past `count` bytes and returns where they start. */
  #take(count: number): number {
    const start = this.#position;
    if (this.#end - start < count) throw truncated(count, this.#end - start, start);
    this.#position = start + count;
    return start;
  }
}

function equalsAscii(text: string, bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

/** Four codes a call beat one call with an array of codes, and the platform's decoder, for strings this short. */
function asciiString(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let index = start;
  for (; index + 4 <= end; index += 4) {
    text += String.fromCharCode(bytes[index]!, bytes[index + 1]!, bytes[index + 2]!, bytes[index + 3]!);
  }
  for (; index < end; index += 1) text += String.fromCharCode(bytes[index]!);
  return text;
}

function truncated(wanted: number, left: number, position: number): JobError {
  return corrupt(`${wanted} more bytes are expected at byte ${position}, but ${left} are left`);
}
