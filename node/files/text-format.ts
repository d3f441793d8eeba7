import type { RecordEnd } from "../../core/connectors/text-lines.ts";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import type { StandardSchema } from "../../core/data/standard-schema.ts";
import { JobError } from "../../core/lib/errors.ts";
import { show } from "../../core/lib/show.ts";

/**
 * Called for a line that is no record, instead of failing the job: the record to go on with, or undefined to leave the line out.
 * `file` is its path, or
 * `standard input`.
 */
export type OnMalformed<T> = (line: string, lineNumber: number, reason: string, file: string) => T | undefined;

/** What formats of lines have in common, whatever a line becomes. */
export interface LineFormat<T> {
  /** What `explain` shows. */
  readonly name: string;
  /** Whether the first line names columns and is no record. */
  readonly hasHeader: boolean;
  /** A longer line is malformed, bytes. */
  readonly lineBytesMax: number;
  readonly onMalformed: OnMalformed<T> | undefined;
  /** Finds the ends of records where they are not simply lines; one for each file. */
  createRecordEnd?(): RecordEnd;
}

/** How the lines of a file or stream become records. */
export interface TextFormat<T> extends LineFormat<T> {
  /** `header` is the first line where the format has one. */
  createDecoder(header: string): LineDecoder<T>;
}

/** How the lines of a file become columns, without a record on the way. `T` is what a row means. */
export interface ColumnTextFormat<T extends object> extends LineFormat<T> {
  /** The fields of all records, where they are known before a file is opened. */
  readonly columnNames?: readonly string[] | undefined;
  /**
   * `header` is the first line where the format has one. `learned` is what the columns of an earlier run had learned from the lines
   * before; undefined at the start of a file.
   */
  createColumns(header: string, learned: string | undefined): LineColumns<T>;
}

/** What became of a line: a row of the batch, nothing, or a record that does not fit the columns. */
export type LineOutcome = "row" | "nothing" | "record";

/** The columns of one file, being filled from the bytes of its lines. */
export interface LineColumns<T extends object> {
  readonly rowCount: number;
  /** False while the kinds of the columns are open: what is there stays until more lines or the end of the file have come. */
  readonly isDecided: boolean;
  /** What a restore has to know of the lines so far. */
  readonly learned: string;
  /** The record of the line that did not fit. */
  readonly record: T;
  /** The line in [start, end). @throws MalformedLine where it is no record; then there is no new row. */
  add(bytes: Uint8Array, start: number, end: number): LineOutcome;
  /** The rows since the last batch, at least one. */
  finish(): ColumnBatch;
}

/** Rows of a batch of columns at most. */
export const COLUMN_ROWS_MAX = 1_024;

/** @throws MalformedLine where the line is no record. */
export type LineDecoder<T> = (line: string, lineNumber: number) => T | typeof NO_RECORD;

/** What a decoder returns for a line that means nothing, such as an empty one. */
export const NO_RECORD = Symbol("no record");

/** A line is not what its format expects. */
export class MalformedLine extends Error {
  override readonly name = "MalformedLine";
}

/** The first line of a file names other columns than the job relies on: there is nothing to go on with. */
export class MisfitHeader extends Error {
  override readonly name = "MisfitHeader";
}

/** Lines of 16 MiB are no lines any more. */
export const LINE_BYTES_MAX_DEFAULT = 16 * 1024 * 1024;

/** What every format of lines may be told. */
export interface TextFormatOptions<T> {
  /** Default 16 MiB. */
  readonly lineBytesMax?: number | undefined;
  readonly onMalformed?: OnMalformed<T> | undefined;
}

/**
 * What gives records their type: a Standard Schema (Valibot, Zod, ArkType, …), or a function that throws where a value is none.
 * Neither: taken as it is.
 */
export type RecordCheck<T, Raw> =
  | { readonly schema: StandardSchema<unknown, T>; readonly parse?: never }
  | { readonly parse: (value: Raw) => T; readonly schema?: never }
  | { readonly schema?: never; readonly parse?: never };

/** @throws JobError INVALID_ARGUMENT where what should say the kind of each field is a list of their names, or no object at all. */
export function requireByName(caller: string, option: string, given: unknown): void {
  if (given === undefined || (typeof given === "object" && given !== null && !Array.isArray(given))) return;
  const instead = Array.isArray(given) ? "not a list" : `not ${show(given)}`;
  throw new JobError("INVALID_ARGUMENT", `${caller}: ${option} is an object such as { name: "number" }, ${instead}`);
}

/** @throws JobError INVALID_ARGUMENT where both are given. */
export function checkOf<T, Raw>(options: RecordCheck<T, Raw>): (value: Raw) => T {
  const { schema, parse } = options as { schema?: StandardSchema<unknown, T>; parse?: (value: Raw) => T };
  if (schema !== undefined && parse !== undefined) {
    throw new JobError("INVALID_ARGUMENT", "a format takes a schema or a parse function, not both");
  }
  if (schema !== undefined) return (value) => validated(schema, value);
  if (parse === undefined) return (value) => value as unknown as T;
  return (value) => {
    try {
      return parse(value);
    } catch (cause) {
      if (cause instanceof JobError) throw cause;
      throw new MalformedLine(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  };
}

function validated<T>(schema: StandardSchema<unknown, T>, value: unknown): T {
  const { validate, vendor } = schema["~standard"];
  const result = validate(value);
  if ("then" in result) {
    throw new JobError(
      "INVALID_ARGUMENT",
      `the schema of ${vendor} validates asynchronously, but records are read without waiting; use its synchronous form`,
    );
  }
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map(({ message, path }) => {
    const steps = (path ?? []).map((step) => String(typeof step === "object" ? step.key : step));
    return steps.length === 0 ? message : `${steps.join(".")}: ${message}`;
  });
  throw new MalformedLine(issues.join("; "));
}

/** @throws JobError INVALID_ARGUMENT unless it is an integer from 1 on. */
export function checkedLineBytesMax(lineBytesMax: number = LINE_BYTES_MAX_DEFAULT): number {
  if (Number.isSafeInteger(lineBytesMax) && 0 < lineBytesMax) return lineBytesMax;
  throw new JobError("INVALID_ARGUMENT", `lineBytesMax must be a number of bytes from 1 on, but is ${lineBytesMax}`);
}
