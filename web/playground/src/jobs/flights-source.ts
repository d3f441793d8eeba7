import {
  BatchEncoder,
  StringDictionary,
  types,
  type InputStatus,
  type ReaderOutput,
  type Source,
  type SourceReader,
  type SourceReaderContext,
  type SplitEnumerator,
  type SplitEnumeratorContext,
  type Type,
} from "tamias";
import type { Flight, FlightColumns, FlightTable } from "../../../../examples/flights/flight-table.ts";
import { loadFirstFlights } from "./first-flights.ts";
import { openNews, type NewsChannel } from "./job-news.ts";

/** All flights are one split, since their order of arrival is what makes some of them late; `next` counts on over all passes. */
interface FlightsSplit {
  readonly next: number;
}

export interface FlightsOptions {
  readonly url: string;
  readonly rowGroups: number;
  /** Begins again when the last flight was read, later in event time by as many whole days as the flights cover. */
  readonly isLooped: boolean;
  readonly channel: string;
}

const BATCH_ROWS_MIN = 1;
const BATCH_ROWS_MAX = 4_096;
/** Between these, batches are as large as they should be. */
const BATCH_MS_MIN = 15;
const BATCH_MS_MAX = 40;
const DAY_MS = 86_400_000;

/** Reads the flights, once or over and over, as column batches. They are loaded by the one subtask that reads them. */
export class FlightsSource implements Source<Flight, FlightsSplit, FlightsSplit | null> {
  readonly boundedness = "BOUNDED";
  readonly givesColumns = true;
  readonly columnNames: readonly string[] = ["date", "delay", "distance", "origin", "destination", "wrongHour"];
  readonly splitType: Type<FlightsSplit> = types.object({ next: types.number });
  readonly enumeratorStateType: Type<FlightsSplit | null> = types.nullable(types.object({ next: types.number }));
  readonly #options: FlightsOptions;

  constructor(options: FlightsOptions) {
    this.#options = options;
  }

  describe(): string {
    return `flights, ${this.#options.isLooped ? "over and over" : "once"}`;
  }

  createEnumerator(context: SplitEnumeratorContext<FlightsSplit>): SplitEnumerator<FlightsSplit, FlightsSplit | null> {
    return new OneSplit(context, { next: 0 });
  }

  restoreEnumerator(context: SplitEnumeratorContext<FlightsSplit>, state: FlightsSplit | null): SplitEnumerator<FlightsSplit, FlightsSplit | null> {
    return new OneSplit(context, state);
  }

  createReader(context: SourceReaderContext): SourceReader<Flight, FlightsSplit> {
    return new FlightsReader(context, this.#options);
  }
}

/** Gives the split to the first reader that asks. */
class OneSplit implements SplitEnumerator<FlightsSplit, FlightsSplit | null> {
  readonly #context: SplitEnumeratorContext<FlightsSplit>;
  #split: FlightsSplit | null;

  constructor(context: SplitEnumeratorContext<FlightsSplit>, split: FlightsSplit | null) {
    this.#context = context;
    this.#split = split;
  }

  start(): void {}

  addReader(): void {}

  handleSplitRequest(subtask: number): void {
    if (this.#split !== null) this.#context.assignSplit(this.#split, subtask);
    this.#split = null;
    this.#context.signalNoMoreSplits(subtask);
  }

  addSplitsBack([split]: readonly FlightsSplit[]): void {
    this.#split = split ?? null;
  }

  snapshotState(): FlightsSplit | null {
    return this.#split;
  }

  close(): void {}
}

class FlightsReader implements SourceReader<Flight, FlightsSplit> {
  readonly #context: SourceReaderContext;
  readonly #options: FlightsOptions;
  readonly #news: NewsChannel;
  readonly #encoder = new BatchEncoder();
  #split: FlightsSplit | undefined;
  #noMoreSplits = false;
  #flights: LoadedFlights | undefined;
  #rows = BATCH_ROWS_MIN;
  #polledAt = -Infinity;

  constructor(context: SourceReaderContext, options: FlightsOptions) {
    this.#context = context;
    this.#options = options;
    this.#news = openNews(options.channel);
  }

  start(): void {
    if (this.#split === undefined) this.#context.sendSplitRequest();
  }

  addSplits([split]: readonly FlightsSplit[]): void {
    this.#split = split;
    const { url, rowGroups } = this.#options;
    const onProgress = (rowsRead: number, rowsTotal: number): void => this.#news.post({ kind: "loading", rowsRead, rowsTotal });
    flightsOf(url, rowGroups, onProgress).then(
      (flights) => this.#context.post(() => this.#take(flights)),
      (cause: unknown) => this.#context.fail(cause),
    );
  }

  notifyNoMoreSplits(): void {
    this.#noMoreSplits = true;
    this.#context.notifyAvailable();
  }

  pollNext(output: ReaderOutput<Flight>): InputStatus {
    if (this.#split === undefined) return this.#noMoreSplits ? "END_OF_INPUT" : "NOTHING_AVAILABLE";
    const flights = this.#flights;
    if (flights === undefined) return "NOTHING_AVAILABLE";
    const { rowCount } = flights;
    const { next } = this.#split;
    if (!this.#options.isLooped && rowCount <= next) return "END_OF_INPUT";
    const start = next % rowCount;
    const end = Math.min(start + this.#batchRows(), rowCount);
    this.#emit(output, flights, start, end);
    this.#split = { next: next + end - start };
    return "MORE_AVAILABLE";
  }

  snapshotState(): readonly FlightsSplit[] {
    return this.#split === undefined ? [] : [this.#split];
  }

  close(): void {
    this.#news.close();
  }

  #take(flights: LoadedFlights): void {
    this.#flights = flights;
    this.#context.notifyAvailable();
  }

  /** A batch is taken as a whole, however slowly it is to go: so they are as small as makes a few dozen of them in a second. */
  #batchRows(): number {
    const now = this.#context.now();
    const passedMs = now - this.#polledAt;
    this.#polledAt = now;
    if (BATCH_MS_MAX < passedMs) this.#rows = Math.max(BATCH_ROWS_MIN, this.#rows / 2);
    else if (passedMs < BATCH_MS_MIN) this.#rows = Math.min(BATCH_ROWS_MAX, this.#rows * 2);
    return this.#rows;
  }

  #emit(output: ReaderOutput<Flight>, { columns, airports, rowCount, passMs }: LoadedFlights, start: number, end: number): void {
    const { date, delay, distance, origin, destination, wrongHour } = columns;
    const shiftMs = Math.floor((this.#split?.next ?? 0) / rowCount) * passMs;
    output.collectColumns(
      this.#encoder.encode({
        date: shiftMs === 0 ? date.subarray(start, end) : date.slice(start, end).map((at) => at + shiftMs),
        delay: delay.subarray(start, end),
        distance: distance.subarray(start, end),
        origin: airports.arrayOf(origin.ids.subarray(start, end)),
        destination: airports.arrayOf(destination.ids.subarray(start, end)),
        wrongHour: wrongHour.subarray(start, end),
      }),
    );
  }
}

interface LoadedFlights {
  readonly columns: FlightColumns;
  readonly airports: StringDictionary;
  readonly rowCount: number;
  /** How much later in event time the next pass is. */
  readonly passMs: number;
}

/** The flights that were loaded last stay, so that the next run starts at once. */
const loaded = new Map<string, Promise<LoadedFlights>>();

function flightsOf(url: string, rowGroups: number, onProgress: (rowsRead: number, rowsTotal: number) => void): Promise<LoadedFlights> {
  const name = `${url} ${rowGroups}`;
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const loading = loadFirstFlights(url, { rowGroups, onProgress }).then(prepared);
  loaded.clear();
  loaded.set(name, loading);
  loading.catch(() => loaded.delete(name));
  return loading;
}

function prepared({ columns }: FlightTable): LoadedFlights {
  let first = Infinity;
  let last = -Infinity;
  for (const date of columns.date) {
    if (date < first) first = date;
    if (last < date) last = date;
  }
  const airports = new StringDictionary(columns.origin.dictionary.strings);
  return { columns, airports, rowCount: columns.date.length, passMs: Math.ceil((last - first) / DAY_MS) * DAY_MS };
}
