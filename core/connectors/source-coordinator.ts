import { assert, InvariantViolation, unreachable } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import { codecs } from "../data/coded-type.ts";
import type { Cancellable } from "../host/host.ts";
import type { ToEnumerator, ToReader } from "../operators/source-protocol.ts";
import { SplitAssignments } from "./split-assignments.ts";
import type { Source, SplitEnumerator, SplitEnumeratorContext } from "./source.ts";

/** What a coordinator needs of the job that runs it. */
export interface SourceCoordinatorHost {
  readonly parallelism: number;
  /** Messages to one subtask arrive in order, and before any barrier of a checkpoint that begins later. */
  send(subtask: number, message: ToReader): void;
  at(time: number, job: () => void): Cancellable;
  now(): number;
  post(job: () => void): void;
  fail(error: JobError): void;
}

/**
 * Runs the enumerator of a source, once per job: hands its splits to the readers, remembers who got which since the last
 * completed checkpoint, and gives back those of a reader that failed.
 *
 * Call `restore` before `start`, or not at all; `snapshot` before the barriers of the checkpoint are sent.
 */
export class SourceCoordinator<T, Split, EnumeratorState> {
  readonly #source: Source<T, Split, EnumeratorState>;
  readonly #host: SourceCoordinatorHost;
  readonly #readers = new Set<number>();
  readonly #assignments = new SplitAssignments<Split>();
  readonly #scheduled = new Set<Cancellable>();
  #enumerator: SplitEnumerator<Split, EnumeratorState> | undefined;
  #closed = false;

  constructor(source: Source<T, Split, EnumeratorState>, host: SourceCoordinatorHost) {
    this.#source = source;
    this.#host = host;
  }

  /** Makes the enumerator from what `snapshot` returned. */
  restore(bytes: Uint8Array): void {
    assert(this.#enumerator === undefined, "an enumerator is restored before it starts");
    this.#guarded(() => {
      const state = codecs.module.decodeValue(this.#source.enumeratorStateType, bytes);
      this.#enumerator = this.#source.restoreEnumerator(this.#enumeratorContext(), state);
    });
  }

  start(): void {
    // A restore that failed has ended the job.
    if (this.#closed) return;
    this.#guarded(() => {
      this.#enumerator ??= this.#source.createEnumerator(this.#enumeratorContext());
      this.#enumerator.start();
    });
  }

  receive(subtask: number, message: ToEnumerator): void {
    const enumerator = this.#enumerator;
    if (enumerator === undefined || this.#closed) return;
    switch (message.kind) {
      case "register":
        this.#readers.add(subtask);
        return this.#guarded(() => enumerator.addReader(subtask));
      case "request-split":
        return this.#guarded(() => enumerator.handleSplitRequest(subtask));
      case "event":
        return this.#guarded(() => enumerator.handleSourceEvent?.(subtask, message.event));
      default:
        return unreachable(message);
    }
  }

  /** A reader has failed and will register again, restored from the last completed checkpoint. */
  subtaskFailed(subtask: number): void {
    this.#readers.delete(subtask);
    const splits = this.#assignments.takeBack(subtask);
    if (0 < splits.length) this.#guarded(() => this.#enumerator?.addSplitsBack(splits, subtask));
  }

  /** @throws JobError where the state cannot be taken or written; that checkpoint fails. */
  snapshot(checkpointId: number): Uint8Array<ArrayBuffer> {
    const enumerator = this.#enumerator;
    assert(enumerator !== undefined, "an enumerator has started when it is asked for its state");
    try {
      const bytes = codecs.module.encodeValue(this.#source.enumeratorStateType, enumerator.snapshotState(checkpointId));
      this.#assignments.snapshotTaken(checkpointId);
      return bytes;
    } catch (cause) {
      throw this.#failure(cause);
    }
  }

  completed(checkpointId: number): void {
    this.#assignments.completed(checkpointId);
    this.#guarded(() => this.#enumerator?.notifyCheckpointComplete?.(checkpointId));
  }

  /** Closes the enumerator, once. Answers and timers that come later are dropped. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const scheduled of this.#scheduled) scheduled.cancel();
    this.#scheduled.clear();
    this.#guarded(() => this.#enumerator?.close());
  }

  #enumeratorContext(): SplitEnumeratorContext<Split> {
    const host = this.#host;
    return {
      parallelism: host.parallelism,
      registeredReaders: () => [...this.#readers].sort((a, b) => a - b),
      assignSplit: (split, subtask) => {
        this.#requireReader(subtask, "a split was assigned");
        this.#assignments.assigned(split, subtask);
        host.send(subtask, { kind: "add-splits", splits: [split] });
      },
      signalNoMoreSplits: (subtask) => {
        this.#requireReader(subtask, "the end of splits was signalled");
        host.send(subtask, { kind: "no-more-splits" });
      },
      sendEventToReader: (subtask, event) => {
        this.#requireReader(subtask, "an event was sent");
        host.send(subtask, { kind: "event", event });
      },
      callAsync: (work, handle) => this.#callAsync(work, handle),
      at: (time, job) => this.#at(time, job),
      now: () => host.now(),
    };
  }

  /** The first answer counts; it is handled as mail, also where `work` answers at once. */
  #callAsync<R>(
    work: (answer: (result: R) => void, failure: (cause: unknown) => void) => void,
    handle: (result: R) => void,
  ): void {
    let answered = false;
    const settle = (then: () => void): void => {
      if (answered) return;
      answered = true;
      this.#host.post(() => {
        if (!this.#closed) then();
      });
    };
    this.#guarded(() =>
      work(
        (result) => settle(() => this.#guarded(() => handle(result))),
        (cause) => settle(() => this.#host.fail(this.#failure(cause))),
      ),
    );
  }

  #at(time: number, job: () => void): Cancellable {
    if (this.#closed) return { cancel: () => {} };
    const scheduled = this.#host.at(time, () => {
      this.#scheduled.delete(scheduled);
      if (!this.#closed) this.#guarded(job);
    });
    this.#scheduled.add(scheduled);
    return {
      cancel: () => {
        this.#scheduled.delete(scheduled);
        scheduled.cancel();
      },
    };
  }

  #requireReader(subtask: number, what: string): void {
    if (this.#readers.has(subtask)) return;
    const registered = [...this.#readers].join(", ") || "none";
    throw new JobError(
      "SOURCE_FAILED",
      `${what} to reader ${subtask}, which is not registered (registered: ${registered}); wait for addReader(${subtask})`,
    );
  }

  #guarded(call: () => void): void {
    try {
      call();
    } catch (cause) {
      if (cause instanceof InvariantViolation) throw cause;
      this.#host.fail(this.#failure(cause));
    }
  }

  #failure(cause: unknown): JobError {
    if (cause instanceof JobError) return cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    return new JobError("SOURCE_FAILED", `the split enumerator of the source "${this.#source.describe()}" failed: ${text}`, {
      cause,
    });
  }
}
