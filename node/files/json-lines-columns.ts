import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../../core/data/column-batch.ts";
import { SHAPE_FIELDS_MAX } from "../../core/data/dynamic-format.ts";
import { JobError } from "../../core/lib/errors.ts";
import { requireOptionNames } from "../../core/lib/option-names.ts";
import { show } from "../../core/lib/show.ts";
import { noTimestamps } from "../../core/connectors/batch-rows.ts";
import { type FieldKind, type FieldKindOf, heldAs, LineColumn } from "./line-column.ts";
import { numberIn } from "./number-text.ts";
import { timestampIn } from "./timestamp-text.ts";
import {
  checkedLineBytesMax,
  COLUMN_ROWS_MAX,
  type ColumnTextFormat,
  type LineColumns,
  type LineOutcome,
  MalformedLine,
  requireByName,
  type TextFormatOptions,
} from "./text-format.ts";

/** What `jsonLinesColumns` may be told; everything has a default. */
export interface JsonLinesColumnsOptions<T extends object> extends TextFormatOptions<NoInfer<T>> {
  /**
   * The fields to read and what they hold: each field of T, or where T says nothing, the ones you want. `timestamp` is a time as text in
   * ISO 8601, and becomes ms since the epoch. Other fields are passed over; one that is missing is null; a value of another kind is
   * malformed. Default: the fields of the first line, with whatever they hold. A line with other fields than the one before goes on
   * as a record by itself, and so do lines after it for a while; then columns are tried again.
   */
  readonly fields?: { readonly [P in keyof NoInfer<T> & string]: FieldKindOf<T[P]> | "any" };
}

const OPTIONS = ["fields", "lineBytesMax", "onMalformed"];

/** After the fields have changed, this many lines go by rows before columns are tried again; twice as many after the next change. */
const ROWS_AFTER_CHANGE_MIN = 16;
const ROWS_AFTER_CHANGE_MAX = 65_536;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const SPACE = 0x20;
const TRUE = [0x74, 0x72, 0x75, 0x65] as const;
const FALSE = [0x66, 0x61, 0x6c, 0x73, 0x65] as const;
const NULL = [0x6e, 0x75, 0x6c, 0x6c] as const;

const encoder = /* @__PURE__ */ new TextEncoder();
const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * One flat JSON object a line, straight into columns, without an object for each row. Lines that are written like the one before
 * (the same fields in the same order, strings without escapes, nothing nested) are scanned; all others are parsed as JSON. Empty
 * lines are passed over.
 *
 * @example
 * ```ts
 * const source = FileSource.forFormat(jsonLinesColumns<Reading>({ fields: { room: "string", celsius: "number" } }), "readings.jsonl").build();
 * ```
 */
export function jsonLinesColumns<T extends object = Record<string, unknown>>(options: JsonLinesColumnsOptions<T> = {}): ColumnTextFormat<T> {
  requireOptionNames("jsonLinesColumns", options, OPTIONS);
  const { onMalformed } = options;
  const fields: DeclaredFields | undefined = options.fields;
  requireByName("jsonLinesColumns", "fields", fields);
  for (const [name, kind] of Object.entries<string>(fields ?? {})) {
    if (["number", "string", "boolean", "timestamp", "any"].includes(kind)) continue;
    throw new JobError("INVALID_ARGUMENT", `a field of JSON lines is a number, string, boolean, timestamp or any, but ${show(name)} is ${show(kind)}`);
  }
  const count = Object.keys(fields ?? {}).length;
  if (fields !== undefined && (count === 0 || SHAPE_FIELDS_MAX < count)) {
    throw new JobError("INVALID_ARGUMENT", `records in columns have from 1 to ${SHAPE_FIELDS_MAX} fields, but ${count} are named`);
  }
  return {
    name: "JSON lines in columns",
    hasHeader: false,
    lineBytesMax: checkedLineBytesMax(options.lineBytesMax),
    onMalformed,
    // A function that makes records of lines may give them other fields.
    columnNames: fields === undefined || onMalformed !== undefined ? undefined : Object.keys(fields),
    createColumns: () => new JsonColumns<T>(fields),
  };
}

interface DeclaredFields {
  readonly [name: string]: FieldKind | "any";
}

/** One field as the lines write it. */
interface WrittenField {
  /** Its name in quotes. */
  readonly key: Uint8Array;
  /** Undefined where it is passed over. */
  readonly column: LineColumn | undefined;
}

class JsonColumns<T extends object> implements LineColumns<T> {
  readonly isDecided = true;
  /** The fields are learned anew from any line. */
  readonly learned = "";
  rowCount = 0;
  readonly #declared: DeclaredFields | undefined;
  #layout: BatchLayout | undefined;
  #columns: readonly LineColumn[] = [];
  /** In the order of the lines. */
  #written: readonly WrittenField[] = [];
  /** The declared fields that lines so written do not have. */
  #missing: readonly LineColumn[] = [];
  #record: Record<string, unknown> | undefined;
  /** Lines that still go by rows. */
  #rowsLeft = 0;
  #rowsAfterChange = ROWS_AFTER_CHANGE_MIN;
  /** Set by a change until the rows before it have been finished: the layout is theirs. */
  #changed = false;

  constructor(declared: DeclaredFields | undefined) {
    this.#declared = declared;
    if (declared !== undefined) this.#setLayout(Object.keys(declared));
  }

  get record(): T {
    return this.#record as T;
  }

  add(bytes: Uint8Array, start: number, end: number): LineOutcome {
    if (this.#rowsLeft === 0 && this.#scan(bytes, start, end)) {
      this.rowCount += 1;
      return "row";
    }
    const text = decoder.decode(bytes.subarray(start, end));
    return text.trim() === "" ? "nothing" : this.#addParsed(recordIn(text));
  }

  finish(): ColumnBatch {
    const { rowCount } = this;
    const columns = this.#columns.map((column) => column.finish(rowCount));
    const layout = this.#layout!;
    this.rowCount = 0;
    if (this.#changed) this.#forgetLayout();
    else if (rowCount === COLUMN_ROWS_MAX) this.#rowsAfterChange = ROWS_AFTER_CHANGE_MIN;
    return new ColumnBatch({ layout, rowCount, columns, timestamps: noTimestamps(rowCount), watermarks: NO_WATERMARKS, selection: undefined });
  }

  #addParsed(record: Record<string, unknown>): LineOutcome {
    if (this.#declared !== undefined) {
      this.#setWritten(Object.keys(record));
      // Objects have a `constructor` and more that the line does not name.
      for (const column of this.#columns) this.#setDeclared(column, Object.hasOwn(record, column.name) ? record[column.name] : undefined);
    } else if (!this.#fits(record)) {
      this.#record = record;
      return "record";
    } else {
      for (const column of this.#columns) column.setValue(this.rowCount, record[column.name]);
    }
    this.rowCount += 1;
    return "row";
  }

  #setDeclared(column: LineColumn, value: unknown): void {
    const kind = this.#declared![column.name]!;
    const bytes = kind === "timestamp" && typeof value === "string" ? encoder.encode(value) : undefined;
    if (value === undefined) column.setNull(this.rowCount);
    else if (value === null || kind === "any" || typeof value === kind) column.setValue(this.rowCount, value);
    else if (bytes === undefined || !this.#setTimestamp(column, bytes, 0, bytes.length)) throw misfit(column.name, kind, value);
  }

  /** Whether the record has the fields of the columns; without any columns it says what they are. */
  #fits(record: Record<string, unknown>): boolean {
    if (0 < this.#rowsLeft) {
      this.#rowsLeft -= 1;
      return false;
    }
    const names = Object.keys(record);
    if (this.#layout === undefined) {
      if (SHAPE_FIELDS_MAX < names.length) return this.#change();
      this.#setLayout(names);
      this.#setWritten(names);
      return true;
    }
    return this.#layout.hasNames(names) || this.#change();
  }

  #change(): false {
    this.#rowsLeft = this.#rowsAfterChange - 1;
    this.#rowsAfterChange = Math.min(2 * this.#rowsAfterChange, ROWS_AFTER_CHANGE_MAX);
    if (this.rowCount === 0) this.#forgetLayout();
    else this.#changed = true;
    return false;
  }

  #setLayout(names: readonly string[]): void {
    this.#layout = new BatchLayout(names);
    this.#columns = names.map((name) => new LineColumn(name, heldAs(this.#declared?.[name] ?? "undecided"), COLUMN_ROWS_MAX));
  }

  #forgetLayout(): void {
    this.#layout = undefined;
    this.#columns = [];
    this.#written = [];
    this.#missing = [];
    this.#changed = false;
  }

  /** A line may have as many fields as are declared and still lack some: what counts is which columns its fields fill. */
  #setWritten(names: readonly string[]): void {
    const columns = this.#columns;
    this.#written = names.map((name) => ({ key: encoder.encode(JSON.stringify(name)), column: columns.find((column) => column.name === name) }));
    this.#missing = columns.filter((column) => !this.#written.some((field) => field.column === column));
  }

  /** Whether the line is written like the ones before. Where it is not, its row is set again by whoever parses it. */
  #scan(bytes: Uint8Array, start: number, end: number): boolean {
    const written = this.#written;
    let at = spaceEnd(bytes, start);
    if (written.length === 0 || bytes[at] !== OPEN) return false;
    at += 1;
    for (let index = 0; index < written.length; index += 1) {
      const { key, column } = written[index]!;
      at = spaceEnd(bytes, at);
      for (let offset = 0; offset < key.length; offset += 1) if (bytes[at + offset] !== key[offset]) return false;
      at = spaceEnd(bytes, at + key.length);
      if (bytes[at] !== COLON) return false;
      at = this.#scanValue(column, bytes, spaceEnd(bytes, at + 1), end);
      if (at < 0) return false;
      at = spaceEnd(bytes, at);
      if (bytes[at] !== (index + 1 < written.length ? COMMA : CLOSE)) return false;
      at += 1;
    }
    // What lies beyond the end is another line, or old.
    while (at < end && isSpace(bytes[at]!)) at += 1;
    if (at !== end) return false;
    for (const column of this.#missing) column.setNull(this.rowCount);
    return true;
  }

  /** Where the value ends; −1 where it is none that is scanned, or does not fit. */
  #scanValue(column: LineColumn | undefined, bytes: Uint8Array, start: number, lineEnd: number): number {
    const first = bytes[start]!;
    if (first === QUOTE) return this.#scanText(column, bytes, start + 1, lineEnd);
    if (first === 0x2d || (0x30 <= first && first <= 0x39)) return this.#scanNumber(column, bytes, start, lineEnd);
    if (first === NULL[0] && isLiteral(bytes, start, NULL)) {
      column?.setNull(this.rowCount);
      return start + NULL.length;
    }
    const isTrue = isLiteral(bytes, start, TRUE);
    if (!isTrue && !isLiteral(bytes, start, FALSE)) return -1;
    if (column !== undefined) {
      if (!this.#allows(column, "boolean")) return -1;
      column.setBoolean(this.rowCount, isTrue);
    }
    return start + (isTrue ? TRUE : FALSE).length;
  }

  #scanText(column: LineColumn | undefined, bytes: Uint8Array, start: number, lineEnd: number): number {
    for (let at = start; at < lineEnd; at += 1) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        if (column !== undefined) {
          if (this.#allows(column, "string")) column.setText(this.rowCount, bytes, start, at);
          else if (!this.#allows(column, "timestamp") || !this.#setTimestamp(column, bytes, start, at)) return -1;
        }
        return at + 1;
      }
      if (byte === BACKSLASH || byte < SPACE) return -1;
    }
    return -1;
  }

  #scanNumber(column: LineColumn | undefined, bytes: Uint8Array, start: number, lineEnd: number): number {
    let at = start + 1;
    while (at < lineEnd && bytes[at] !== COMMA && bytes[at] !== CLOSE && !isSpace(bytes[at]!)) at += 1;
    const value = numberIn(bytes, start, at);
    if (value !== value) return -1;
    if (column === undefined) return at;
    if (!this.#allows(column, "number")) return -1;
    column.setNumber(this.rowCount, value);
    return at;
  }

  /** False where the text is no time. */
  #setTimestamp(column: LineColumn, bytes: Uint8Array, start: number, end: number): boolean {
    const value = timestampIn(bytes, start, end);
    if (value === value) column.setNumber(this.rowCount, value);
    return value === value;
  }

  #allows(column: LineColumn, kind: FieldKind): boolean {
    if (this.#declared === undefined) return true;
    const declared = this.#declared[column.name];
    return declared === kind || declared === "any";
  }
}

function recordIn(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MalformedLine(`not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new MalformedLine("a line must be a JSON object to be read into columns");
}

function misfit(name: string, kind: string, value: unknown): MalformedLine {
  const wanted = kind === "timestamp" ? "time as text in ISO 8601" : kind;
  return new MalformedLine(`the field ${show(name)} must be a ${wanted}, but is ${show(value)}`);
}

function isLiteral(bytes: Uint8Array, start: number, literal: readonly number[]): boolean {
  for (let offset = 0; offset < literal.length; offset += 1) if (bytes[start + offset] !== literal[offset]) return false;
  return true;
}

function spaceEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isSpace(bytes[at]!)) at += 1;
  return at;
}

/** As JSON has it, but for line feeds. */
function isSpace(byte: number): boolean {
  return byte === SPACE || byte === 0x09 || byte === 0x0d;
}
