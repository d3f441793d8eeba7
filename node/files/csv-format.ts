import { parse } from "csv-parse/sync";
import type { RecordEnd } from "../../core/connectors/text-lines.ts";
import { setField } from "../../core/data/object-shape.ts";
import { JobError } from "../../core/lib/errors.ts";
import { show } from "../../core/lib/show.ts";
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

/** A row as it stands in the file: every field a string. */
export type CsvRow = Record<string, string>;

/** What `CsvFormat` may be told; everything has a default. */
export type CsvOptions<T> = TextFormatOptions<T> &
  RecordCheck<T, CsvRow> & {
    /** One ASCII character; default `,`. */
    readonly delimiter?: string;
    /** Names of the columns where the file has no header; default: its first line names them. */
    readonly columns?: readonly string[];
  };

/**
 * CSV (RFC 4180) with a header, each row an object by the header's names. Quoted fields may hold delimiters, quotes and line
 * feeds. Empty lines are passed over; a row with too many or too few fields is malformed.
 *
 * Quoting is parsed by csv-parse: it has no dependencies, is strict, and says why a row is malformed. What is left to us is where
 * a row ends, in bytes, because that is the position a restore starts from; rows without any quote need no parser.
 */
export class CsvFormat<T = CsvRow> implements TextFormat<T> {
  readonly name = "CSV";
  readonly hasHeader: boolean;
  readonly lineBytesMax: number;
  readonly onMalformed: OnMalformed<T> | undefined;
  readonly #delimiter: string;
  readonly #columns: readonly string[] | undefined;
  readonly #check: (row: CsvRow) => T;

  /** @throws JobError INVALID_ARGUMENT. */
  constructor(options: CsvOptions<T> = {}) {
    const { columns } = options;
    const delimiter = checkedDelimiter(options.delimiter);
    this.lineBytesMax = checkedLineBytesMax(options.lineBytesMax);
    this.onMalformed = options.onMalformed;
    this.hasHeader = columns === undefined;
    this.#delimiter = delimiter;
    this.#columns = columns === undefined ? undefined : distinct(columns);
    this.#check = checkOf(options);
  }

  createRecordEnd(): RecordEnd {
    return new CsvRecordEnd(this.#delimiter.charCodeAt(0));
  }

  createDecoder(header: string): LineDecoder<T> {
    const columns = this.#columns ?? distinct(fieldsOf(header, this.#delimiter));
    return (line) => {
      if (line === "") return NO_RECORD;
      const fields = fieldsOf(line, this.#delimiter);
      if (fields.length !== columns.length) {
        throw new MalformedLine(`${fields.length} fields where there should be ${columns.length} (${columns.join(", ")})`);
      }
      const row: CsvRow = {};
      for (let i = 0; i < columns.length; i++) setField(row, columns[i]!, fields[i]!);
      return this.#check(row);
    };
  }
}

/** @throws JobError INVALID_ARGUMENT unless it is one ASCII character that can part fields. */
export function checkedDelimiter(delimiter: string = ","): string {
  if (delimiter.length === 1 && delimiter.charCodeAt(0) <= 0x7f && !'"\r\n'.includes(delimiter)) return delimiter;
  throw new JobError(
    "INVALID_ARGUMENT",
    `the delimiter of CSV must be one ASCII character other than a quote, but is ${show(delimiter)}`,
  );
}

/** @throws MalformedLine where a name stands twice. */
export function distinct(columns: readonly string[]): readonly string[] {
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) throw new MalformedLine(`the column ${show(twice)} is named twice`);
  return columns;
}

/** @throws MalformedLine where the quotes are wrong. */
export function fieldsOf(line: string, delimiter: string): readonly string[] {
  if (!line.includes('"')) return line.split(delimiter);
  const fields = quotedFieldsOf(line, delimiter);
  if (fields !== undefined) return fields;
  try {
    const rows: string[][] = parse(line, { delimiter, relax_column_count: true });
    return rows[0] ?? [];
  } catch (cause) {
    throw new MalformedLine((cause as Error).message, { cause });
  }
}

/** The usual quotes: around whole fields, and doubled inside. Undefined where any others are: the parser, which takes long to set up, says what is wrong with them. */
function quotedFieldsOf(line: string, delimiter: string): string[] | undefined {
  const fields: string[] = [];
  for (let start = 0; ; ) {
    let end = line.indexOf(delimiter, start);
    if (line.charCodeAt(start) === QUOTE) {
      let close = line.indexOf('"', start + 1);
      while (0 <= close && line.charCodeAt(close + 1) === QUOTE) close = line.indexOf('"', close + 2);
      if (close < 0) return undefined;
      end = close + 1 === line.length ? -1 : close + 1;
      if (0 <= end && line[end] !== delimiter) return undefined;
      fields.push(line.slice(start + 1, close).replaceAll('""', '"'));
    } else {
      const field = end < 0 ? line.slice(start) : line.slice(start, end);
      if (field.includes('"')) return undefined;
      fields.push(field);
    }
    if (end < 0) return fields;
    start = end + 1;
  }
}

const LINE_FEED = 0x0a;
const QUOTE = 0x22;

/** Finds the line feed that ends a row: one outside of quotes, which open at the start of a field only. */
export class CsvRecordEnd implements RecordEnd {
  readonly #delimiter: number;
  #state: "row" | "field" | "plain" | "quoted" | "quote in quoted" = "row";
  #lineFeeds = 0;
  /** The chunk at hand and where its next quote is, its length where there is none. Nearly all rows end before it. */
  #chunk: Uint8Array | undefined;
  #nextQuote = 0;

  constructor(delimiter: number) {
    this.#delimiter = delimiter;
  }

  lineFeedsInside(): number {
    return this.#lineFeeds;
  }

  find(bytes: Uint8Array, from: number): number {
    if (this.#state !== "row") return this.#findByBytes(bytes, from);
    const end = bytes.indexOf(LINE_FEED, from);
    if (end < 0 || this.#quoteFrom(bytes, from) < end) return this.#findByBytes(bytes, from);
    this.#lineFeeds = 0;
    return end;
  }

  #quoteFrom(bytes: Uint8Array, from: number): number {
    if (bytes === this.#chunk && 0 < from && from <= this.#nextQuote) return this.#nextQuote;
    const found = bytes.indexOf(QUOTE, from);
    this.#chunk = bytes;
    this.#nextQuote = found < 0 ? bytes.length : found;
    return this.#nextQuote;
  }

  #findByBytes(bytes: Uint8Array, from: number): number {
    for (let index = from; index < bytes.length; index += 1) {
      const byte = bytes[index]!;
      if (this.#state === "row") {
        this.#lineFeeds = 0;
        this.#state = "field";
      }
      if (this.#state === "quoted") {
        if (byte === QUOTE) this.#state = "quote in quoted";
        else if (byte === LINE_FEED) this.#lineFeeds += 1;
      } else if (byte === LINE_FEED) {
        this.#state = "row";
        return index;
      } else if (byte === QUOTE && this.#state !== "plain") {
        this.#state = "quoted";
      } else {
        this.#state = byte === this.#delimiter ? "field" : "plain";
      }
    }
    return -1;
  }
}
