import type { ReaderOutput, Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "../../core/connectors/source.ts";
import { SplitQueue, splitQueueStateType, type SplitQueueState } from "../../core/connectors/split-queue.ts";
import { SplitReader, type CursorStatus, type SplitCursor } from "../../core/connectors/split-reader.ts";
import { ColumnBuilder } from "../../core/data/column-builder.ts";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import { types } from "../../core/data/type.ts";
import type { ColumnCase, Item } from "./column-case.ts";

interface Position {
  readonly next: number;
}

const positionType = types.object({ next: types.number });
const stateType = splitQueueStateType(positionType);
const WHOLE: readonly Position[] = [{ next: 0 }];

/** How the items of a case come, in order: one by one, many together, or in batches with rows between them that are not selected. */
export type Travel = "alone" | "together" | "columns";

export class CaseSource implements Source<Item, Position, SplitQueueState<Position>> {
  readonly boundedness = "BOUNDED";
  readonly splitType = positionType;
  readonly enumeratorStateType = stateType;
  readonly givesColumns: boolean;
  readonly #given: ColumnCase;
  readonly #travel: Travel;

  constructor(given: ColumnCase, travel: Travel) {
    this.#given = given;
    this.#travel = travel;
    this.givesColumns = travel === "columns";
  }

  describe(): string {
    return "items of a random case";
  }

  createEnumerator(context: SplitEnumeratorContext<Position>): SplitQueue<Position> {
    return SplitQueue.of(context, WHOLE);
  }

  restoreEnumerator(context: SplitEnumeratorContext<Position>, state: SplitQueueState<Position>): SplitQueue<Position> {
    return SplitQueue.restored(context, state);
  }

  createReader(context: SourceReaderContext): SourceReader<Item, Position> {
    return new SplitReader(context, { idOf: () => "items", open: ({ next }) => new CaseCursor(this.#given, this.#travel, next) });
  }
}

class CaseCursor implements SplitCursor<Item, Position> {
  readonly #given: ColumnCase;
  readonly #travel: Travel;
  readonly #builder = new ColumnBuilder(64);
  #next: number;

  constructor(given: ColumnCase, travel: Travel, next: number) {
    this.#given = given;
    this.#travel = travel;
    this.#next = next;
  }

  next(output: ReaderOutput<Item>): CursorStatus {
    const { items, batchSizes } = this.#given;
    if (items.length <= this.#next) return "done";
    const end = Math.min(items.length, this.#next + batchSizes[this.#next % batchSizes.length]!);
    if (this.#travel === "columns") this.#emitBatch(this.#builder, output, end);
    else if (this.#travel === "together") this.#emitTogether(output, end);
    else output.collect(items[this.#next++]!.record);
    return "emitted";
  }

  position(): Position {
    return { next: this.#next };
  }

  close(): void {}

  #emitTogether(output: ReaderOutput<Item>, end: number): void {
    const records: unknown[] = this.#given.items.slice(this.#next, end).map(({ record }) => record);
    this.#next = end;
    // Whoever keeps the array all the same will not agree with records that come alone.
    if (output.collectAll(records as Item[])) records.fill("overwritten");
  }

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
    for (; this.#next < end; this.#next += 1) {
      const { record, hasShadow } = items[this.#next]!;
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
