import { assert } from "../lib/assert.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = "\uFEFF";

const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });

/** Finds where records end. It sees every byte once, in order. */
export interface RecordEnd {
  /** Index of the line feed that ends the record at hand, or −1 where it goes on in the next chunk. */
  find(bytes: Uint8Array, from: number): number;
  /** Line feeds inside the record that was found last, or that the input ended in. */
  lineFeedsInside?(): number;
}

export interface TextLinesOptions {
  /**
   * A longer line is cut to so many bytes, its end is skipped, and `isCut` is set: what to do with it is for the caller to say.
   */
  readonly lineBytesMax: number;
  /** Where the first byte stands in its file, and the number of its line, counted from 1. */
  readonly position?: number;
  readonly lineNumber?: number;
  /** Default: every line feed ends a record. Formats whose records may hold line feeds bring their own. */
  readonly end?: RecordEnd;
}

/**
 * Splits a stream of bytes into lines, as they come: `push` a chunk, then call `next` until it returns false. `\n` and `\r\n` end
 * a line; the last one needs no end. Text is UTF-8, characters may lie across chunks; what is not UTF-8 becomes U+FFFD. A byte
 * order mark at the start is skipped.
 *
 * Memory is bounded by one chunk and one line.
 */
export class TextLines {
  /** The line at hand, without its end. */
  line = "";
  /** Its number, counted from 1: that of its first line where a record spans several. */
  lineNumber = 0;
  /** Where its first byte stands. */
  linePosition = 0;
  isCut = false;

  readonly #lineBytesMax: number;
  readonly #end: RecordEnd;
  #chunk: Uint8Array = new Uint8Array(0);
  #offset = 0;
  /** The start of a line whose end has not come yet. */
  #carried: Uint8Array[] = [];
  #carriedBytes = 0;
  #skippedBytes = 0;
  #position: number;
  #nextLineNumber: number;
  #ended = false;

  constructor(options: TextLinesOptions) {
    assert(0 < options.lineBytesMax, "a line may have a byte at least");
    this.#lineBytesMax = options.lineBytesMax;
    this.#end = options.end ?? everyLineFeed;
    this.#position = options.position ?? 0;
    this.#nextLineNumber = options.lineNumber ?? 1;
    this.linePosition = this.#position;
  }

  /** Where the line after the one at hand starts: whoever begins there with `nextLineNumber` reads exactly what is left. */
  get position(): number {
    return this.#position;
  }

  get nextLineNumber(): number {
    return this.#nextLineNumber;
  }

  /** The next chunk, which must not change until `next` has returned false. */
  push(chunk: Uint8Array): void {
    assert(this.#offset === this.#chunk.length && !this.#ended, "a chunk is read to its end before the next one comes");
    this.#chunk = chunk;
    this.#offset = 0;
  }

  /** No chunk comes any more: a line without an end is the last one. */
  end(): void {
    this.#ended = true;
  }

  /** Moves to the next line; false where more bytes are needed, or none are left after `end`. */
  next(): boolean {
    const from = this.#offset;
    if (from < this.#chunk.length) {
      const end = this.#end.find(this.#chunk, from);
      if (0 <= end) {
        this.#offset = end + 1;
        this.#take(this.#chunk.subarray(from, end), 1);
        return true;
      }
      this.#carry(this.#chunk.subarray(from));
      this.#offset = this.#chunk.length;
    }
    if (!this.#ended || this.#carriedBytes + this.#skippedBytes === 0) return false;
    this.#take(new Uint8Array(0), 0);
    return true;
  }

  #carry(rest: Uint8Array): void {
    const room = Math.max(0, this.#lineBytesMax + 1 - this.#carriedBytes);
    // One byte more than a line may have is kept, so that a carriage return before the line feed does not count.
    // Copied by the constructor: `slice` of Node's Buffer, a subclass, would share the chunk, which its owner reuses.
    const kept = new Uint8Array(rest.subarray(0, room));
    this.#skippedBytes += rest.length - kept.length;
    if (kept.length === 0) return;
    this.#carried.push(kept);
    this.#carriedBytes += kept.length;
  }

  #take(last: Uint8Array, endBytes: number): void {
    const length = this.#carriedBytes + this.#skippedBytes + last.length;
    const whole = this.#carriedBytes === 0 ? last : this.#joined(last);
    const isComplete = this.#skippedBytes === 0;
    const hasReturn = isComplete && 0 < whole.length && whole[whole.length - 1] === CARRIAGE_RETURN;
    const textBytes = hasReturn ? whole.length - 1 : whole.length;
    this.isCut = !isComplete || this.#lineBytesMax < textBytes;
    const text = decoder.decode(whole.subarray(0, Math.min(textBytes, this.#lineBytesMax)));
    this.line = this.#position === 0 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
    this.linePosition = this.#position;
    this.lineNumber = this.#nextLineNumber;
    this.#position += length + endBytes;
    this.#nextLineNumber += 1 + (this.#end.lineFeedsInside?.() ?? 0);
    this.#carried = [];
    this.#carriedBytes = 0;
    this.#skippedBytes = 0;
  }

  #joined(last: Uint8Array): Uint8Array {
    const whole = new Uint8Array(this.#carriedBytes + last.length);
    let offset = 0;
    for (const part of [...this.#carried, last]) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  }
}

const everyLineFeed: RecordEnd = { find: (bytes, from) => bytes.indexOf(LINE_FEED, from) };
