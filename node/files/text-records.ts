import { TextLines } from "../../core/connectors/text-lines.ts";
import { JobError } from "../../core/lib/errors.ts";
import { show } from "../../core/lib/show.ts";
import { MalformedLine, NO_RECORD, type LineDecoder, type TextFormat } from "./text-format.ts";

/** How far a file or stream has been read: the next line, and the header that was read before it. */
export interface TextPosition {
  /** Byte offset of the next line. */
  readonly position: number;
  /** Number of the next line, counted from 1. */
  readonly lineNumber: number;
  /** First line of a format that has a header; empty before it was read. */
  readonly header: string;
}

export const TEXT_START: TextPosition = { position: 0, lineNumber: 1, header: "" };

/** Makes records of the bytes of one file or stream: lines, then the format, then what is done about malformed ones. */
export class TextRecords<T> {
  readonly #format: TextFormat<T>;
  /** How errors name where the bytes come from. */
  readonly #file: string;
  readonly #lines: TextLines;
  readonly #passedUntilLine: number;
  #header: string;
  #decode: LineDecoder<T> | undefined;
  #record: T | undefined;

  /**
   * `from` is where the bytes that are pushed start. Lines before number `passedUntilLine` are passed over: for streams, which
   * start anew.
   */
  constructor(format: TextFormat<T>, file: string, from: TextPosition, passedUntilLine: number = 1) {
    this.#format = format;
    this.#file = file;
    this.#passedUntilLine = passedUntilLine;
    this.#header = from.header;
    const end = format.createRecordEnd?.();
    this.#lines = new TextLines({
      lineBytesMax: format.lineBytesMax,
      position: from.position,
      lineNumber: from.lineNumber,
      ...(end === undefined ? {} : { end }),
    });
    if (!format.hasHeader || from.header !== "") this.#decode = this.#decoderOf(from.header);
  }

  /** The record that `next` moved to. */
  get record(): T {
    return this.#record as T;
  }

  get position(): TextPosition {
    return { position: this.#lines.position, lineNumber: this.#lines.nextLineNumber, header: this.#header };
  }

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }

  end(): void {
    this.#lines.end();
  }

  /** Moves to the next record; false where more bytes are needed, or none are left. */
  next(): boolean {
    const lines = this.#lines;
    while (lines.next()) {
      if (this.#decode === undefined) {
        this.#readHeader();
        continue;
      }
      if (lines.lineNumber < this.#passedUntilLine) continue;
      const record = this.#recordOf(this.#decode);
      if (record === NO_RECORD) continue;
      this.#record = record;
      return true;
    }
    return false;
  }

  #readHeader(): void {
    if (this.#lines.line.trim() === "") return;
    if (this.#lines.isCut) throw this.#malformed(`the header is longer than ${this.#format.lineBytesMax} bytes`);
    this.#header = this.#lines.line;
    this.#decode = this.#decoderOf(this.#header);
  }

  #decoderOf(header: string): LineDecoder<T> {
    try {
      return this.#format.createDecoder(header);
    } catch (cause) {
      throw cause instanceof MalformedLine ? this.#malformed(cause.message) : cause;
    }
  }

  #recordOf(decode: LineDecoder<T>): T | typeof NO_RECORD {
    const { line, lineNumber, isCut } = this.#lines;
    if (isCut) return this.#refused(`longer than ${this.#format.lineBytesMax} bytes; raise lineBytesMax if that is right`);
    try {
      return decode(line, lineNumber);
    } catch (cause) {
      if (cause instanceof MalformedLine) return this.#refused(cause.message);
      throw cause;
    }
  }

  #refused(reason: string): T | typeof NO_RECORD {
    const { onMalformed } = this.#format;
    if (onMalformed === undefined) throw this.#malformed(reason);
    return onMalformed(this.#lines.line, this.#lines.lineNumber, reason, this.#file) ?? NO_RECORD;
  }

  #malformed(reason: string): JobError {
    const { line, lineNumber } = this.#lines;
    const remedy = "correct the line, or give the format an onMalformed callback";
    return new JobError("MALFORMED_RECORD", `${this.#file}, line ${lineNumber}: ${reason}; ${remedy}`, { record: show(line) });
  }
}
