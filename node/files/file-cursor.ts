import { close, fstat, open, read } from "node:fs";
import type { CursorStatus, SplitCursor } from "../../core/connectors/split-reader.ts";
import type { ReaderOutput, SourceReaderContext } from "../../core/connectors/source.ts";
import { JobError } from "../../core/lib/errors.ts";
import { fileError } from "./file-errors.ts";
import type { TextPosition } from "./format-lines.ts";

/** Makes what is emitted of the bytes of one file: records or batches of columns. */
export interface FileContent<T> {
  /** After what was emitted last. */
  readonly position: TextPosition;
  /** The next bytes. They stay as they are until `next` has returned false. */
  push(chunk: Uint8Array): void;
  /** No bytes come any more. */
  end(): void;
  /** Emits the next record or batch; false where more bytes are needed, or none are left. */
  next(output: ReaderOutput<T>): boolean;
  /** Emits what has been held back for the sake of a full batch; false where there is nothing. */
  flush(output: ReaderOutput<T>): boolean;
}

/** One file from a position on. */
export interface FileSplit extends TextPosition {
  readonly path: string;
}

const CHUNK_BYTES = 256 * 1024;

/** Reads a file in chunks, one ahead of what is being turned into records. */
export class FileCursor<T> implements SplitCursor<T, FileSplit> {
  readonly #path: string;
  readonly #context: SourceReaderContext;
  readonly #content: FileContent<T>;
  /** The chunk in hand and the one that is being read take turns. */
  readonly #buffers: [Buffer, Buffer] = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];
  #turn = 0;
  #descriptor: number | undefined;
  /** Undefined for what has no positions, such as a pipe. */
  #readPosition: number | undefined;
  /** A chunk that was read and not taken; its length is 0 at the end of the file. */
  #ready: Buffer | undefined;
  #isReading = false;
  #ended = false;
  #closed = false;

  constructor(split: FileSplit, content: FileContent<T>, context: SourceReaderContext) {
    this.#path = split.path;
    this.#context = context;
    this.#content = content;
    this.#isReading = true;
    open(split.path, "r", (cause, descriptor) => {
      if (cause !== null) return this.#failed("open", cause);
      fstat(descriptor, (cause, stats) => {
        this.#descriptor = descriptor;
        this.#isReading = false;
        if (this.#closed) return this.#release();
        if (cause !== null) return this.#failed("read", cause);
        if (stats.isFile()) {
          if (stats.size < split.position) return this.#failed("go on reading", shrunk(split, stats.size));
          this.#readPosition = split.position;
        }
        this.#read();
      });
    });
  }

  next(output: ReaderOutput<T>): CursorStatus {
    const content = this.#content;
    while (!content.next(output)) {
      if (this.#ended) return content.flush(output) ? "emitted" : "done";
      const chunk = this.#ready;
      if (chunk === undefined) return content.flush(output) ? "emitted" : "waiting";
      this.#ready = undefined;
      if (chunk.length === 0) {
        this.#ended = true;
        content.end();
        continue;
      }
      content.push(chunk);
      this.#read();
    }
    return "emitted";
  }

  position(): FileSplit {
    return { path: this.#path, ...this.#content.position };
  }

  close(): void {
    this.#closed = true;
    // A read that is under way still uses the descriptor; its answer closes it.
    if (!this.#isReading) this.#release();
  }

  #read(): void {
    const buffer = this.#buffers[this.#turn]!;
    this.#turn = 1 - this.#turn;
    this.#isReading = true;
    read(this.#descriptor!, buffer, 0, CHUNK_BYTES, this.#readPosition ?? null, (cause, bytesRead) => {
      this.#isReading = false;
      if (this.#closed) return this.#release();
      if (cause !== null) return this.#failed("read", cause);
      if (this.#readPosition !== undefined) this.#readPosition += bytesRead;
      this.#context.post(() => {
        this.#ready = buffer.subarray(0, bytesRead);
        this.#context.notifyAvailable();
      });
    });
  }

  #failed(doing: string, cause: unknown): void {
    this.#isReading = false;
    if (!this.#closed) this.#context.fail(fileError("SOURCE_FAILED", doing, this.#path, cause));
  }

  #release(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    // Nothing was written through it, so nothing is lost where closing fails.
    if (descriptor !== undefined) close(descriptor, () => {});
  }
}

function shrunk(split: FileSplit, size: number): JobError {
  return new JobError(
    "RESTORE_MISMATCH",
    `the file "${split.path}" has ${size} bytes, but had been read up to byte ${split.position} when the snapshot was taken; ` +
      "restore with the same file",
  );
}
