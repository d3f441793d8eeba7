import { assert } from "../lib/assert.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** U+FEFF in UTF-8. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;

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
  /** The bytes in which the line at hand lies, at [bytesStart, bytesEnd), without its end; they stay as they are until the next `push`. */
  bytes: Uint8Array = new Uint8Array(0);
  bytesStart = 0;
  bytesEnd = 0;
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
  #text: string | undefined = "";

  constructor(options: TextLinesOptions) {
    assert(0 < options.lineBytesMax, "a line may have a byte at least");
    this.#lineBytesMax = options.lineBytesMax;
    this.#end = options.end ?? everyLineFeed;
    this.#position = options.position ?? 0;
    this.#nextLineNumber = options.lineNumber ?? 1;
    this.linePosition = this.#position;
  }

  /** The line at hand as a string. Whoever reads its bytes saves making one. */
  get line(): string {
    this.#text ??= decoder.decode(this.bytes.subarray(this.bytesStart, this.bytesEnd));
    return this.#text;
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
        this.#take(from, end, 1);
        return true;
      }
      this.#carry(this.#chunk.subarray(from));
      this.#offset = this.#chunk.length;
    }
    if (!this.#ended || this.#carriedBytes + this.#skippedBytes === 0) return false;
    this.#take(this.#offset, this.#offset, 0);
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

  /** The line ends with the bytes of the chunk in [from, to). */
  #take(from: number, to: number, endBytes: number): void {
    const isComplete = this.#skippedBytes === 0;
    const length = this.#carriedBytes + this.#skippedBytes + to - from;
    const isWhole = this.#carriedBytes === 0;
    const bytes = isWhole ? this.#chunk : this.#joined(this.#chunk.subarray(from, to));
    let start = isWhole ? from : 0;
    let end = isWhole ? to : bytes.length;
    if (isComplete && start < end && bytes[end - 1] === CARRIAGE_RETURN) end -= 1;
    this.isCut = !isComplete || this.#lineBytesMax < end - start;
    end = Math.min(end, start + this.#lineBytesMax);
    if (this.#position === 0 && BYTE_ORDER_MARK.every((byte, index) => bytes[start + index] === byte)) start = Math.min(end, start + BYTE_ORDER_MARK.length);
    this.bytes = bytes;
    this.bytesStart = start;
    this.bytesEnd = end;
    this.#text = undefined;
    this.linePosition = this.#position;
    this.lineNumber = this.#nextLineNumber;
    this.#position += length + endBytes;
    this.#nextLineNumber += 1 + (this.#end.lineFeedsInside?.() ?? 0);
    if (isWhole && isComplete) return;
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
