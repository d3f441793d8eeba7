import {
  checkedLineBytesMax,
  type LineDecoder,
  type OnMalformed,
  type TextFormat,
  type TextFormatOptions,
} from "./text-format.ts";

/** Each line is a record, empty ones too. Malformed are only lines longer than `lineBytesMax`. */
export class TextLineInputFormat implements TextFormat<string> {
  readonly name = "text lines";
  readonly hasHeader = false;
  readonly lineBytesMax: number;
  readonly onMalformed: OnMalformed<string> | undefined;

  constructor(options: TextFormatOptions<string> = {}) {
    this.lineBytesMax = checkedLineBytesMax(options.lineBytesMax);
    this.onMalformed = options.onMalformed;
  }

  createDecoder(): LineDecoder<string> {
    return (line) => line;
  }
}

/** A line and where it stands. */
export interface NumberedLine {
  readonly text: string;
  /** Counted from 1, in its file. */
  readonly lineNumber: number;
}

/** Each line with its number, for jobs that report on lines. */
export class NumberedLineFormat implements TextFormat<NumberedLine> {
  readonly name = "numbered text lines";
  readonly hasHeader = false;
  readonly lineBytesMax: number;
  readonly onMalformed: OnMalformed<NumberedLine> | undefined;

  constructor(options: TextFormatOptions<NumberedLine> = {}) {
    this.lineBytesMax = checkedLineBytesMax(options.lineBytesMax);
    this.onMalformed = options.onMalformed;
  }

  createDecoder(): LineDecoder<NumberedLine> {
    return (text, lineNumber) => ({ text, lineNumber });
  }
}
