import { BufferBuilder, BufferReader, DONE, RECORD } from "../data/channel-buffer.ts";
import type { Cancellable, Host, Port } from "../host/host.ts";
import type { Inbox, ResultTarget, SubmitterLines } from "../operators/operator.ts";
import { NO_TIMESTAMP } from "../time/timestamp.ts";
import { CHANNEL_CREDITS } from "./channel.ts";
import { BUFFER_BYTES_MAX, BUFFER_ROWS_MAX } from "./buffer-bounds.ts";
import type { FromRecordLine, ToRecordLine } from "./protocol.ts";

export interface RecordLineOptions {
  readonly host: Host;
  /** To the submitter. */
  readonly port: Port;
  /** Longest wait of a result in a partly filled buffer. */
  readonly bufferTimeoutMs: number;
  /** The submitter is gone. */
  onClose(): void;
}

/** The ways of records between the subtasks of one task manager and the submitter of their job: buffers and credits over one line. */
export class RecordLine implements SubmitterLines {
  readonly #options: RecordLineOptions;
  readonly #streams: ResultSender[] = [];
  readonly #inboxes: PushedRecords[] = [];

  constructor(options: RecordLineOptions) {
    this.#options = options;
    options.port.listen((message) => this.#receive(message as ToRecordLine), options.onClose);
  }

  results(name: string): ResultTarget {
    const stream = this.#streams.length;
    const sender = new ResultSender(this.#options, (bytes) => {
      this.#options.port.send({ kind: "results", stream, name, bytes } satisfies FromRecordLine, { buffers: [bytes.buffer] });
    });
    this.#streams.push(sender);
    return sender;
  }

  inbox(name: string): Inbox {
    const inbox = new PushedRecords((request) => this.#options.port.send({ kind: "pushed", request } satisfies FromRecordLine));
    this.#options.port.send({ kind: "inbox", inbox: this.#inboxes.length, name } satisfies FromRecordLine);
    this.#inboxes.push(inbox);
    return inbox;
  }

  /** The job is over: nothing of it is left to send. */
  close(): void {
    for (const stream of this.#streams) stream.close();
    this.#options.port.close();
  }

  #receive(message: ToRecordLine): void {
    if (message.kind === "credit") this.#streams[message.stream]?.credited();
    else this.#inboxes[message.inbox]?.receive(message.request, message.bytes);
  }
}

/** The results of one subtask, in buffers as channels have them. */
class ResultSender implements ResultTarget {
  readonly #options: RecordLineOptions;
  readonly #send: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly #builder = new BufferBuilder();
  #credit = CHANNEL_CREDITS;
  #onReady: () => void = ignore;
  #timer: Cancellable | undefined;
  /** What waits should have gone already, but for credit. */
  #isOverdue = false;

  constructor(options: RecordLineOptions, send: (bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#options = options;
    this.#send = send;
  }

  take(record: unknown): void {
    this.#builder.addRecord(record, NO_TIMESTAMP);
    if (this.#isFull()) this.#sendWithCredit();
    else if (!this.#isOverdue) this.#timer ??= this.#flushLater();
  }

  isReady(): boolean {
    return 0 < this.#credit || !this.#isFull();
  }

  onReady(listener: () => void): void {
    this.#onReady = listener;
  }

  /** The end of the input waits for no credit: one buffer more is all that it can be. */
  flush(): void {
    this.close();
    if (this.#builder.isEmpty) return;
    this.#credit -= 1;
    this.#send(this.#builder.finish());
  }

  credited(): void {
    this.#credit += 1;
    if (this.#isOverdue || this.#isFull()) this.#sendWithCredit();
    this.#onReady();
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isOverdue = false;
  }

  #isFull(): boolean {
    return BUFFER_ROWS_MAX <= this.#builder.rowCount || BUFFER_BYTES_MAX <= this.#builder.byteLength;
  }

  #sendWithCredit(): void {
    if (0 < this.#credit) this.flush();
  }

  #flushLater(): Cancellable {
    const { host, bufferTimeoutMs } = this.#options;
    return host.scheduler.at(host.clock.now() + bufferTimeoutMs, () => {
      this.#timer = undefined;
      this.#isOverdue = true;
      this.#sendWithCredit();
    });
  }
}

/** What the submitter has pushed and a source has not taken yet: bounded by the submitter, which waits for each push. */
class PushedRecords implements Inbox {
  readonly #onTaken: (request: number) => void;
  readonly #pushes: { readonly request: number; readonly reader: BufferReader }[] = [];
  #onArrival: () => void = ignore;

  constructor(onTaken: (request: number) => void) {
    this.#onTaken = onTaken;
  }

  take(): { readonly record: unknown } | undefined {
    for (let push = this.#pushes[0]; push !== undefined; push = this.#pushes[0]) {
      const kind = push.reader.next();
      if (kind === RECORD) return { record: push.reader.value };
      if (kind === DONE) {
        this.#pushes.shift();
        this.#onTaken(push.request);
      }
    }
    return undefined;
  }

  onArrival(listener: () => void): void {
    this.#onArrival = listener;
  }

  receive(request: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.#pushes.push({ request, reader: new BufferReader(bytes) });
    this.#onArrival();
  }
}

function ignore(): void {}
