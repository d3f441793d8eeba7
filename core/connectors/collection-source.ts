import { copied } from "../data/copied.ts";
import { types } from "../data/type.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { PulledAhead } from "./pulled-ahead.ts";
import { SplitQueue, splitQueueStateType, type SplitQueueState } from "./split-queue.ts";
import { SplitReader, type CursorStatus, type SplitCursor } from "./split-reader.ts";
import type { ReaderOutput, Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "./source.ts";

/** What `fromCollection` takes. */
export type Collection<T> = Iterable<T> | AsyncIterable<T> | ReadableStream<T>;

/** The elements from number `position` on, counted from 0, are still to be read. */
export interface CollectionSplit {
  readonly position: number;
}

const splitType = /* @__PURE__ */ types.object({ position: types.number });
const stateType = /* @__PURE__ */ splitQueueStateType(splitType);
const SPLIT_ID = "all";

/**
 * The elements of a collection, in order, read by one subtask. Its position is the count of elements emitted.
 *
 * Arrays and iterables that can be iterated again are read again from their start after a restore, and the elements already
 * emitted are skipped. A one-shot iterator, an async iterable or a ReadableStream gives each element once: after a restore in a
 * new process, which makes a new one, those already emitted are skipped too; in the same process the elements that were taken are
 * gone, and a restart that needs them fails and says so.
 *
 * Arrays and iterables are bounded. Async iterables and streams count as unbounded, which matters for BATCH only; they end when
 * they end.
 */
export class CollectionSource<T> implements Source<T, CollectionSplit, SplitQueueState<CollectionSplit>> {
  readonly boundedness: "BOUNDED" | "CONTINUOUS_UNBOUNDED";
  readonly splitType = splitType;
  readonly enumeratorStateType = stateType;
  readonly #collection: Collection<T>;
  readonly #kind: CollectionKind;
  /** The one iterator of a collection that gives its elements once, kept over restarts. */
  #oneShot: OneShot<T> | undefined;

  /** @throws JobError INVALID_ARGUMENT where the value cannot be iterated. */
  constructor(collection: Collection<T>) {
    this.#collection = collection;
    this.#kind = kindOf(collection);
    this.boundedness = this.#kind === "async iterable" || this.#kind === "stream" ? "CONTINUOUS_UNBOUNDED" : "BOUNDED";
  }

  describe(): string {
    return this.#kind === "array"
      ? `collection of ${(this.#collection as readonly T[]).length} elements`
      : `collection, ${this.#kind}`;
  }

  splitId(): string {
    return SPLIT_ID;
  }

  createEnumerator(context: SplitEnumeratorContext<CollectionSplit>): SplitQueue<CollectionSplit> {
    return SplitQueue.of(context, [{ position: 0 }]);
  }

  restoreEnumerator(
    context: SplitEnumeratorContext<CollectionSplit>,
    state: SplitQueueState<CollectionSplit>,
  ): SplitQueue<CollectionSplit> {
    return SplitQueue.restored(context, state);
  }

  createReader(context: SourceReaderContext): SourceReader<T, CollectionSplit> {
    return new SplitReader(context, { idOf: () => SPLIT_ID, open: (split) => this.#open(split.position, context) });
  }

  #open(position: number, context: SourceReaderContext): SplitCursor<T, CollectionSplit> {
    switch (this.#kind) {
      case "array":
        return new ArrayCursor(this.#collection as readonly T[], position);
      case "iterable":
        return new IteratorCursor({ iterator: (this.#collection as Iterable<T>)[Symbol.iterator](), taken: 0 }, position);
      case "one-shot iterator": {
        const oneShot = this.#takeOneShot(position, () => (this.#collection as Iterable<T>)[Symbol.iterator]());
        return new IteratorCursor(oneShot as OneShot<T> & { iterator: Iterator<T> }, position);
      }
      case "async iterable": {
        const oneShot = this.#takeOneShot(position, () => (this.#collection as AsyncIterable<T>)[Symbol.asyncIterator]());
        return new AsyncCursor(oneShot as OneShot<T> & { iterator: AsyncIterator<T> }, position, context);
      }
      case "stream": {
        const oneShot = this.#takeOneShot(position, () => streamIterator(this.#collection as ReadableStream<T>));
        return new AsyncCursor(oneShot as OneShot<T> & { iterator: AsyncIterator<T> }, position, context);
      }
    }
  }

  #takeOneShot(position: number, start: () => Iterator<T> | AsyncIterator<T>): OneShot<T> {
    const oneShot = (this.#oneShot ??= { iterator: start(), taken: 0 });
    if (oneShot.taken <= position) return oneShot;
    throw new JobError(
      "SOURCE_EXHAUSTED",
      `the ${this.#kind} of fromCollection gives each element once, and ${oneShot.taken} of them have been taken already, by an earlier run of a job; ` +
        "pass an array, an iterable that can be iterated again, or a source that can be replayed",
    );
  }
}

type CollectionKind = "array" | "iterable" | "one-shot iterator" | "async iterable" | "stream";

/** An iterator and how many elements were taken from it, by whichever attempt of the job. */
interface OneShot<T> {
  readonly iterator: Iterator<T> | AsyncIterator<T>;
  taken: number;
}

function kindOf(collection: unknown): CollectionKind {
  if (Array.isArray(collection)) return "array";
  if (typeof collection === "object" && collection !== null) {
    const candidate = collection as Partial<Iterable<unknown> & AsyncIterable<unknown> & ReadableStream>;
    // A ReadableStream may be async iterable too; its reader works everywhere.
    if (typeof candidate.getReader === "function") return "stream";
    if (typeof candidate[Symbol.asyncIterator] === "function") return "async iterable";
    const iteratorOf = candidate[Symbol.iterator];
    // An iterator returns itself, a collection makes a new one each time.
    if (typeof iteratorOf === "function") return iteratorOf.call(candidate) === candidate ? "one-shot iterator" : "iterable";
  }
  throw new JobError(
    "INVALID_ARGUMENT",
    `fromCollection takes an array, an iterable, an async iterable or a ReadableStream, but got ${show(collection)}` +
      (typeof collection === "function" ? "; call the function and pass what it returns" : ""),
  );
}

class ArrayCursor<T> implements SplitCursor<T, CollectionSplit> {
  readonly #array: readonly T[];
  #position: number;

  constructor(array: readonly T[], position: number) {
    if (array.length < position) throw shorterThan(position, array.length);
    this.#array = array;
    this.#position = position;
  }

  next(output: ReaderOutput<T>): CursorStatus {
    if (this.#array.length <= this.#position) return "done";
    const element = this.#array[this.#position] as T;
    this.#position += 1;
    // The collection is the caller's, and is read again after a restore: what the job does to its records must not show in it.
    output.collect(copied(element));
    return "emitted";
  }

  position(): CollectionSplit {
    return { position: this.#position };
  }

  close(): void {}
}

class IteratorCursor<T> implements SplitCursor<T, CollectionSplit> {
  readonly #source: { readonly iterator: Iterator<T>; taken: number };
  #position: number;
  #done = false;

  constructor(source: { readonly iterator: Iterator<T>; taken: number }, position: number) {
    this.#source = source;
    this.#position = position;
  }

  next(output: ReaderOutput<T>): CursorStatus {
    if (this.#done) return "done";
    for (;;) {
      const result = this.#source.iterator.next();
      if (result.done === true) {
        this.#done = true;
        if (this.#source.taken < this.#position) throw shorterThan(this.#position, this.#source.taken);
        return "done";
      }
      this.#source.taken += 1;
      // Elements that were emitted before the restore are taken again and passed over.
      if (this.#source.taken <= this.#position) continue;
      this.#position += 1;
      output.collect(copied(result.value));
      return "emitted";
    }
  }

  position(): CollectionSplit {
    return { position: this.#position };
  }

  close(): void {
    if (this.#done) return;
    this.#done = true;
    this.#source.iterator.return?.();
  }
}

class AsyncCursor<T> implements SplitCursor<T, CollectionSplit> {
  readonly #source: { readonly iterator: AsyncIterator<T>; taken: number };
  readonly #pulled: PulledAhead<T>;
  #position: number;

  constructor(source: { readonly iterator: AsyncIterator<T>; taken: number }, position: number, context: SourceReaderContext) {
    this.#source = source;
    this.#position = position;
    this.#pulled = new PulledAhead(source.iterator, context);
  }

  next(output: ReaderOutput<T>): CursorStatus {
    for (;;) {
      const status = this.#pulled.advance();
      if (status === "waiting") return "waiting";
      if (status === "done") {
        if (this.#source.taken < this.#position) throw shorterThan(this.#position, this.#source.taken);
        return "done";
      }
      this.#source.taken += 1;
      const element = this.#pulled.take();
      if (this.#source.taken <= this.#position) continue;
      this.#position += 1;
      output.collect(element);
      return "emitted";
    }
  }

  position(): CollectionSplit {
    return { position: this.#position };
  }

  close(): void {
    // What was pulled ahead is lost with the iterator; a restart in this process must not take it for unread.
    this.#source.taken += this.#pulled.close();
  }
}

function streamIterator<T>(stream: ReadableStream<T>): AsyncIterator<T> {
  const reader = stream.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<T>>,
    return: () => reader.cancel().then(() => ({ done: true, value: undefined })),
  };
}

function shorterThan(position: number, length: number): JobError {
  return new JobError(
    "RESTORE_MISMATCH",
    `the collection has ${length} elements, but ${position} had been read when the snapshot was taken; ` +
      "restore with the collection it was taken with",
  );
}
