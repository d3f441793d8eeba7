import {
  checkedLineBytesMax,
  checkOf,
  MalformedLine,
  NO_RECORD,
  type LineDecoder,
  type OnMalformed,
  type RecordCheck,
  type TextFormat,
  type TextFormatOptions,
} from "./text-format.ts";

/** What `JsonLinesFormat` may be told; everything has a default. */
export type JsonLinesOptions<T> = TextFormatOptions<T> & RecordCheck<T, unknown>;

/** One JSON value a line; empty lines are passed over. */
export class JsonLinesFormat<T = unknown> implements TextFormat<T> {
  readonly name = "JSON lines";
  readonly hasHeader = false;
  readonly lineBytesMax: number;
  readonly onMalformed: OnMalformed<T> | undefined;
  readonly #check: (value: unknown) => T;

  constructor(options: JsonLinesOptions<T> = {}) {
    this.lineBytesMax = checkedLineBytesMax(options.lineBytesMax);
    this.onMalformed = options.onMalformed;
    this.#check = checkOf(options);
  }

  createDecoder(): LineDecoder<T> {
    return (line) => (line.trim() === "" ? NO_RECORD : this.#check(parsed(line)));
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new MalformedLine(`not JSON: ${(cause as Error).message}`, { cause });
  }
}
