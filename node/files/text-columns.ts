import type { ReaderOutput } from "../../core/connectors/source.ts";
import { FormatLines, type TextPosition } from "./format-lines.ts";
import { COLUMN_ROWS_MAX, MalformedLine, NO_RECORD, type ColumnTextFormat, type LineColumns, type LineOutcome } from "./text-format.ts";

/** What a restore needs beside the place of the next line. */
interface Learned {
  readonly header: string;
  readonly learned: string;
}

/**
 * Makes column batches of the bytes of one file. The position is that after the last row emitted; rows that were read and not
 * emitted are read again by whoever starts there.
 */
export class TextColumns<T extends object> {
  readonly #lines: FormatLines<T>;
  #columns: LineColumns<T> | undefined;
  #header = "";
  #position: TextPosition;
  #ended = false;
  /** What `add` left to be emitted by itself, after the rows before it. */
  #record: T | undefined;

  constructor(format: ColumnTextFormat<T>, file: string, from: TextPosition) {
    this.#position = from;
    const before = from.header === "" ? undefined : (JSON.parse(from.header) as Learned);
    const begin = (header: string): void => {
      this.#header = before === undefined ? header : before.header;
      this.#columns = format.createColumns(this.#header, before?.learned);
    };
    this.#lines = new FormatLines(format, { file, from, passedUntilLine: 1, begin });
  }

  get position(): TextPosition {
    return this.#position;
  }

  push(chunk: Uint8Array): void {
    this.#lines.lines.push(chunk);
  }

  end(): void {
    this.#lines.lines.end();
    this.#ended = true;
  }

  /** Emits the next batch, or what comes before a record that does not fit, and that record; false where more bytes are needed. */
  next(output: ReaderOutput<T>): boolean {
    while (this.#lines.next()) {
      const outcome = this.#add(this.#columns!);
      if (outcome === "record") {
        this.#emit(output);
        output.collect(this.#record!);
        this.#record = undefined;
        return true;
      }
      if (this.#columns!.rowCount === COLUMN_ROWS_MAX) {
        this.#emit(output);
        return true;
      }
    }
    return false;
  }

  /** Emits the rows there are, rather than let them wait for more bytes. */
  flush(output: ReaderOutput<T>): boolean {
    const columns = this.#columns;
    if (columns === undefined || columns.rowCount === 0 || !(columns.isDecided || this.#ended)) return false;
    this.#emit(output);
    return true;
  }

  #add(columns: LineColumns<T>): LineOutcome {
    const { bytes, bytesStart, bytesEnd, isCut } = this.#lines.lines;
    let instead: T | typeof NO_RECORD;
    if (isCut) {
      instead = this.#lines.refusedAsCut();
    } else {
      try {
        const outcome = columns.add(bytes, bytesStart, bytesEnd);
        if (outcome === "record") this.#record = columns.record;
        return outcome;
      } catch (cause) {
        if (!(cause instanceof MalformedLine)) throw cause;
        instead = this.#lines.refused(cause.message);
      }
    }
    if (instead === NO_RECORD) return "nothing";
    this.#record = instead;
    return "record";
  }

  #emit(output: ReaderOutput<T>): void {
    const columns = this.#columns!;
    const batch = 0 < columns.rowCount ? columns.finish() : undefined;
    const { position, lineNumber } = this.#lines.position;
    this.#position = { position, lineNumber, header: JSON.stringify({ header: this.#header, learned: columns.learned } satisfies Learned) };
    if (batch !== undefined) output.collectColumns(batch);
  }
}
