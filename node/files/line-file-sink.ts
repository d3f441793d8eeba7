import { fileURLToPath } from "node:url";
import type { Cancellable } from "../../core/host/host.ts";
import type { Sink, SinkWriter, SinkWriterContext } from "../../core/connectors/sink.ts";
import { types, type TypeOf } from "../../core/data/type.ts";
import { JobError } from "../../core/lib/errors.ts";
import { show } from "../../core/lib/show.ts";
import { cutBack, LineFile, partPath } from "./line-file.ts";

const stateType = /* @__PURE__ */ types.object({ path: types.string, position: types.number, header: types.string });

/** How much of a file is part of a snapshot, and what its format must remember. */
export type LineFileState = TypeOf<typeof stateType>;

/** Lines do not wait longer in memory, so that a file can be followed while its job runs; ms of host time. */
const WRITE_INTERVAL_MS = 1_000;

/** Turns records into lines. */
export interface LineEncoder<T> {
  /** Kept in the snapshot: what the encoder had decided by its first record, such as a CSV header; empty until then. */
  readonly header: string;
  encode(record: T): readonly string[];
}

/** How records become the lines of files: `jsonLinesEncoding()`, `csvEncoding()`, or one of your own. */
export interface LineEncoding<T> {
  /** As `explain` names it. */
  readonly name: string;
  /** With which the names of its files end. */
  readonly suffix: string;
  /** For one file; `header` is what its encoder had decided when the snapshot was taken, empty for a new file. */
  createEncoder(header: string): LineEncoder<T>;
}

/** A sink that writes one file of lines for each subtask. */
export function lineFileSink<T>(encoding: LineEncoding<T>, path: string | URL): Sink<T, LineFileState> {
  const base = pathOf(path);
  return {
    describe: () => `${encoding.name} file ${base}`,
    writerStateType: stateType,
    createWriter(context) {
      const { subtaskIndex, parallelism } = context;
      return new LineFileWriter(LineFile.create(partPath(base, subtaskIndex, parallelism)), encoding.createEncoder(""), context);
    },
    restoreWriter(context, states) {
      const own = partPath(base, context.subtaskIndex, context.parallelism);
      // A file whose subtask is gone is cut back too: what came after the snapshot comes again, elsewhere.
      for (const { path, position } of states) if (path !== own) cutBack(path, position);
      const state = states.find(({ path }) => path === own);
      const file = state === undefined ? LineFile.create(own) : LineFile.resume(own, state.position);
      return new LineFileWriter(file, encoding.createEncoder(state?.header ?? ""), context);
    },
  };
}

class LineFileWriter<T> implements SinkWriter<T, LineFileState> {
  readonly #file: LineFile;
  readonly #encoder: LineEncoder<T>;
  readonly #context: SinkWriterContext;
  #scheduled: Cancellable | undefined;

  constructor(file: LineFile, encoder: LineEncoder<T>, context: SinkWriterContext) {
    this.#file = file;
    this.#encoder = encoder;
    this.#context = context;
  }

  write(record: T): void {
    for (const line of this.#encoder.encode(record)) this.#file.append(line);
    this.#scheduled ??= this.#context.at(this.#context.now() + WRITE_INTERVAL_MS, () => {
      this.#scheduled = undefined;
      this.#file.write();
    });
  }

  flush(): void {
    this.#file.flush();
  }

  snapshotState(): readonly LineFileState[] {
    return [{ path: this.#file.path, position: this.#file.position, header: this.#encoder.header }];
  }

  close(): void {
    this.#scheduled?.cancel();
    this.#file.close();
  }
}

/** @throws JobError INVALID_ARGUMENT unless it is a path. */
export function pathOf(path: string | URL): string {
  if (path instanceof URL) return fileURLToPath(path);
  if (typeof path === "string" && path !== "") return path;
  throw new JobError("INVALID_ARGUMENT", `a file sink takes a path, but got ${show(path)}`);
}
