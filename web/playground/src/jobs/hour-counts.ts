import type { ColumnBatch, Sink, SinkWriter, SinkWriterContext } from "tamias";
import { openNews, type NewsChannel } from "./job-news.ts";

const HOUR_MS = 3_600_000;
/** Power of two: hours this far apart would share a place, and half a year has 4,368. */
const HOURS = 8_192;
/** Twice for each picture that is made of them. */
const NEWS_MS = 50;

/** Counts flights by the hour of their event time, as they are read, and tells it on. */
export class HourCounts implements Sink<{ readonly date: number }> {
  readonly takesColumns = true;
  readonly #channel: string;

  constructor(channel: string) {
    this.#channel = channel;
  }

  describe(): string {
    return "counts per hour, for the page";
  }

  createWriter(context: SinkWriterContext): SinkWriter<{ readonly date: number }> {
    return new HourCountsWriter(context, openNews(this.#channel));
  }
}

class HourCountsWriter implements SinkWriter<{ readonly date: number }> {
  readonly #context: SinkWriterContext;
  readonly #news: NewsChannel;
  readonly #counts = new Int32Array(HOURS);
  /** The hours that have a count. */
  readonly #hours: number[] = [];

  constructor(context: SinkWriterContext, news: NewsChannel) {
    this.#context = context;
    this.#news = news;
  }

  write({ date }: { readonly date: number }): void {
    this.#begin();
    this.#add(date);
  }

  writeColumns(batch: ColumnBatch): boolean {
    const dates = batch.column("date");
    if (dates?.kind !== "f64") throw new Error("a flight has a date");
    this.#begin();
    for (let index = 0; index < batch.length; index += 1) this.#add(dates.values[batch.rowOf(index)]!);
    return true;
  }

  flush(): void {
    this.#tell();
  }

  close(): void {
    this.#news.close();
  }

  #add(date: number): void {
    const hour = Math.floor(date / HOUR_MS);
    const place = hour & (HOURS - 1);
    if (this.#counts[place] === 0) this.#hours.push(hour);
    this.#counts[place]! += 1;
  }

  #begin(): void {
    if (0 < this.#hours.length) return;
    this.#context.at(this.#context.now() + NEWS_MS, () => this.#tell());
  }

  #tell(): void {
    if (this.#hours.length === 0) return;
    const hours = Int32Array.from(this.#hours);
    this.#news.post({ kind: "read", hours, counts: hours.map((hour) => this.#counts[hour & (HOURS - 1)]!) });
    this.#hours.length = 0;
    this.#counts.fill(0);
  }
}
