import type { RecordEnd } from "../../core/connectors/text-lines.ts";
import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../../core/data/column-batch.ts";
import { SHAPE_FIELDS_MAX } from "../../core/data/dynamic-format.ts";
import { assert, InvariantViolation } from "../../core/lib/assert.ts";
import { JobError } from "../../core/lib/errors.ts";
import { nearestName } from "../../core/lib/nearest-name.ts";
import { requireOptionNames } from "../../core/lib/option-names.ts";
import { show } from "../../core/lib/show.ts";
import { noTimestamps } from "../../core/connectors/batch-rows.ts";
import { CsvRecordEnd, checkedDelimiter, distinct, fieldsOf } from "./csv-format.ts";
import { type FieldKind, type FieldKindOf, heldAs, LineColumn, type LineColumnKind } from "./line-column.ts";
import { numberIn } from "./number-text.ts";
import { timestampIn } from "./timestamp-text.ts";
import {
  checkedLineBytesMax,
  COLUMN_ROWS_MAX,
  type ColumnTextFormat,
  type LineColumns,
  type LineOutcome,
  MalformedLine,
  MisfitHeader,
  type OnMalformed,
  requireByName,
  type TextFormatOptions,
} from "./text-format.ts";

/** A row of CSV whose fields have types: null where a field that is no string is empty. */
export type CsvValues = Record<string, string | number | boolean | null>;

/** What `csvColumns` may be told; everything has a default. */
export interface CsvColumnsOptions<T extends object> extends TextFormatOptions<NoInfer<T>> {
  /** One ASCII character; default `,`. */
  readonly delimiter?: string;
  /** Names of the columns where the file has no header; default: its first line names them. */
  readonly columns?: readonly string[];
  /**
   * What the columns hold, of those whose kind you want to be sure of. A value of another kind is malformed. `timestamp` is a time in
   * ISO 8601, and becomes ms since the epoch. A column that is not named here takes its kind from the first 128 rows of its file, or
   * from its first value where they have none; a value that does not fit it later stays as it is written, and no record is lost.
   */
  readonly types?: { readonly [P in keyof NoInfer<T> & string]?: FieldKindOf<T[P]> };
  /** The columns to read, in this order; default: all of them. */
  readonly select?: readonly (keyof NoInfer<T> & string)[];
}

const OPTIONS = ["delimiter", "columns", "types", "select", "lineBytesMax", "onMalformed"];

/** So many rows decide what the columns hold. */
const DECIDING_ROWS = 128;
const QUOTE = 0x22;
const encoder = /* @__PURE__ */ new TextEncoder();
const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * CSV (RFC 4180) straight into columns, without an object or a string for each row. Numbers are written as in JSON, so that `007`
 * stays a string; booleans are `true` and `false`; in a column of either an empty field is null, as it is in a column whose first 128
 * fields are all empty. Everything else is as in `CsvFormat`.
 *
 * @example
 * ```ts
 * const source = FileSource.forFormat(csvColumns<Flight>({ types: { delay: "number" } }), "flights.csv").build();
 * ```
 */
export function csvColumns<T extends object = CsvValues>(options: CsvColumnsOptions<T> = {}): ColumnTextFormat<T> {
  return new CsvColumnFormat(options);
}

/** The columns as the file has them, whatever its rows mean. */
interface CsvColumnChoice {
  readonly columns?: readonly string[];
  readonly types?: { readonly [name: string]: FieldKind };
  readonly select?: readonly string[];
}

class CsvColumnFormat<T extends object> implements ColumnTextFormat<T> {
  readonly name = "CSV in columns";
  readonly hasHeader: boolean;
  readonly lineBytesMax: number;
  readonly onMalformed: OnMalformed<T> | undefined;
  /** Not known where a function makes records of lines: they may have other fields. */
  readonly columnNames: readonly string[] | undefined;
  readonly #delimiter: string;
  readonly #options: CsvColumnChoice;

  /** @throws JobError INVALID_ARGUMENT, UNKNOWN_OPTION. */
  constructor(options: CsvColumnsOptions<T>) {
    requireOptionNames("csvColumns", options, OPTIONS);
    requireByName("csvColumns", "types", options.types);
    const { columns, types = {}, select } = options as CsvColumnChoice;
    this.#delimiter = checkedDelimiter(options.delimiter);
    this.lineBytesMax = checkedLineBytesMax(options.lineBytesMax);
    this.onMalformed = options.onMalformed;
    this.hasHeader = columns === undefined;
    this.#options = options as CsvColumnChoice;
    this.columnNames = options.onMalformed === undefined ? (select ?? columns) : undefined;
    const wrong = Object.entries<string>(types).find(([, kind]) => !["number", "string", "boolean", "timestamp"].includes(kind));
    if (wrong !== undefined) {
      throw new JobError("INVALID_ARGUMENT", `a column of CSV holds numbers, strings, booleans or timestamps, but the type of ${show(wrong[0])} is ${show(wrong[1])}`);
    }
    const twice = select?.find((name, index) => select.indexOf(name) !== index);
    if (twice !== undefined) throw new JobError("INVALID_ARGUMENT", `the column ${show(twice)} is selected twice`);
    const missing = columns && this.#missingFrom(columns);
    if (missing !== undefined) throw new JobError("INVALID_ARGUMENT", missing);
  }

  createRecordEnd(): RecordEnd {
    return new CsvRecordEnd(this.#delimiter.charCodeAt(0));
  }

  createColumns(header: string, learned: string | undefined): LineColumns<T> {
    const names = distinct(this.#options.columns ?? fieldsOf(header, this.#delimiter));
    const missing = this.#missingFrom(names);
    if (missing !== undefined) throw new MisfitHeader(missing);
    const { types = {}, select = names } = this.#options;
    if (SHAPE_FIELDS_MAX < select.length) {
      throw new MalformedLine(`${select.length} columns are more than the ${SHAPE_FIELDS_MAX} of records in columns; choose some with \`select\``);
    }
    const bases = learned === undefined ? undefined : (JSON.parse(learned) as readonly (CsvKind | null)[]);
    const fields = select.map((name, index) => {
      // Objects have a `constructor` and more that nobody has declared.
      const declared = Object.hasOwn(types, name) ? types[name] : undefined;
      return { name, declared, base: declared ?? bases?.[index] ?? undefined };
    });
    return new CsvColumns({ delimiter: this.#delimiter, names, fields });
  }

  /** What to say where a column that is asked for is not among these; else undefined. */
  #missingFrom(names: readonly string[]): string | undefined {
    const { types = {}, select = [] } = this.#options;
    const missing = [...Object.keys(types), ...select].find((name) => !names.includes(name));
    if (missing === undefined) return undefined;
    const nearest = nearestName(missing, names);
    return `the CSV has no column ${show(missing)}; it has ${names.join(", ")}${nearest === undefined ? "" : `. Did you mean ${show(nearest)}?`}`;
  }
}

/**
 * How the values of a column are read. `undecided`: the first rows had none, and the first value will say; a column whose values turn out
 * to be strings then is `string or null`, since an empty field meant null in the rows before, and so it does after them.
 */
type CsvKind = FieldKind | "undecided" | "string or null";

interface CsvFieldSpec {
  readonly name: string;
  readonly declared: FieldKind | undefined;
  /** What the column holds where that is known already. */
  readonly base: CsvKind | undefined;
}

interface CsvColumnsParts {
  readonly delimiter: string;
  /** Of the file. */
  readonly names: readonly string[];
  readonly fields: readonly CsvFieldSpec[];
}

/** One column that is read. */
interface CsvField {
  readonly name: string;
  readonly declared: boolean;
  /** As its values are read; undefined until the first rows have been seen. */
  base: CsvKind | undefined;
  column: LineColumn | undefined;
  /** The values of the first rows, until they decide. */
  readonly texts: string[];
}

class CsvColumns implements LineColumns<never> {
  rowCount = 0;
  isDecided: boolean;
  readonly #delimiterText: string;
  readonly #delimiter: number;
  readonly #names: readonly string[];
  readonly #fields: readonly CsvField[];
  /** By column of the file; undefined where it is not read. */
  readonly #fieldAt: readonly (CsvField | undefined)[];
  readonly #layout: BatchLayout;

  constructor({ delimiter, names, fields }: CsvColumnsParts) {
    this.#delimiterText = delimiter;
    this.#delimiter = delimiter.charCodeAt(0);
    this.#names = names;
    this.#fields = fields.map(({ name, declared, base }) => {
      const column = base === undefined ? undefined : new LineColumn(name, columnKind(base), COLUMN_ROWS_MAX);
      return { name, declared: declared !== undefined, base, column, texts: [] };
    });
    this.#fieldAt = names.map((name) => this.#fields.find((field) => field.name === name));
    this.#layout = new BatchLayout(fields.map(({ name }) => name));
    this.isDecided = this.#fields.every(({ base }) => base !== undefined);
  }

  get learned(): string {
    return JSON.stringify(this.#fields.map(({ base }) => base));
  }

  get record(): never {
    throw new InvariantViolation("every row of CSV fits its columns");
  }

  add(bytes: Uint8Array, start: number, end: number): LineOutcome {
    if (start === end) return "nothing";
    if (!this.#addPlain(bytes, start, end)) this.#addQuoted(decoder.decode(bytes.subarray(start, end)));
    this.rowCount += 1;
    if (!this.isDecided && this.rowCount === DECIDING_ROWS) this.#decide();
    return "row";
  }

  finish(): ColumnBatch {
    if (!this.isDecided) this.#decide();
    const { rowCount } = this;
    const columns = this.#fields.map(({ column }) => {
      assert(column !== undefined, "what the columns hold is decided before they are given out");
      return column.finish(rowCount);
    });
    this.rowCount = 0;
    return new ColumnBatch({
      layout: this.#layout,
      rowCount,
      columns,
      timestamps: noTimestamps(rowCount),
      watermarks: NO_WATERMARKS,
      selection: undefined,
    });
  }

  /** False where quotes are not just around fields, or where the first value of a column comes; what has been set until then is set again. */
  #addPlain(bytes: Uint8Array, start: number, end: number): boolean {
    const delimiter = this.#delimiter;
    const fieldAt = this.#fieldAt;
    const count = fieldAt.length;
    let index = 0;
    let from = start;
    for (let at = start; at <= end; at += 1) {
      let to = at;
      if (at < end) {
        const byte = bytes[at];
        if (byte === QUOTE) {
          to = at === from ? closingQuote(bytes, at + 1, end, delimiter) : -1;
          if (to < 0) return false;
          from += 1;
          at = to + 1;
        } else if (byte !== delimiter) continue;
      }
      const field = index < count ? fieldAt[index] : undefined;
      if (field !== undefined) {
        if (field.base === "undecided" && from < to) return false;
        this.#set(field, bytes, from, to);
      }
      from = at + 1;
      index += 1;
    }
    if (index !== count) throw this.#wrongCount(index);
    return true;
  }

  #addQuoted(line: string): void {
    const texts = fieldsOf(line, this.#delimiterText);
    if (texts.length !== this.#names.length) throw this.#wrongCount(texts.length);
    const first: { readonly field: CsvField; readonly value: Uint8Array }[] = [];
    for (let index = 0; index < texts.length; index += 1) {
      const field = this.#fieldAt[index];
      if (field === undefined) continue;
      const value = encoder.encode(texts[index]);
      if (field.base === "undecided" && 0 < value.length) first.push({ field, value });
      else this.#set(field, value, 0, value.length);
    }
    // A row that is refused for another field decides nothing.
    for (const { field, value } of first) {
      const kind = kindOf([value]);
      field.base = kind === "string" ? "string or null" : kind;
      this.#set(field, value, 0, value.length);
    }
  }

  #wrongCount(count: number): MalformedLine {
    return new MalformedLine(`${count} fields where there should be ${this.#names.length} (${this.#names.join(", ")})`);
  }

  #set(field: CsvField, bytes: Uint8Array, start: number, end: number): void {
    const { column, base } = field;
    const row = this.rowCount;
    if (column === undefined) {
      field.texts[row] = decoder.decode(bytes.subarray(start, end));
    } else if (base === "string") {
      column.setText(row, bytes, start, end);
    } else if (start === end) {
      column.setNull(row);
    } else if (base === "number") {
      const value = numberIn(bytes, start, end);
      if (value === value && (field.declared || isExact(bytes, start, end, value))) column.setNumber(row, value);
      else this.#setMisfit(field, column, bytes, start, end);
    } else if (base === "string or null") {
      column.setText(row, bytes, start, end);
    } else if (base === "timestamp") {
      const value = timestampIn(bytes, start, end);
      if (value === value) column.setNumber(row, value);
      else this.#setMisfit(field, column, bytes, start, end);
    } else {
      const value = booleanIn(bytes, start, end);
      if (value !== undefined) column.setBoolean(row, value);
      else this.#setMisfit(field, column, bytes, start, end);
    }
  }

  #setMisfit(field: CsvField, column: LineColumn, bytes: Uint8Array, start: number, end: number): void {
    if (!field.declared) return column.setText(this.rowCount, bytes, start, end);
    const text = decoder.decode(bytes.subarray(start, end));
    throw new MalformedLine(`the column ${show(field.name)} must hold ${field.base}s${field.base === "timestamp" ? " in ISO 8601" : ""}, but here it holds ${show(text)}`);
  }

  /** The first rows have come, or there are no more: the kind that fits all values of a column is its kind from now on. */
  #decide(): void {
    for (const field of this.#fields) {
      if (field.column !== undefined) continue;
      const values = field.texts.slice(0, this.rowCount).map((text) => encoder.encode(text));
      const present = values.filter(({ length }) => 0 < length);
      field.base = present.length === 0 ? "undecided" : kindOf(present);
      field.column = new LineColumn(field.name, columnKind(field.base), COLUMN_ROWS_MAX);
      field.texts.length = 0;
      this.#setAll(field, values);
    }
    this.isDecided = true;
  }

  #setAll(field: CsvField, values: readonly Uint8Array[]): void {
    const { rowCount } = this;
    for (this.rowCount = 0; this.rowCount < rowCount; this.rowCount += 1) {
      const value = values[this.rowCount]!;
      this.#set(field, value, 0, value.length);
    }
  }
}

function columnKind(kind: CsvKind): LineColumnKind {
  return kind === "string or null" ? "string" : heldAs(kind);
}

/** The kind that fits all of these values. */
function kindOf(values: readonly Uint8Array[]): "number" | "boolean" | "string" {
  if (values.every(isGuessedNumber)) return "number";
  return values.every((value) => booleanIn(value, 0, value.length) !== undefined) ? "boolean" : "string";
}

function isGuessedNumber(text: Uint8Array): boolean {
  const value = numberIn(text, 0, text.length);
  return value === value && isExact(text, 0, text.length, value);
}

/** An integer that a double does not hold is a name, and two of them must not become one. Fractions are rounded as everywhere. */
function isExact(bytes: Uint8Array, start: number, end: number, value: number): boolean {
  if (Number.isSafeInteger(value) || !Number.isInteger(value)) return true;
  for (let at = start; at < end; at += 1) if (bytes[at] !== 0x2d && (bytes[at]! < 0x30 || 0x39 < bytes[at]!)) return true;
  return false;
}

const TRUE = [0x74, 0x72, 0x75, 0x65] as const;
const FALSE = [0x66, 0x61, 0x6c, 0x73, 0x65] as const;

function booleanIn(bytes: Uint8Array, start: number, end: number): boolean | undefined {
  if (isText(bytes, start, end, TRUE)) return true;
  return isText(bytes, start, end, FALSE) ? false : undefined;
}

function isText(bytes: Uint8Array, start: number, end: number, text: readonly number[]): boolean {
  if (end - start !== text.length) return false;
  for (let offset = 0; offset < text.length; offset += 1) if (bytes[start + offset] !== text[offset]) return false;
  return true;
}

/** Where the quote is that ends a field which began with one; −1 where other quotes are inside, or something behind it. */
function closingQuote(bytes: Uint8Array, from: number, end: number, delimiter: number): number {
  const close = bytes.indexOf(QUOTE, from);
  return 0 <= close && close < end && (close + 1 === end || bytes[close + 1] === delimiter) ? close : -1;
}
