import { rmSync } from "node:fs";
import { resolve } from "node:path";
import type { Committer, Sink, SinkWriter, SinkWriterContext } from "../../core/connectors/sink.ts";
import { isAbandoned, TransactionNames, transactionsStateType, type TransactionsState } from "../../core/connectors/transaction-names.ts";
import { types } from "../../core/data/type.ts";
import { JobError } from "../../core/lib/errors.ts";
import { requireOptionNames } from "../../core/lib/option-names.ts";
import { show } from "../../core/lib/show.ts";
import { LineFile } from "./line-file.ts";
import { pathOf, type LineEncoder, type LineEncoding } from "./line-file-sink.ts";
import { inProgressPath, makeFolder, partName, publish, removeAbandoned, syncFolder, type PartFile } from "./part-files.ts";

/** What `FileSink` may be told; everything has a default. */
export interface FileSinkOptions {
  /** With what the names of its files begin; default `part`. */
  readonly partPrefix?: string;
  /** With what they end; default that of the encoding, `.jsonl` or `.csv`. */
  readonly partSuffix?: string;
  /** A file of so many bytes is not written any further; default 128 MiB. */
  readonly maxPartBytes?: number;
}

const partType = /* @__PURE__ */ types.object({ folder: types.string, name: types.string });
const MAX_PART_BYTES_DEFAULT = 128 * 1024 * 1024;

/**
 * Writes records to files in a folder, exactly once: whoever reads the folder sees whole files, each of which holds what one subtask has written before a checkpoint, or a
 * part of that, and nothing of it comes again, whatever fails. Flink's `FileSink` with its `OnCheckpointRollingPolicy`: each checkpoint ends the file at hand, and its completion makes it visible; a
 * job without checkpoints makes its files visible at its end. Until then they are hidden: `.part-….inprogress`.
 *
 * Files that are in the folder stay, those of other jobs and of earlier runs too. Names are never used twice: `part-<subtask>-<line>-<writer>-<number>.jsonl`.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 * import { FileSink, csvEncoding } from "tamias/node";
 * import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 *
 * const out = mkdtempSync(join(tmpdir(), "counts-"));
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.fromElements({ word: "a", count: 2 }, { word: "b", count: 1 }).sinkTo(FileSink.forRowFormat(out, csvEncoding()).build());
 * await env.execute();
 * for (const part of readdirSync(out)) console.log(JSON.stringify(readFileSync(join(out, part), "utf8"))); // "word,count\na,2\nb,1\n"
 * ```
 */
export class FileSink<T> implements Sink<T, TransactionsState, PartFile> {
  readonly writerStateType = transactionsStateType;
  readonly committableType = partType;
  readonly #folder: string;
  readonly #encoding: LineEncoding<T>;
  readonly #prefix: string;
  readonly #suffix: string;
  readonly #maxPartBytes: number;
  /** Names of parts that writers of this process have prepared and nobody has committed. */
  readonly #unpublished = new Set<string>();

  /** @throws JobError INVALID_ARGUMENT, UNKNOWN_OPTION. */
  constructor(folder: string | URL, encoding: LineEncoding<T>, options: FileSinkOptions = {}) {
    requireOptionNames("FileSink", options, ["partPrefix", "partSuffix", "maxPartBytes"]);
    const { partPrefix = "part", partSuffix = encoding.suffix, maxPartBytes = MAX_PART_BYTES_DEFAULT } = options;
    for (const name of [partPrefix, partSuffix]) {
      if (/[\\/]/.test(name)) throw new JobError("INVALID_ARGUMENT", `a prefix or suffix of files is a part of a name, without slashes, but is ${show(name)}`);
    }
    if (!(0 < maxPartBytes)) throw new JobError("INVALID_ARGUMENT", `maxPartBytes is a number of bytes from 1 on, but is ${show(maxPartBytes)}`);
    this.#folder = resolve(pathOf(folder));
    this.#encoding = encoding;
    this.#prefix = partPrefix;
    this.#suffix = partSuffix;
    this.#maxPartBytes = maxPartBytes;
  }

  /** Flink's way to write it. */
  static forRowFormat<T>(folder: string | URL, encoding: LineEncoding<T>, options: FileSinkOptions = {}): { build(): FileSink<T> } {
    return { build: () => new FileSink(folder, encoding, options) };
  }

  describe(): string {
    return `files in ${this.#folder} (${this.#encoding.name})`;
  }

  createWriter(context: SinkWriterContext): SinkWriter<T, TransactionsState, PartFile> {
    return this.restoreWriter(context, []);
  }

  restoreWriter(context: SinkWriterContext, states: readonly TransactionsState[]): SinkWriter<T, TransactionsState, PartFile> {
    const folder = this.#folder;
    makeFolder(folder);
    if (0 < states.length) removeAbandoned(folder, this.#suffix, (name) => isAbandoned(name, states));
    return new PartWriter({
      folder,
      encoding: this.#encoding,
      before: `${this.#prefix}-${context.subtaskIndex}`,
      suffix: this.#suffix,
      maxPartBytes: this.#maxPartBytes,
      names: new TransactionNames(() => context.random(), states),
      unpublished: this.#unpublished,
    });
  }

  createCommitter(): Committer<PartFile> {
    const unpublished = this.#unpublished;
    return {
      commit(parts) {
        for (const part of parts) publish(part, unpublished.has(part.name));
        for (const folder of new Set(parts.map((part) => part.folder))) syncFolder(folder);
        for (const { name } of parts) unpublished.delete(name);
      },
    };
  }
}

interface PartWriterOptions<T> {
  readonly folder: string;
  readonly encoding: LineEncoding<T>;
  readonly before: string;
  readonly suffix: string;
  readonly maxPartBytes: number;
  readonly names: TransactionNames;
  readonly unpublished: Set<string>;
}

class PartWriter<T> implements SinkWriter<T, TransactionsState, PartFile> {
  readonly #options: PartWriterOptions<T>;
  #part: { readonly name: string; readonly file: LineFile; readonly encoder: LineEncoder<T> } | undefined;
  /** Written to their end, and in no checkpoint yet. */
  #ended: PartFile[] = [];

  constructor(options: PartWriterOptions<T>) {
    this.#options = options;
  }

  write(record: T): void {
    const { file, encoder } = (this.#part ??= this.#begin());
    for (const line of encoder.encode(record)) file.append(line);
    if (this.#options.maxPartBytes <= file.size) this.#end();
  }

  flush(): void {
    this.#end();
    // The files are on the device, but their names may not be.
    if (0 < this.#ended.length) syncFolder(this.#options.folder);
  }

  prepareCommit(): readonly PartFile[] {
    const prepared = this.#ended;
    this.#ended = [];
    for (const { name } of prepared) this.#options.unpublished.add(name);
    return prepared;
  }

  snapshotState(): readonly TransactionsState[] {
    return [this.#options.names.state()];
  }

  /** What no checkpoint has comes again. What one has stays: it may have completed. */
  close(): void {
    const { names, unpublished } = this.#options;
    for (const name of unpublished) if (name.includes(`-${names.line}-${names.writer}-`)) unpublished.delete(name);
    this.#part?.file.discard();
    for (const part of this.#ended) rmSync(inProgressPath(part), { force: true });
  }

  #begin(): { readonly name: string; readonly file: LineFile; readonly encoder: LineEncoder<T> } {
    const { folder, encoding, before, suffix, names } = this.#options;
    const name = partName(before, names.next(), suffix);
    return { name, file: LineFile.createNew(inProgressPath({ folder, name })), encoder: encoding.createEncoder("") };
  }

  #end(): void {
    const part = this.#part;
    if (part === undefined) return;
    part.file.flush();
    part.file.close();
    this.#part = undefined;
    this.#ended.push({ folder: this.#options.folder, name: part.name });
  }
}
