import { TextLines } from "../../core/connectors/text-lines.ts";
import { JobError } from "../../core/lib/errors.ts";
import { show } from "../../core/lib/show.ts";
import { MalformedLine, MisfitHeader, NO_RECORD, type LineFormat } from "./text-format.ts";

/** How far a file or stream has been read: the next line, and what was learned from those before it. */
export interface TextPosition {
  /** Byte offset of the next line. */
  readonly position: number;
  /** Number of the next line, counted from 1. */
  readonly lineNumber: number;
  /** First line of a format that has a header, with what else a format of columns keeps; empty before it was read. */
  readonly header: string;
}

export const TEXT_START: TextPosition = { position: 0, lineNumber: 1, header: "" };

export interface FormatLinesOptions {
  /** How errors name where the bytes come from. */
  readonly file: string;
  /** Where the bytes that are pushed start. */
  readonly from: TextPosition;
  /** Lines before this number are passed over: for streams, which start anew. */
  readonly passedUntilLine: number;
  /** Called with the header when it has been read; "" where the format has none. */
  readonly begin: (header: string) => void;
}

/** The lines of one file or stream that are records: the header is taken off, and what is malformed is dealt with in one way. */
export class FormatLines<T> {
  /** The line at hand. */
  readonly lines: TextLines;
  readonly #format: LineFormat<T>;
  readonly #options: FormatLinesOptions;
  #header: string;
  #hasBegun = false;

  constructor(format: LineFormat<T>, options: FormatLinesOptions) {
    const { from } = options;
    this.#format = format;
    this.#options = options;
    this.#header = from.header;
    const end = format.createRecordEnd?.();
    this.lines = new TextLines({
      lineBytesMax: format.lineBytesMax,
      position: from.position,
      lineNumber: from.lineNumber,
      ...(end === undefined ? {} : { end }),
    });
    if (!format.hasHeader || from.header !== "") this.#begin(from.header);
  }

  get position(): TextPosition {
    return { position: this.lines.position, lineNumber: this.lines.nextLineNumber, header: this.#header };
  }

  /** Moves to the next line that is a record; false where more bytes are needed, or none are left. */
  next(): boolean {
    const lines = this.lines;
    while (lines.next()) {
      if (!this.#hasBegun) this.#readHeader();
      else if (this.#options.passedUntilLine <= lines.lineNumber) return true;
    }
    return false;
  }

  /** What to go on with where the line at hand is malformed. @throws JobError MALFORMED_RECORD unless the format has a callback. */
  refused(reason: string): T | typeof NO_RECORD {
    const { onMalformed } = this.#format;
    if (onMalformed === undefined) throw this.#malformed(reason);
    return onMalformed(this.lines.line, this.lines.lineNumber, reason, this.#options.file) ?? NO_RECORD;
  }

  /** The same where the line is longer than it may be. */
  refusedAsCut(): T | typeof NO_RECORD {
    return this.refused(`longer than ${this.#format.lineBytesMax} bytes; raise lineBytesMax if that is right`);
  }

  #readHeader(): void {
    if (this.lines.line.trim() === "") return;
    if (this.lines.isCut) throw this.#malformed(`the header is longer than ${this.#format.lineBytesMax} bytes`);
    this.#header = this.lines.line;
    this.#begin(this.#header);
  }

  #begin(header: string): void {
    try {
      this.#options.begin(header);
    } catch (cause) {
      if (cause instanceof MisfitHeader) throw new JobError("INVALID_ARGUMENT", `${this.#options.file}: ${cause.message}`, { cause });
      throw cause instanceof MalformedLine ? this.#malformed(cause.message) : cause;
    }
    this.#hasBegun = true;
  }

  #malformed(reason: string): JobError {
    const { line, lineNumber } = this.lines;
    const remedy = "correct the line, or give the format an onMalformed callback";
    return new JobError("MALFORMED_RECORD", `${this.#options.file}, line ${lineNumber}: ${reason}; ${remedy}`, { record: show(line) });
  }
}
