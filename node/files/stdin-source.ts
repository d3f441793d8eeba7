import type { Readable } from "node:stream";
import { SplitQueue, splitQueueStateType, type SplitQueueState } from "../../core/connectors/split-queue.ts";
import { SplitReader, type CursorStatus, type SplitCursor } from "../../core/connectors/split-reader.ts";
import type {
  ReaderOutput,
  Source,
  SourceReader,
  SourceReaderContext,
  SplitEnumeratorContext,
} from "../../core/connectors/source.ts";
import { types } from "../../core/data/type.ts";
import { JobError } from "../../core/lib/errors.ts";
import { TextLineInputFormat } from "./text-line-format.ts";
import type { TextFormat } from "./text-format.ts";
import { TEXT_START, type TextPosition } from "./format-lines.ts";
import { TextRecords } from "./text-records.ts";

const FILE = "standard input";

const splitType = /* @__PURE__ */ types.object({ position: types.number, lineNumber: types.number, header: types.string });
const stateType = /* @__PURE__ */ splitQueueStateType(splitType);

/** Lines of standard input until it ends. Backpressure pauses the stream, and so whoever writes to it. */
export function stdinSource(): StreamSource<string>;
/** Records of standard input, in any text format. */
export function stdinSource<T>(format: TextFormat<T>): StreamSource<T>;
export function stdinSource(format: TextFormat<unknown> = new TextLineInputFormat()): StreamSource<unknown> {
  return new StreamSource(format, () => process.stdin, FILE);
}

/**
 * Reads a Node stream of bytes with one subtask. A stream cannot be read twice: after a restore in a new process it must bring
 * the same lines again from its start, and those read before are passed over; a restart in the same process fails and says so.
 */
export class StreamSource<T> implements Source<T, TextPosition, SplitQueueState<TextPosition>> {
  readonly boundedness = "CONTINUOUS_UNBOUNDED";
  readonly splitType = splitType;
  readonly enumeratorStateType = stateType;
  readonly #format: TextFormat<T>;
  readonly #stream: () => Readable;
  readonly #name: string;
  #wasOpened = false;

  /** `stream` is called when the job reads; `name` is what errors call it. */
  constructor(format: TextFormat<T>, stream: () => Readable, name: string) {
    this.#format = format;
    this.#stream = stream;
    this.#name = name;
  }

  describe(): string {
    return `${this.#name} (${this.#format.name})`;
  }

  splitId(): string {
    return this.#name;
  }

  createEnumerator(context: SplitEnumeratorContext<TextPosition>): SplitQueue<TextPosition> {
    return SplitQueue.of(context, [TEXT_START]);
  }

  restoreEnumerator(
    context: SplitEnumeratorContext<TextPosition>,
    state: SplitQueueState<TextPosition>,
  ): SplitQueue<TextPosition> {
    return SplitQueue.restored(context, state);
  }

  createReader(context: SourceReaderContext): SourceReader<T, TextPosition> {
    return new SplitReader(context, { idOf: () => this.#name, open: (split) => this.#open(split, context) });
  }

  #open(split: TextPosition, context: SourceReaderContext): StreamCursor<T> {
    if (this.#wasOpened) {
      throw new JobError(
        "SOURCE_EXHAUSTED",
        `${this.#name} has been read already and cannot be read again; start the job anew, or read a file, which can be replayed`,
      );
    }
    this.#wasOpened = true;
    // The stream starts anew: lines before the position are passed over, a header is met again.
    const records = new TextRecords(this.#format, this.#name, TEXT_START, split.lineNumber);
    return new StreamCursor(this.#stream(), { records, from: split, name: this.#name, context });
  }
}

interface StreamCursorParts<T> {
  readonly records: TextRecords<T>;
  /** Lines before this one are being passed over, or have been. */
  readonly from: TextPosition;
  readonly name: string;
  readonly context: SourceReaderContext;
}

class StreamCursor<T> implements SplitCursor<T, TextPosition> {
  readonly #stream: Readable;
  readonly #records: TextRecords<T>;
  readonly #from: TextPosition;
  readonly #name: string;
  readonly #context: SourceReaderContext;
  /** A chunk has come and has not been taken; the stream stands still. */
  #hasChunk = false;
  #ready: Uint8Array | undefined;
  #streamEnded = false;
  #ended = false;

  constructor(stream: Readable, parts: StreamCursorParts<T>) {
    this.#stream = stream;
    this.#records = parts.records;
    this.#from = parts.from;
    this.#name = parts.name;
    this.#context = parts.context;
    stream.on("data", this.#onData);
    stream.on("end", this.#onEnd);
    stream.on("error", this.#onError);
    // Ended before anybody listened: no event comes any more.
    if (stream.readableEnded) this.#onEnd();
  }

  next(output: ReaderOutput<T>): CursorStatus {
    const records = this.#records;
    while (!records.next(output)) {
      if (this.#ended) return "done";
      const chunk = this.#ready;
      if (chunk !== undefined) {
        this.#ready = undefined;
        this.#hasChunk = false;
        records.push(chunk);
      } else if (this.#streamEnded) {
        this.#ended = true;
        records.end();
      } else {
        if (!this.#hasChunk) this.#stream.resume();
        return "waiting";
      }
    }
    return "emitted";
  }

  position(): TextPosition {
    const reached = this.#records.position;
    return this.#from.lineNumber <= reached.lineNumber ? reached : this.#from;
  }

  close(): void {
    this.#stream.off("data", this.#onData);
    this.#stream.off("end", this.#onEnd);
    this.#stream.off("error", this.#onError);
    // A paused standard input does not keep the process alive.
    this.#stream.pause();
  }

  /** One chunk at a time: the stream stands still until it has been read. */
  readonly #onData = (chunk: Uint8Array | string): void => {
    this.#stream.pause();
    this.#hasChunk = true;
    this.#context.post(() => {
      this.#ready = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      this.#context.notifyAvailable();
    });
  };

  readonly #onEnd = (): void => {
    this.#context.post(() => {
      this.#streamEnded = true;
      this.#context.notifyAvailable();
    });
  };

  readonly #onError = (cause: Error): void => {
    this.#context.fail(new JobError("SOURCE_FAILED", `cannot read ${this.#name}: ${cause.message}`, { cause }));
  };
}
