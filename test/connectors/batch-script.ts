import { SplitReader } from "../../core/connectors/split-reader.ts";
import { SplitQueue, splitQueueStateType, type SplitQueueState } from "../../core/connectors/split-queue.ts";
import type { ReaderOutput, Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "../../core/connectors/source.ts";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import { types } from "../../core/data/type.ts";

export interface BatchSplit {
  readonly id: string;
  readonly next: number;
}

const splitType = types.object({ id: types.string, next: types.number });

/** How a batch is handed over: as it is, as a list of its records, or record by record. */
export type Emits = "columns" | "together" | "rows";

/** Splits of batches, a batch a poll. All are read side by side. */
export class BatchScript implements Source<unknown, BatchSplit, SplitQueueState<BatchSplit>> {
  readonly boundedness = "BOUNDED";
  readonly givesColumns = true;
  readonly splitType = splitType;
  readonly enumeratorStateType = splitQueueStateType(splitType);
  readonly #splits: Readonly<Record<string, readonly ColumnBatch[]>>;
  readonly #emits: Emits;

  constructor(splits: Readonly<Record<string, readonly ColumnBatch[]>>, emits: Emits) {
    this.#splits = splits;
    this.#emits = emits;
  }

  describe(): string {
    return "batches";
  }

  splitId(split: BatchSplit): string {
    return split.id;
  }

  createEnumerator(context: SplitEnumeratorContext<BatchSplit>): SplitQueue<BatchSplit> {
    return SplitQueue.of(context, Object.keys(this.#splits).map((id) => ({ id, next: 0 })));
  }

  restoreEnumerator(context: SplitEnumeratorContext<BatchSplit>, state: SplitQueueState<BatchSplit>): SplitQueue<BatchSplit> {
    return SplitQueue.restored(context, state);
  }

  createReader(context: SourceReaderContext): SourceReader<unknown, BatchSplit> {
    const reader = new SplitReader<unknown, BatchSplit>(context, {
      idOf: ({ id }) => id,
      open: ({ id, next: start }) => {
        let next = start;
        return {
          next: (output) => {
            const batch = this.#splits[id]![next];
            if (batch === undefined) return "done";
            next += 1;
            if (this.#emits === "columns") output.collectColumns(batch);
            else if (this.#emits === "together") collectTogether(output, batch);
            else collectEach(output, batch);
            return "emitted";
          },
          position: () => ({ id, next }),
          close: () => {},
        };
      },
    });
    return {
      start: () => context.sendSplitRequest(),
      pollNext: (output) => reader.pollNext(output),
      addSplits: (splits) => {
        reader.addSplits(splits);
        context.sendSplitRequest();
      },
      notifyNoMoreSplits: () => reader.notifyNoMoreSplits(),
      snapshotState: () => reader.snapshotState(),
      close: () => reader.close(),
    };
  }
}

function collectTogether(output: ReaderOutput<unknown>, batch: ColumnBatch): void {
  const rows = Array.from({ length: batch.length }, (_, index) => batch.rowOf(index));
  const records = rows.map((row) => batch.rowAt(row));
  if (output.collectAll(records, rows.map((row) => batch.timestamps[row]!))) records.fill("overwritten");
}

function collectEach(output: ReaderOutput<unknown>, batch: ColumnBatch): void {
  for (let index = 0; index < batch.length; index += 1) {
    const row = batch.rowOf(index);
    const timestamp = batch.timestamps[row]!;
    if (timestamp === -Infinity) output.collect(batch.rowAt(row));
    else output.collect(batch.rowAt(row), timestamp);
  }
}
