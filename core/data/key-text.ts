import { corrupt } from "../lib/errors.ts";

/**
 * The primitives of canonical bytes, written as text, one character a byte: what `ByteWriter` writes for the same values. Keys are made for records of any job, most of
 * which never need bytes otherwise.
 */

/** A block of this many characters fits any engine's limit on arguments. */
const CHARACTERS_PER_CALL = 4096;
const NAN_HIGH_WORD = 0x7ff80000;

/** Written and read within one call. */
const scratch = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

/** An integer in [0, 2^53): seven bits a character, the lowest first. */
export function varintText(value: number): string {
  let text = "";
  let rest = value;
  for (; 128 <= rest; rest = Math.floor(rest / 128)) text += String.fromCharCode((rest % 128) | 0x80);
  return text + String.fromCharCode(rest);
}

/** A safe integer, its sign in the lowest bit. The doubled number may exceed 2^53, so the first six bits go by themselves. */
export function integerText(value: number): string {
  const folded = value < 0 ? -(value + 1) : value;
  const first = ((folded % 64) << 1) | (value < 0 ? 1 : 0);
  return folded < 64 ? String.fromCharCode(first) : String.fromCharCode(first | 0x80) + varintText(Math.floor(folded / 64));
}

/** NaN, whose bits a platform may choose, always in the same eight bytes. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return wordsText(0, NAN_HIGH_WORD);
  scratch.setFloat64(0, value, true);
  return wordsText(scratch.getUint32(0, true), scratch.getUint32(4, true));
}

function wordsText(a: number, b: number): string {
  return String.fromCharCode(a & 0xff, (a >> 8) & 0xff, (a >> 16) & 0xff, a >>> 24, b & 0xff, (b >> 8) & 0xff, (b >> 16) & 0xff, b >>> 24);
}

/** Twice the number of bytes and UTF-8; or, where a lone surrogate makes that impossible, one more than twice the bytes and UTF-16. */
export function stringText(value: string): string {
  if (isAscii(value)) return varintText(2 * value.length) + value;
  if (!/\p{Surrogate}/u.test(value)) {
    const bytes = new TextEncoder().encode(value);
    return varintText(2 * bytes.length) + textOf(bytes);
  }
  let text = varintText(4 * value.length + 1);
  for (let index = 0; index < value.length; index += 1) text += String.fromCharCode(value.charCodeAt(index) & 0xff, value.charCodeAt(index) >> 8);
  return text;
}

/** Reads what these functions wrote. Damage gives CORRUPT_DATA. */
export class KeyTextReader {
  readonly #text: string;
  #position: number;

  constructor(text: string, start: number) {
    this.#text = text;
    this.#position = start;
  }

  get remaining(): number {
    return this.#text.length - this.#position;
  }

  byte(): number {
    return this.#take(1).charCodeAt(0);
  }

  varint(): number {
    let value = 0;
    // Eight characters hold every number that is written.
    for (let factor = 1; factor < 2 ** 56; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (Number.MAX_SAFE_INTEGER < value) break;
      if (byte < 128) return value;
    }
    throw corrupt("a key holds an integer beyond 2^53");
  }

  /** Counts things of at least one byte each. */
  count(): number {
    const count = this.varint();
    if (this.remaining < count) throw corrupt(`${count} values cannot lie in the ${this.remaining} bytes that are left of a key`);
    return count;
  }

  integer(): number {
    const first = this.byte();
    const folded = ((first & 0x7f) >> 1) + (first < 128 ? 0 : this.varint() * 64);
    if (Number.MAX_SAFE_INTEGER < folded) throw corrupt("a key holds an integer beyond 2^53");
    return (first & 1) === 0 ? folded : -folded - 1;
  }

  double(): number {
    return new DataView(bytesOf(this.#take(8)).buffer).getFloat64(0, true);
  }

  string(): string {
    const header = this.varint();
    const text = this.#take(Math.floor(header / 2));
    if (header % 2 === 1) return this.#utf16(text);
    if (isAscii(text)) return text;
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytesOf(text));
    } catch {
      throw corrupt("a string in a key is no UTF-8");
    }
  }

  #utf16(text: string): string {
    if (text.length % 2 !== 0) throw corrupt("a string of UTF-16 in a key has an odd length");
    let value = "";
    for (let index = 0; index < text.length; index += 2) value += String.fromCharCode(text.charCodeAt(index) | (text.charCodeAt(index + 1) << 8));
    return value;
  }

  #take(count: number): string {
    if (this.remaining < count) throw corrupt(`a key lacks ${count - this.remaining} bytes`);
    this.#position += count;
    return this.#text.slice(this.#position - count, this.#position);
  }
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

function textOf(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += CHARACTERS_PER_CALL) text += String.fromCharCode(...bytes.subarray(start, start + CHARACTERS_PER_CALL));
  return text;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
