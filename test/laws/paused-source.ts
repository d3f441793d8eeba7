import type { Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "../../core/connectors/source.ts";
import { SplitQueue, splitQueueStateType, type SplitQueueState } from "../../core/connectors/split-queue.ts";
import { SplitReader, type SplitCursor } from "../../core/connectors/split-reader.ts";
import { copied } from "../../core/data/copied.ts";
import { types } from "../../core/data/type.ts";

export interface PausedRow<T> {
  /** How long the split is silent before the row, ms of the host's clock. */
  readonly pauseMs: number;
  readonly row: T;
}

interface PausedSplit {
  readonly id: string;
  readonly next: number;
}

const splitType = types.object({ id: types.string, next: types.number });
const stateType = splitQueueStateType(splitType);

/** Splits that pause by the host's clock, so that they turn idle and come back; more splits than readers. */
export class PausedSource<T> implements Source<T, PausedSplit, SplitQueueState<PausedSplit>> {
  readonly boundedness = "BOUNDED";
  readonly splitType = splitType;
  readonly enumeratorStateType = stateType;
  readonly #splits: readonly (readonly PausedRow<T>[])[];

  constructor(splits: readonly (readonly PausedRow<T>[])[]) {
    this.#splits = splits;
  }

  describe(): string {
    return `${this.#splits.length} splits with pauses`;
  }

  splitId(split: PausedSplit): string {
    return split.id;
  }

  createEnumerator(context: SplitEnumeratorContext<PausedSplit>): SplitQueue<PausedSplit> {
    return SplitQueue.of(
      context,
      this.#splits.map((_rows, index) => ({ id: String(index), next: 0 })),
    );
  }

  restoreEnumerator(context: SplitEnumeratorContext<PausedSplit>, state: SplitQueueState<PausedSplit>): SplitQueue<PausedSplit> {
    return SplitQueue.restored(context, state);
  }

  createReader(context: SourceReaderContext): SourceReader<T, PausedSplit> {
    return new SplitReader<T, PausedSplit>(context, { idOf: ({ id }) => id, open: (split) => this.#open(split, context) });
  }

  #open(split: PausedSplit, context: SourceReaderContext): SplitCursor<T, PausedSplit> {
    const rows = this.#splits[Number(split.id)]!;
    let next = split.next;
    let readyAt: number | undefined;
    return {
      next: (output) => {
        const paused = rows[next];
        if (paused === undefined) return "done";
        if (readyAt === undefined) {
          readyAt = context.now() + paused.pauseMs;
          if (0 < paused.pauseMs) context.at(readyAt, () => context.notifyAvailable());
        }
        if (context.now() < readyAt) return "waiting";
        readyAt = undefined;
        next += 1;
        // A row of its own: what state holds of one may be made unusable.
        output.collect(copied(paused.row));
        return "emitted";
      },
      position: () => ({ id: split.id, next }),
      close: () => {},
    };
  }
}
