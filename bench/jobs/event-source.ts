import {
  type DataStreamSource,
  type InputStatus,
  type JobArgs,
  type ReaderOutput,
  type Source,
  type SourceReader,
  type SourceReaderContext,
  type SplitEnumerator,
  type SplitEnumeratorContext,
  type StreamExecutionEnvironment,
  WatermarkStrategy,
  columnsOf,
  milliseconds,
  types,
} from "tamias";
import { type EventRow, RowBlocks } from "../events.ts";
import { ColumnReader } from "./column-reader.ts";
import { BOUND_MS, type Work, workNamed } from "../works.ts";

/** What every job here takes: the name of a work, and how many of its events. */
export function workOf(args: JobArgs): { readonly work: Work; readonly events: number } {
  return { work: workNamed(String(args["work"])), events: Number(args["events"]) };
}

/** The same events in column batches, their time named by an expression. */
export function eventColumnsOf(env: StreamExecutionEnvironment, args: JobArgs): DataStreamSource<EventRow> {
  const { work, events } = workOf(args);
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<EventRow>(milliseconds(BOUND_MS));
  const source = new EventSource(work, events, (context) => new ColumnReader(context, work, events), true);
  return env.fromSource(source, strategy.withTimestampAssigner(columnsOf<EventRow>()("time")), "events");
}

/** The events of the work with timestamps, and a watermark after each event that advances it. */
export function eventsOf(env: StreamExecutionEnvironment, args: JobArgs): DataStreamSource<EventRow> {
  const { work, events } = workOf(args);
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<EventRow>(milliseconds(BOUND_MS));
  return env.fromSource(
    new EventSource(work, events, (context) => new EventReader(context, work, events), false),
    strategy.withTimestampAssigner((event) => event.time),
    "events",
  );
}

export interface EventSplit {
  /** Index of the next event. */
  readonly next: number;
}

const splitType = types.object({ next: types.number });
const stateType = types.array(splitType);

type MakeReader = (context: SourceReaderContext) => SourceReader<EventRow, EventSplit>;

/** One split with all events of a work, read in order by one subtask. */
class EventSource implements Source<EventRow, EventSplit, readonly EventSplit[]> {
  readonly boundedness = "BOUNDED";
  readonly splitType = splitType;
  readonly enumeratorStateType = stateType;
  readonly givesColumns: boolean;
  readonly #work: Work;
  readonly #events: number;
  readonly #makeReader: MakeReader;

  constructor(work: Work, events: number, makeReader: MakeReader, givesColumns: boolean) {
    this.#work = work;
    this.#events = events;
    this.#makeReader = makeReader;
    this.givesColumns = givesColumns;
  }

  describe(): string {
    return `${this.#events} generated events, ${this.#work.keys} ${this.#work.keyKind} keys`;
  }

  createEnumerator(context: SplitEnumeratorContext<EventSplit>): SplitEnumerator<EventSplit, readonly EventSplit[]> {
    return this.restoreEnumerator(context, [{ next: 0 }]);
  }

  restoreEnumerator(
    context: SplitEnumeratorContext<EventSplit>,
    state: readonly EventSplit[],
  ): SplitEnumerator<EventSplit, readonly EventSplit[]> {
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

  createReader(context: SourceReaderContext): SourceReader<EventRow, EventSplit> {
    return this.#makeReader(context);
  }
}

/** The events of a block at a time, made at once. */
class EventReader implements SourceReader<EventRow, EventSplit> {
  readonly #context: SourceReaderContext;
  readonly #work: Work;
  readonly #events: number;
  #blocks: RowBlocks | undefined;
  #emitted = 0;
  #noMoreSplits = false;

  constructor(context: SourceReaderContext, work: Work, events: number) {
    this.#context = context;
    this.#work = work;
    this.#events = events;
  }

  start(): void {}

  pollNext(output: ReaderOutput<EventRow>): InputStatus {
    const blocks = this.#blocks;
    if (blocks === undefined) return this.#noMoreSplits ? "END_OF_INPUT" : "NOTHING_AVAILABLE";
    if (!blocks.fill()) this.#blocks = undefined;
    else {
      this.#emitted += blocks.length;
      const rows = blocks.length === blocks.rows.length ? blocks.rows : blocks.rows.slice(0, blocks.length);
      if (!output.collectAll(rows)) blocks.renew();
    }
    return "MORE_AVAILABLE";
  }

  addSplits(splits: readonly EventSplit[]): void {
    const [split] = splits;
    if (split === undefined) return;
    this.#emitted = split.next;
    this.#blocks = new RowBlocks(this.#work, this.#events, split.next);
    this.#context.notifyAvailable();
  }

  notifyNoMoreSplits(): void {
    this.#noMoreSplits = true;
  }

  snapshotState(): readonly EventSplit[] {
    return this.#blocks === undefined ? [] : [{ next: this.#emitted }];
  }

  close(): void {}
}
