import { types } from "../data/type.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { SplitQueue, splitQueueStateType, type SplitQueueState } from "./split-queue.ts";
import { SplitReader, type CursorStatus, type SplitCursor } from "./split-reader.ts";
import type { ReaderOutput, Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "./source.ts";

/** The numbers `next` to `to`, both included, are still to be read. */
export interface SequenceSplit {
  readonly id: string;
  readonly next: number;
  readonly to: number;
}

const splitType = /* @__PURE__ */ types.object({ id: types.string, next: types.number, to: types.number });
const stateType = /* @__PURE__ */ splitQueueStateType(splitType);

/**
 * The integers from `from` to `to`, both included, as Flink's `NumberSequenceSource`: one contiguous range for each subtask, so
 * the whole sequence is in order only at parallelism 1.
 */
export class SequenceSource implements Source<number, SequenceSplit, SplitQueueState<SequenceSplit>> {
  readonly boundedness = "BOUNDED";
  readonly splitType = splitType;
  readonly enumeratorStateType = stateType;
  readonly #from: number;
  readonly #to: number;

  /** @throws JobError INVALID_ARGUMENT unless both are safe integers and `from` is not larger than `to`. */
  constructor(from: number, to: number) {
    for (const [name, bound] of [["first", from] as const, ["last", to] as const]) {
      if (!Number.isSafeInteger(bound)) {
        throw new JobError("INVALID_ARGUMENT", `the ${name} number of a sequence must be a safe integer, but is ${show(bound)}`);
      }
    }
    if (to < from)
      throw new JobError("INVALID_ARGUMENT", `a sequence goes from the smaller to the larger number, but got ${from} and ${to}`);
    this.#from = from;
    this.#to = to;
  }

  describe(): string {
    return `sequence ${this.#from}…${this.#to}`;
  }

  splitId(split: SequenceSplit): string {
    return split.id;
  }

  createEnumerator(context: SplitEnumeratorContext<SequenceSplit>): SplitQueue<SequenceSplit> {
    return SplitQueue.of(context, splitSequence(this.#from, this.#to, context.parallelism));
  }

  restoreEnumerator(
    context: SplitEnumeratorContext<SequenceSplit>,
    state: SplitQueueState<SequenceSplit>,
  ): SplitQueue<SequenceSplit> {
    return SplitQueue.restored(context, state);
  }

  createReader(context: SourceReaderContext): SourceReader<number, SequenceSplit> {
    return new SplitReader(context, { idOf: ({ id }) => id, open: (split) => new SequenceCursor(split) });
  }
}

class SequenceCursor implements SplitCursor<number, SequenceSplit> {
  readonly #split: SequenceSplit;
  #next: number;

  constructor(split: SequenceSplit) {
    this.#split = split;
    this.#next = split.next;
  }

  next(output: ReaderOutput<number>): CursorStatus {
    if (this.#split.to < this.#next) return "done";
    const number = this.#next;
    this.#next = number + 1;
    output.collect(number);
    return "emitted";
  }

  position(): SequenceSplit {
    return { ...this.#split, next: this.#next };
  }

  close(): void {}
}

/**
 * Contiguous ranges whose sizes differ by one at most, the larger ones first; fewer than `count` where there are not enough
 * numbers.
 */
export function splitSequence(from: number, to: number, count: number): SequenceSplit[] {
  // Two safe integers can be further apart than 2^53, so the sizes are computed exactly.
  const total = BigInt(to) - BigInt(from) + 1n;
  const share = total / BigInt(count);
  const larger = total % BigInt(count);
  const splits: SequenceSplit[] = [];
  let next = BigInt(from);
  for (let index = 0n; index < BigInt(count); index += 1n) {
    const size = index < larger ? share + 1n : share;
    if (size === 0n) break;
    splits.push({ id: String(index), next: Number(next), to: Number(next + size - 1n) });
    next += size;
  }
  return splits;
}
