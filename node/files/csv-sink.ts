import type { Sink } from "../../core/connectors/sink.ts";
import { JobError } from "../../core/lib/errors.ts";
import { show } from "../../core/lib/show.ts";
import { lineFileSink, type LineEncoder, type LineEncoding, type LineFileState } from "./line-file-sink.ts";

/** How a CSV file is written; everything has a default. */
export interface CsvSinkOptions {
  /** Fields in order; default: those of the first record. */
  readonly columns?: readonly string[];
  /** One character; default `,`. */
  readonly delimiter?: string;
  /** Whether the first line names the columns; default true. */
  readonly header?: boolean;
}

/**
 * Each record as one row of CSV (RFC 4180, lines end in `\n`).
 *
 * Absent fields, null and undefined are empty; dates are ISO 8601; arrays and objects are JSON. A record with a field that is no
 * column fails the job with NOT_SERIALIZABLE.
 */
export function csvEncoding<T extends object>(options: CsvSinkOptions = {}): LineEncoding<T> {
  const { columns, delimiter = ",", header = true } = options;
  if (delimiter.length !== 1 || '"\r\n'.includes(delimiter)) {
    throw new JobError(
      "INVALID_ARGUMENT",
      `the delimiter of CSV must be one character other than a quote, but is ${show(delimiter)}`,
    );
  }
  return { name: "CSV", suffix: ".csv", createEncoder: (known) => new CsvEncoder<T>({ columns, known, delimiter, writesHeader: header }) };
}

/** Writes each record as one row of CSV, as `csvEncoding` makes it. Everything that `jsonLinesFileSink` says of files holds here too. */
export function csvFileSink<T extends object>(path: string | URL, options: CsvSinkOptions = {}): Sink<T, LineFileState> {
  return lineFileSink(csvEncoding(options), path);
}

interface CsvEncoderOptions {
  readonly columns: readonly string[] | undefined;
  /** Columns of the snapshot, as JSON; empty where nothing was written yet. */
  readonly known: string;
  readonly delimiter: string;
  readonly writesHeader: boolean;
}

class CsvEncoder<T extends object> implements LineEncoder<T> {
  readonly #options: CsvEncoderOptions;
  #columns: readonly string[] | undefined;
  #header: string;

  constructor(options: CsvEncoderOptions) {
    this.#options = options;
    this.#header = options.known;
    if (options.known !== "") this.#columns = JSON.parse(options.known) as readonly string[];
  }

  get header(): string {
    return this.#header;
  }

  encode(record: T): readonly string[] {
    if (typeof record !== "object" || record === null) {
      throw new JobError(
        "NOT_SERIALIZABLE",
        `a row of CSV is made of the fields of an object, but the record is ${show(record)}`,
      );
    }
    const { delimiter, writesHeader } = this.#options;
    const isFirst = this.#columns === undefined;
    const columns = (this.#columns ??= this.#options.columns ?? Object.keys(record));
    if (isFirst) this.#header = JSON.stringify(columns);
    const extra = Object.keys(record).find((name) => !columns.includes(name));
    if (extra !== undefined) {
      throw new JobError(
        "NOT_SERIALIZABLE",
        `the record has a field ${show(extra)}, but the columns are ${columns.join(", ")}; name all of them in \`columns\``,
      );
    }
    const fields = record as { readonly [name: string]: unknown };
    // A row of one empty field would be an empty line, which readers pass over.
    const row = columns.map((name) => quoted(textOf(fields[name]), delimiter)).join(delimiter) || '""';
    return isFirst && writesHeader ? [columns.map((name) => quoted(name, delimiter)).join(delimiter), row] : [row];
  }
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function quoted(text: string, delimiter: string): string {
  const isPlain = !text.includes(delimiter) && !/["\r\n]/.test(text);
  return isPlain ? text : `"${text.replaceAll('"', '""')}"`;
}
