import {
  type InputStatus,
  type ReaderOutput,
  type Source,
  type SourceReader,
  type SourceReaderContext,
  type SplitEnumerator,
  type SplitEnumeratorContext,
  types,
} from "tamias";
import { ColumnBuilder } from "../../core/data/column-builder.ts";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import type { ColumnCase, Item } from "./column-case.ts";

interface Position {
  readonly next: number;
}

const positionType = types.object({ next: types.number });
const stateType = types.array(positionType);

/** The items of a case in order: one by one, or in batches with rows between them that are not selected. */
export class CaseSource implements Source<Item, Position, readonly Position[]> {
  readonly boundedness = "BOUNDED";
  readonly splitType = positionType;
  readonly enumeratorStateType = stateType;
  readonly givesColumns: boolean;
  readonly #given: ColumnCase;

  constructor(given: ColumnCase, givesColumns: boolean) {
    this.#given = given;
    this.givesColumns = givesColumns;
  }

  describe(): string {
    return "items of a random case";
  }

  createEnumerator(context: SplitEnumeratorContext<Position>): SplitEnumerator<Position, readonly Position[]> {
    return this.restoreEnumerator(context, [{ next: 0 }]);
  }

  restoreEnumerator(context: SplitEnumeratorContext<Position>, state: readonly Position[]): SplitEnumerator<Position, readonly Position[]> {
    const free = [...state];
    return {
      start() {},
      addReader(subtask) {
        for (const split of free.splice(0)) context.assignSplit(split, subtask);
        context.signalNoMoreSplits(subtask);
      },
      handleSplitRequest() {},
      addSplitsBack: (splits) => void free.push(...splits),
      snapshotState: () => [...free],
      close() {},
    };
  }

  createReader(context: SourceReaderContext): SourceReader<Item, Position> {
    return new CaseReader(context, this.#given, this.givesColumns);
  }
}

class CaseReader implements SourceReader<Item, Position> {
  readonly #context: SourceReaderContext;
  readonly #given: ColumnCase;
  readonly #builder: ColumnBuilder | undefined;
  #next: number | undefined;
  #noMoreSplits = false;

  constructor(context: SourceReaderContext, given: ColumnCase, givesColumns: boolean) {
    this.#context = context;
    this.#given = given;
    this.#builder = givesColumns ? new ColumnBuilder(64) : undefined;
  }

  start(): void {}

  pollNext(output: ReaderOutput<Item>): InputStatus {
    const { items, batchSizes } = this.#given;
    if (this.#next === undefined) return this.#noMoreSplits ? "END_OF_INPUT" : "NOTHING_AVAILABLE";
    if (items.length <= this.#next) {
      this.#next = undefined;
      return "MORE_AVAILABLE";
    }
    if (this.#builder === undefined) {
      output.collect(items[this.#next]!.record);
      this.#next += 1;
    } else this.#emitBatch(this.#builder, output, Math.min(items.length, this.#next + batchSizes[this.#next % batchSizes.length]!));
    return "MORE_AVAILABLE";
  }

  addSplits(splits: readonly Position[]): void {
    for (const { next } of splits) this.#next = next;
    this.#context.notifyAvailable();
  }

  notifyNoMoreSplits(): void {
    this.#noMoreSplits = true;
    this.#context.notifyAvailable();
  }

  snapshotState(): readonly Position[] {
    return this.#next === undefined ? [] : [{ next: this.#next }];
  }

  close(): void {}

  /** A record that breaks the layout goes by itself, behind the batch of those before it. */
  #emitBatch(builder: ColumnBuilder, output: ReaderOutput<Item>, end: number): void {
    const { items } = this.#given;
    let selection: number[] = [];
    const send = (): void => {
      if (builder.isEmpty) return;
      const batch = builder.finish();
      const isFree = output.collectColumns(selection.length === batch.rowCount ? batch : batch.select(Int32Array.from(selection)));
      if (isFree) scribbleOver(batch);
      selection = [];
    };
    for (; this.#next! < end; this.#next! += 1) {
      const { record, hasShadow } = items[this.#next!]!;
      if (hasShadow && !builder.isFull && !builder.add({ ...record, time: record.time + 1e9 }, -Infinity)) send();
      if (builder.isFull) send();
      if (builder.add(record, -Infinity)) selection.push(builder.rowCount - 1);
      else {
        send();
        output.collect(record);
      }
    }
    send();
  }
}

/** Nobody keeps any of the batch: whoever reads its memory all the same will not agree with rows. */
function scribbleOver({ columns, timestamps }: ColumnBatch): void {
  timestamps.fill(4e12);
  for (const { kind, values, validity } of columns) {
    if (kind === "i64") values.fill(-77n);
    else if (kind !== "object") values.fill(-77);
    validity?.fill(0x55);
  }
}
