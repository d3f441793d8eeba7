/** Shows the results of the flights job: a live table with a progress bar, plain lines, or one JSON object. */
import Table from "cli-table3";
import { createLogUpdate } from "log-update";
import type { Sink, SinkWriter, SinkWriterContext } from "tamias";
import { HOUR_MS, formatMinute } from "../civil-time.ts";
import type { FlightRecord, HourOfDelays, Tally } from "./delays.ts";

export interface FlightsViewOptions {
  readonly isJson: boolean;
  /** Scheduled time of the first flight: the run's time is counted from when the view opens. */
  readonly firstHour: number;
  /** How many flights there are: what the progress bar fills up to. */
  readonly flights: number;
}

const NEWEST_MAX = 12;
const REDRAW_MS = 100;
const PLAIN_LINES = 20;
const BAR_CELLS = 40;

/** Tells on standard error how far the input is loaded, where a person watches. */
export function reportLoading(isJson: boolean): (rowsRead: number, rowsTotal: number) => void {
  if (isJson || !process.stderr.isTTY) return () => {};
  return (rowsRead, rowsTotal) => {
    process.stderr.write(`\r\x1b[Kloading flights ${Math.floor((100 * rowsRead) / rowsTotal)} %`);
    if (rowsRead === rowsTotal) process.stderr.write("\r\x1b[K");
  };
}

/** A sink with one writer; runs where the job was submitted. */
export class FlightsView implements Sink<FlightRecord> {
  readonly #options: FlightsViewOptions;

  constructor(options: FlightsViewOptions) {
    this.#options = options;
  }

  describe(): string {
    return "terminal";
  }

  createWriter(context: SinkWriterContext): SinkWriter<FlightRecord> {
    if (this.#options.isJson) return new JsonView(context);
    // Some pseudo-terminals have no size: nothing could be drawn there.
    const canDraw = process.stdout.isTTY && 0 < process.stdout.rows;
    return canDraw ? new LiveView(context, this.#options) : new PlainView(context, this.#options);
  }
}

/** Only the summary, alone on the last line. */
class JsonView implements SinkWriter<FlightRecord> {
  readonly #context: SinkWriterContext;
  readonly #startedAt: number;
  /** No flights, no summary record: then all counts are 0. */
  #counts: Tally = { records: 0, windows: 0, refirings: 0, lateKept: 0, sideOutput: 0, wrongHour: 0 };

  constructor(context: SinkWriterContext) {
    this.#context = context;
    this.#startedAt = context.now();
  }

  write(record: FlightRecord): void {
    if (record.kind === "summary") this.#counts = record.counts;
  }

  flush(endOfInput: boolean): void {
    if (endOfInput) process.stdout.write(`${JSON.stringify(summaryOf(this.#counts, this.#context.now() - this.#startedAt))}\n`);
  }

  close(): void {}
}

class PlainView implements SinkWriter<FlightRecord> {
  readonly #context: SinkWriterContext;
  readonly #startedAt: number;
  readonly #progress: Progress;
  #printed = 0;

  constructor(context: SinkWriterContext, options: FlightsViewOptions) {
    this.#context = context;
    this.#startedAt = context.now();
    this.#progress = new Progress(options);
  }

  write(record: FlightRecord): void {
    if (record.kind === "summary") {
      printSummary(record.counts, this.#context.now() - this.#startedAt);
      return;
    }
    this.#progress.add(record.hour);
    // A line for each twentieth of the input, the very first result included.
    if (this.#progress.share * PLAIN_LINES < this.#printed) return;
    this.#printed += 1;
    const { origin, hour, flights, mean, worst } = record.hour;
    process.stdout.write(
      `${percent(this.#progress.share)}  ${formatMinute(hour)} ${origin}: ${flights} ${flights === 1 ? "flight" : "flights"}, mean delay ${mean.toFixed(1)} min, worst ${worst} min\n`,
    );
  }

  flush(): void {}

  close(): void {}
}

class LiveView implements SinkWriter<FlightRecord> {
  readonly #context: SinkWriterContext;
  readonly #startedAt: number;
  readonly #progress: Progress;
  readonly #newest: HourOfDelays[] = [];
  readonly #screen = createLogUpdate(process.stdout);
  #drawnAt = -Infinity;
  #counts: Tally | undefined;

  constructor(context: SinkWriterContext, options: FlightsViewOptions) {
    this.#context = context;
    this.#startedAt = context.now();
    this.#progress = new Progress(options);
  }

  write(record: FlightRecord): void {
    if (record.kind === "summary") {
      this.#counts = record.counts;
      return;
    }
    this.#progress.add(record.hour);
    this.#newest.push(record.hour);
    if (NEWEST_MAX < this.#newest.length) this.#newest.shift();
    const now = this.#context.now();
    if (now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#draw();
  }

  flush(endOfInput: boolean): void {
    if (!endOfInput) return;
    this.#progress.end();
    this.#draw();
  }

  /** The last picture stays, the cursor comes back, also after Ctrl-C. */
  close(): void {
    this.#screen.done();
    if (this.#counts !== undefined) printSummary(this.#counts, this.#context.now() - this.#startedAt);
  }

  #draw(): void {
    const table = new Table({
      head: ["hour (UTC)", "origin", "flights", "mean delay", "worst", ""],
      colWidths: [18, 8, 9, 13, 11, 11],
      colAligns: ["left", "left", "right", "right", "right", "left"],
      style: { head: [], border: [] },
      // No lines between rows: more of them fit.
      chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
    });
    for (const { hour, origin, flights, mean, worst, corrected } of this.#newest) {
      table.push([formatMinute(hour), origin, flights, `${mean.toFixed(1)} min`, `${worst} min`, corrected ? "corrected" : ""]);
    }
    this.#screen(`${table.toString()}\n${this.#progress.bar()}`);
  }
}

/** How much of the input the results stand for. Each window's first result and each correction say how many flights they count. */
class Progress {
  readonly #options: FlightsViewOptions;
  #seen = 0;
  #newestHour = -Infinity;

  constructor(options: FlightsViewOptions) {
    this.#options = options;
  }

  add({ hour, flights, corrected }: HourOfDelays): void {
    this.#seen += corrected ? 1 : flights;
    this.#newestHour = Math.max(this.#newestHour, hour);
  }

  /** Flights in the side output have no result: what is missing at the end. */
  end(): void {
    this.#seen = this.#options.flights;
  }

  /** From 0 to 1. */
  get share(): number {
    return this.#options.flights === 0 ? 1 : Math.min(1, this.#seen / this.#options.flights);
  }

  bar(): string {
    const filled = Math.round(this.share * BAR_CELLS);
    const days = Math.floor((this.#newestHour - this.#options.firstHour) / (24 * HOUR_MS));
    return `${"█".repeat(filled)}${"░".repeat(BAR_CELLS - filled)} ${percent(this.share)}  day ${Math.max(0, days) + 1} of event time`;
  }
}

function percent(share: number): string {
  return `${String(Math.floor(share * 100)).padStart(3)} %`;
}

function summaryOf(counts: Tally, elapsedMs: number): Record<string, number> {
  const { records, windows, refirings, lateKept, sideOutput, wrongHour } = counts;
  const recordsPerSecond = elapsedMs === 0 ? 0 : Math.round((records * 1_000) / elapsedMs);
  return { records, recordsPerSecond, windows, refirings, lateKept, sideOutput, wrongHour };
}

function printSummary(counts: Tally, elapsedMs: number): void {
  const { records, recordsPerSecond, windows, refirings, lateKept, sideOutput, wrongHour } = summaryOf(counts, elapsedMs) as unknown as Tally & {
    recordsPerSecond: number;
  };
  const grouped = (value: number): string => String(value).replaceAll(/\B(?=(\d{3})+$)/g, ",");
  process.stdout.write(
    [
      "",
      `${grouped(records)} flights, ${grouped(recordsPerSecond)} a second`,
      `${grouped(windows)} windows (origin and hour), ${grouped(refirings)} re-firings`,
      `${grouped(lateKept)} late flights kept by the allowed lateness of 1 h, ${grouped(sideOutput)} later still, in the side output`,
      `${grouped(wrongHour)} flights that a count by arrival time would have put into the wrong hour`,
      "",
    ].join("\n"),
  );
}
