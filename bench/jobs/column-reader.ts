import {
  BatchEncoder,
  StringDictionary,
  type ColumnBatch,
  type InputStatus,
  type ReaderOutput,
  type SourceReader,
  type SourceReaderContext,
} from "tamias";
import { ColumnBlocks, type EventRow, keyNames } from "../events.ts";
import type { Work } from "../works.ts";
import type { EventSplit } from "./event-source.ts";

/** One block a poll, as a column batch; string keys as numbers with the dictionary that a reader of such input has. */
export class ColumnReader implements SourceReader<EventRow, EventSplit> {
  readonly #context: SourceReaderContext;
  readonly #work: Work;
  readonly #events: number;
  readonly #encoder = new BatchEncoder();
  /** Undefined where keys are integers. */
  readonly #names: StringDictionary | undefined;
  #blocks: ColumnBlocks | undefined;
  #noMoreSplits = false;

  constructor(context: SourceReaderContext, work: Work, events: number) {
    this.#context = context;
    this.#work = work;
    this.#events = events;
    if (work.keyKind === "string") this.#names = new StringDictionary(keyNames(work));
  }

  start(): void {}

  pollNext(output: ReaderOutput<EventRow>): InputStatus {
    const blocks = this.#blocks;
    if (blocks === undefined) return this.#noMoreSplits ? "END_OF_INPUT" : "NOTHING_AVAILABLE";
    if (!blocks.fill()) this.#blocks = undefined;
    else if (!output.collectColumns(this.#batchOf(blocks))) blocks.renew();
    return "MORE_AVAILABLE";
  }

  #batchOf(blocks: ColumnBlocks): ColumnBatch {
    const { length } = blocks;
    const keys = blocks.keys.subarray(0, length);
    const columns = { value: blocks.values.subarray(0, length), time: blocks.times.subarray(0, length) };
    return this.#encoder.encode({ key: this.#names === undefined ? keys : this.#names.arrayOf(keys), ...columns });
  }

  addSplits([split]: readonly EventSplit[]): void {
    if (split === undefined) return;
    this.#blocks = new ColumnBlocks(this.#work, this.#events, split.next);
    this.#context.notifyAvailable();
  }

  notifyNoMoreSplits(): void {
    this.#noMoreSplits = true;
  }

  snapshotState(): readonly EventSplit[] {
    return this.#blocks === undefined ? [] : [{ next: this.#blocks.next }];
  }

  close(): void {}
}
