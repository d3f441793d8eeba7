import { fileURLToPath } from "node:url";
import { SplitQueue, splitQueueStateType, type SplitDiscovery, type SplitQueueState } from "../../core/connectors/split-queue.ts";
import { SplitReader } from "../../core/connectors/split-reader.ts";
import type { Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "../../core/connectors/source.ts";
import { types } from "../../core/data/type.ts";
import { JobError } from "../../core/lib/errors.ts";
import { show } from "../../core/lib/show.ts";
import { CsvFormat, type CsvOptions, type CsvRow } from "./csv-format.ts";
import { FileCursor, type FileContent, type FileSplit } from "./file-cursor.ts";
import { findFiles } from "./find-files.ts";
import { JsonLinesFormat, type JsonLinesOptions } from "./json-lines-format.ts";
import { TextLineInputFormat } from "./text-line-format.ts";
import { TEXT_START } from "./format-lines.ts";
import { TextColumns } from "./text-columns.ts";
import type { ColumnTextFormat, TextFormat, TextFormatOptions } from "./text-format.ts";
import { TextRecords } from "./text-records.ts";

/** A file, a folder (all files in it and below) or a pattern such as `logs/**\/*.log`. */
export type FilePath = string | URL;

/** How files are read: by records, or straight into columns. */
export type FileFormat<T> = TextFormat<T> | (T extends object ? ColumnTextFormat<T> : never);

const splitType = /* @__PURE__ */ types.object({
  path: types.string,
  position: types.number,
  lineNumber: types.number,
  header: types.string,
});
const stateType = /* @__PURE__ */ splitQueueStateType(splitType);

/**
 * Reads files to their end, each by one subtask, as Flink's `FileSource` does: the enumerator finds them when the job starts,
 * readers ask for one after another. A restore goes on at the exact line.
 *
 * @example
 * ```ts
 * const source = FileSource.forRecordStreamFormat(new TextLineInputFormat(), "logs/*.log").build();
 * env.fromSource(source, WatermarkStrategy.noWatermarks(), "logs");
 * ```
 */
export class FileSource<T> implements Source<T, FileSplit, SplitQueueState<FileSplit>> {
  readonly boundedness = "BOUNDED";
  readonly splitType = splitType;
  readonly enumeratorStateType = stateType;
  /** Whether its format makes columns. */
  readonly givesColumns: boolean;
  readonly columnNames: readonly string[] | undefined;
  readonly #format: FileFormat<T>;
  readonly #paths: readonly string[];

  /** @throws JobError INVALID_ARGUMENT where there is no path. */
  constructor(format: FileFormat<T>, paths: readonly FilePath[]) {
    if (paths.length === 0)
      throw new JobError("INVALID_ARGUMENT", "a file source needs the path of a file or folder, or a pattern");
    this.givesColumns = "createColumns" in format;
    this.columnNames = "createColumns" in format ? format.columnNames : undefined;
    this.#format = format;
    this.#paths = paths.map(textOf);
  }

  /** A source of records, or of columns, as the format makes them. */
  static forFormat<T>(format: FileFormat<T>, ...paths: readonly FilePath[]): { build(): FileSource<T> } {
    return { build: () => new FileSource(format, paths) };
  }

  /** Flink's way to write it. */
  static forRecordStreamFormat<T>(format: TextFormat<T>, ...paths: readonly FilePath[]): { build(): FileSource<T> } {
    return { build: () => new FileSource(format, paths) };
  }

  describe(): string {
    return `files ${this.#paths.join(", ")} (${this.#format.name})`;
  }

  splitId(split: FileSplit): string {
    return split.path;
  }

  createEnumerator(context: SplitEnumeratorContext<FileSplit>): SplitQueue<FileSplit> {
    return SplitQueue.discovering(context, this.#discover);
  }

  restoreEnumerator(context: SplitEnumeratorContext<FileSplit>, state: SplitQueueState<FileSplit>): SplitQueue<FileSplit> {
    return SplitQueue.restored(context, state, this.#discover);
  }

  createReader(context: SourceReaderContext): SourceReader<T, FileSplit> {
    return new SplitReader(context, {
      idOf: ({ path }) => path,
      open: (split) => new FileCursor(split, this.#contentOf(split), context),
    });
  }

  #contentOf(split: FileSplit): FileContent<T> {
    const format = this.#format;
    return "createColumns" in format ? new TextColumns(format, split.path, split) : new TextRecords(format, split.path, split);
  }

  readonly #discover: SplitDiscovery<FileSplit> = (answer, failure) => {
    findFiles(this.#paths).then((files) => answer(files.map((path) => ({ path, ...TEXT_START }))), failure);
  };
}

/** Lines of text. */
export function textFileSource(paths: FilePath | readonly FilePath[], options?: TextFormatOptions<string>): FileSource<string> {
  return new FileSource(new TextLineInputFormat(options), listOf(paths));
}

/** One JSON value a line; `schema` or `parse` makes sure of their type. */
export function jsonLinesFileSource<T = unknown>(
  paths: FilePath | readonly FilePath[],
  options?: JsonLinesOptions<T>,
): FileSource<T> {
  return new FileSource(new JsonLinesFormat(options), listOf(paths));
}

/** CSV with a header, each row an object; `schema` or `parse` turns its strings into something better. */
export function csvFileSource<T = CsvRow>(paths: FilePath | readonly FilePath[], options?: CsvOptions<T>): FileSource<T> {
  return new FileSource(new CsvFormat(options), listOf(paths));
}

function listOf(paths: FilePath | readonly FilePath[]): readonly FilePath[] {
  return typeof paths === "string" || paths instanceof URL ? [paths] : paths;
}

function textOf(path: FilePath): string {
  if (path instanceof URL) return fileURLToPath(path);
  if (typeof path === "string" && path !== "") return path;
  throw new JobError("INVALID_ARGUMENT", `a file source takes paths, but got ${show(path)}`);
}
