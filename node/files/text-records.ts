import type { ReaderOutput } from "../../core/connectors/source.ts";
import { FormatLines, type TextPosition } from "./format-lines.ts";
import { MalformedLine, NO_RECORD, type LineDecoder, type TextFormat } from "./text-format.ts";

/** Makes records of the bytes of one file or stream: lines, then the format, then what is done about malformed ones. */
export class TextRecords<T> {
  readonly #lines: FormatLines<T>;
  #decode: LineDecoder<T> | undefined;

  /**
   * `from` is where the bytes that are pushed start. Lines before number `passedUntilLine` are passed over: for streams, which
   * start anew.
   */
  constructor(format: TextFormat<T>, file: string, from: TextPosition, passedUntilLine: number = 1) {
    const begin = (header: string): void => {
      this.#decode = format.createDecoder(header);
    };
    this.#lines = new FormatLines(format, { file, from, passedUntilLine, begin });
  }

  get position(): TextPosition {
    return this.#lines.position;
  }

  push(chunk: Uint8Array): void {
    this.#lines.lines.push(chunk);
  }

  end(): void {
    this.#lines.lines.end();
  }

  /** Emits the next record; false where more bytes are needed, or none are left. */
  next(output: ReaderOutput<T>): boolean {
    while (this.#lines.next()) {
      const record = this.#recordOf();
      if (record === NO_RECORD) continue;
      output.collect(record);
      return true;
    }
    return false;
  }

  /** Records wait for nothing. */
  flush(): boolean {
    return false;
  }

  #recordOf(): T | typeof NO_RECORD {
    const { line, lineNumber, isCut } = this.#lines.lines;
    if (isCut) return this.#lines.refusedAsCut();
    try {
      return this.#decode!(line, lineNumber);
    } catch (cause) {
      if (cause instanceof MalformedLine) return this.#lines.refused(cause.message);
      throw cause;
    }
  }
}
