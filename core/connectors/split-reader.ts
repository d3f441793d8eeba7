import { assert } from "../lib/assert.ts";
import type { InputStatus, ReaderOutput, SourceReader, SourceReaderContext } from "./source.ts";

/**
 * `emitted`: one record went out; `waiting`: nothing now, the cursor wakes its reader; `done`: the split has been read to its
 * end.
 */
export type CursorStatus = "emitted" | "waiting" | "done";

/** Reads one split, a record at a time. */
export interface SplitCursor<T, Split> {
  next(output: ReaderOutput<T>): CursorStatus;
  /** The split that starts after the last record emitted: whoever opens it reads exactly what is left. */
  position(): Split;
  close(): void;
}

export interface SplitFormat<T, Split> {
  idOf(split: Split): string;
  /** Opens a split at its position. A cursor that returned `waiting` calls `context.notifyAvailable` when it may have more. */
  open(split: Split, context: SourceReaderContext): SplitCursor<T, Split>;
}

interface OpenSplit<T, Split> {
  readonly id: string;
  readonly cursor: SplitCursor<T, Split>;
  readonly output: ReaderOutput<T>;
}

/**
 * A reader for sources whose splits are read one record at a time. It asks for a split when it has none, and takes turns between
 * the splits it has: usually one, more after a restore with fewer subtasks. One record a poll, so backpressure and barriers come
 * between any two records.
 */
export class SplitReader<T, Split> implements SourceReader<T, Split> {
  readonly #context: SourceReaderContext;
  readonly #format: SplitFormat<T, Split>;
  readonly #unopened: Split[] = [];
  readonly #open: OpenSplit<T, Split>[] = [];
  #turn = 0;
  #asked = false;
  #noMoreSplits = false;

  constructor(context: SourceReaderContext, format: SplitFormat<T, Split>) {
    this.#context = context;
    this.#format = format;
  }

  start(): void {
    if (this.#unopened.length === 0) this.#ask();
  }

  pollNext(output: ReaderOutput<T>): InputStatus {
    if (0 < this.#unopened.length) this.#openAll(output);
    for (let tried = this.#open.length; 0 < tried; tried -= 1) {
      if (this.#open.length <= this.#turn) this.#turn = 0;
      const split = this.#open[this.#turn]!;
      const status = split.cursor.next(split.output);
      if (status === "done") return this.#finish(split, output);
      this.#turn += 1;
      if (status === "emitted") return "MORE_AVAILABLE";
    }
    return this.#noMoreSplits && this.#open.length === 0 ? "END_OF_INPUT" : "NOTHING_AVAILABLE";
  }

  addSplits(splits: readonly Split[]): void {
    this.#asked = false;
    this.#unopened.push(...splits);
  }

  notifyNoMoreSplits(): void {
    this.#noMoreSplits = true;
  }

  /** In the order of turns, so that a restore goes on with the split whose turn it is. */
  snapshotState(): readonly Split[] {
    const positions = this.#open.map(({ cursor }) => cursor.position());
    return [...positions.slice(this.#turn), ...this.#unopened, ...positions.slice(0, this.#turn)];
  }

  close(): void {
    for (const { cursor } of this.#open.splice(0)) cursor.close();
  }

  #openAll(output: ReaderOutput<T>): void {
    while (0 < this.#unopened.length) {
      // Opened before it leaves the queue: a split that cannot be opened stays part of the reader's state.
      const split = this.#unopened[0]!;
      const id = this.#format.idOf(split);
      const cursor = this.#format.open(split, this.#context);
      this.#unopened.shift();
      this.#open.push({ id, cursor, output: output.createOutputForSplit(id) });
    }
  }

  #finish(split: OpenSplit<T, Split>, output: ReaderOutput<T>): InputStatus {
    const index = this.#open.indexOf(split);
    assert(0 <= index, "a split that ends is open");
    this.#open.splice(index, 1);
    split.cursor.close();
    output.releaseOutputForSplit(split.id);
    if (this.#open.length === 0) this.#ask();
    return this.#open.length === 0 && !this.#noMoreSplits ? "NOTHING_AVAILABLE" : "MORE_AVAILABLE";
  }

  #ask(): void {
    if (this.#asked || this.#noMoreSplits) return;
    this.#asked = true;
    this.#context.sendSplitRequest();
  }
}
