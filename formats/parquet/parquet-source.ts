import { BATCH_ROWS } from "../../core/connectors/batch-rows.ts";
import { SplitQueue, splitQueueStateType, type SplitDiscovery, type SplitQueueState } from "../../core/connectors/split-queue.ts";
import { SplitReader, type CursorStatus, type SplitCursor } from "../../core/connectors/split-reader.ts";
import type { ReaderOutput, Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "../../core/connectors/source.ts";
import { SHAPE_FIELDS_MAX } from "../../core/data/dynamic-format.ts";
import { types } from "../../core/data/type.ts";
import { JobError } from "../../core/lib/errors.ts";
import { requireOptionNames } from "../../core/lib/option-names.ts";
import { type Int64Values, ParquetBatches } from "./parquet-batches.ts";
import { type DecodedValues, type ParquetBuffer, type ParquetCompressors, ParquetFile } from "./parquet-file.ts";

/** The rows of a file from number `position` on, counted from 0, are still to be read. */
export interface ParquetSplit {
  readonly file: string;
  readonly position: number;
}

/** What of Parquet files is read; everything has a default. */
export interface ParquetOptions {
  /** The columns to read, in this order; default: all of them. Others are not fetched. */
  readonly columns?: readonly string[];
  /** Default `bigint`. */
  readonly int64?: Int64Values;
  /** Default: those of `hyparquet-compressors`, where a column is compressed with anything but Snappy. */
  readonly compressors?: ParquetCompressors;
}

/** Where Parquet files come from. */
export interface ParquetOrigin {
  /** What `explain` shows. */
  readonly description: string;
  /** Finds the names of the files, once, at the start of the job. */
  readonly discover: (answer: (files: readonly string[]) => void, failure: (cause: unknown) => void) => void;
  /** Opens one of them. */
  readonly open: (file: string) => ParquetBuffer | Promise<ParquetBuffer>;
}

const splitType = /* @__PURE__ */ types.object({ file: types.string, position: types.number });
const stateType = /* @__PURE__ */ splitQueueStateType(splitType);

/**
 * Parquet files as column batches, decoded by the package `hyparquet`, which the application installs. Each file is read by one
 * subtask, row group by row group, of which one is held in memory at a time. The position is the row, so a restore goes on at the
 * exact row.
 *
 * Dates and timestamps are ms since the epoch, decimals numbers, integers of 64 bits bigints unless `int64` says otherwise; lists
 * and structs are objects.
 *
 * @example
 * ```ts
 * const file = { name: "trips", open: () => asyncBufferFromUrl({ url: "https://example.org/trips.parquet" }) };
 * env.fromSource(parquetSource<Trip>([file], { columns: ["pickup", "fare"] }), WatermarkStrategy.noWatermarks(), "trips");
 * ```
 */
export function parquetSource<T extends object = Record<string, unknown>>(
  files: readonly { readonly name: string; readonly open: () => ParquetBuffer | Promise<ParquetBuffer> }[],
  options: ParquetOptions = {},
): ParquetSource<T> {
  const byName = new Map(files.map((file) => [file.name, file]));
  if (byName.size === 0 || byName.size < files.length) {
    throw new JobError("INVALID_ARGUMENT", "a Parquet source needs a file at least, and each by another name: a restore finds it again by that");
  }
  return new ParquetSource(
    {
      description: `Parquet ${[...byName.keys()].join(", ")}`,
      discover: (answer) => answer([...byName.keys()]),
      open: (name) => {
        const file = byName.get(name);
        if (file !== undefined) return file.open();
        throw new JobError("RESTORE_MISMATCH", `the snapshot was taken while the Parquet file "${name}" was read, which is none of those given`);
      },
    },
    options,
  );
}

/** What `parquetSource` and `parquetFileSource` make. */
export class ParquetSource<T extends object> implements Source<T, ParquetSplit, SplitQueueState<ParquetSplit>> {
  readonly boundedness = "BOUNDED";
  readonly givesColumns = true;
  readonly splitType = splitType;
  readonly enumeratorStateType = stateType;
  readonly #origin: ParquetOrigin;
  readonly #options: ParquetOptions;

  /** @throws JobError INVALID_ARGUMENT where a column is chosen twice, or too many are; UNKNOWN_OPTION. */
  constructor(origin: ParquetOrigin, options: ParquetOptions) {
    requireOptionNames("a Parquet source", options, ["columns", "int64", "compressors"]);
    const { columns } = options;
    const twice = columns?.find((name, index) => columns.indexOf(name) !== index);
    if (twice !== undefined) throw new JobError("INVALID_ARGUMENT", `the column "${twice}" is chosen twice`);
    this.#origin = origin;
    this.#options = options;
  }

  get columnNames(): readonly string[] | undefined {
    return this.#options.columns;
  }

  describe(): string {
    const { columns } = this.#options;
    return `${this.#origin.description}${columns === undefined ? "" : ` (${columns.join(", ")})`}`;
  }

  splitId(split: ParquetSplit): string {
    return split.file;
  }

  createEnumerator(context: SplitEnumeratorContext<ParquetSplit>): SplitQueue<ParquetSplit> {
    return SplitQueue.discovering(context, this.#discover);
  }

  restoreEnumerator(context: SplitEnumeratorContext<ParquetSplit>, state: SplitQueueState<ParquetSplit>): SplitQueue<ParquetSplit> {
    return SplitQueue.restored(context, state, this.#discover);
  }

  createReader(context: SourceReaderContext): SourceReader<T, ParquetSplit> {
    return new SplitReader(context, {
      idOf: ({ file }) => file,
      open: (split) => new ParquetCursor<T>(split, { open: () => this.#open(split.file), int64: this.#options.int64 ?? "bigint", context }),
    });
  }

  async #open(name: string): Promise<ParquetFile> {
    const { columns, compressors } = this.#options;
    const file = await ParquetFile.open(name, await this.#origin.open(name), columns, compressors);
    if (file.columns.length <= SHAPE_FIELDS_MAX) return file;
    const reason = `the Parquet file "${name}" has ${file.columns.length} columns, and records in columns have ${SHAPE_FIELDS_MAX} at most`;
    throw new JobError("INVALID_ARGUMENT", `${reason}; choose some with \`columns\``);
  }

  readonly #discover: SplitDiscovery<ParquetSplit> = (answer, failure) => {
    this.#origin.discover((files) => answer(files.map((file) => ({ file, position: 0 }))), failure);
  };
}

interface ParquetCursorParts {
  readonly open: () => Promise<ParquetFile>;
  readonly int64: Int64Values;
  readonly context: SourceReaderContext;
}

/** The row group at hand. */
interface RowGroup {
  readonly rowStart: number;
  readonly rowEnd: number;
  readonly values: readonly DecodedValues[];
}

class ParquetCursor<T> implements SplitCursor<T, ParquetSplit> {
  readonly #split: ParquetSplit;
  readonly #parts: ParquetCursorParts;
  #file: ParquetFile | undefined;
  #batches: ParquetBatches | undefined;
  #group: RowGroup | undefined;
  #position: number;
  #isLoading = false;

  constructor(split: ParquetSplit, parts: ParquetCursorParts) {
    this.#split = split;
    this.#parts = parts;
    this.#position = split.position;
    this.#load(parts.open(), (file) => this.#start(file));
  }

  next(output: ReaderOutput<T>): CursorStatus {
    if (this.#isLoading) return "waiting";
    const position = this.#position;
    const group = this.#group;
    if (group === undefined || group.rowEnd <= position) return this.#next(this.#file!);
    const end = Math.min(position + BATCH_ROWS, group.rowEnd);
    const { rowStart } = group;
    const batch = this.#batches!.batchOf(group.values, position - rowStart, end - rowStart, rowStart);
    this.#position = end;
    output.collectColumns(batch);
    return "emitted";
  }

  position(): ParquetSplit {
    return { file: this.#split.file, position: this.#position };
  }

  close(): void {
    this.#group = undefined;
  }

  #start(file: ParquetFile): void {
    if (file.rowCount < this.#position) {
      const reason = `the Parquet file "${this.#split.file}" has ${file.rowCount} rows, but ${this.#position} had been read when the snapshot was taken`;
      throw new JobError("RESTORE_MISMATCH", `${reason}; restore with the same file`);
    }
    this.#file = file;
    this.#batches = new ParquetBatches(file.columns, this.#parts.int64);
  }

  #next(file: ParquetFile): CursorStatus {
    // The last group is let go before the next one is decoded.
    this.#group = undefined;
    const range = file.ranges.find(({ rowStart, rowEnd }) => rowStart <= this.#position && this.#position < rowEnd);
    if (range === undefined) return "done";
    this.#load(file.read(range), (values) => {
      this.#group = { rowStart: range.rowStart, rowEnd: range.rowEnd, values };
    });
    return "waiting";
  }

  #load<R>(answer: Promise<R>, take: (result: R) => void): void {
    const { context } = this.#parts;
    this.#isLoading = true;
    answer.then(
      (result) => {
        context.post(() => {
          take(result);
          this.#isLoading = false;
          context.notifyAvailable();
        });
      },
      (cause: unknown) => context.fail(failure(this.#split.file, cause)),
    );
  }
}

function failure(file: string, cause: unknown): JobError {
  if (cause instanceof JobError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new JobError("SOURCE_FAILED", `cannot read the Parquet file "${file}": ${reason}`, { cause });
}
