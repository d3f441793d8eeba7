import { Duration } from "../lib/duration.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { TimeWindow } from "./time-window.ts";
import { type SessionAssigner, type WindowAssigner, type WindowAssignerContext, requireTimestamp, wholeMs } from "./window-assigner.ts";

/** Reads from a record how long its session stays open after it: a Duration, or ms as in Flink. Must be greater than zero. */
export type SessionWindowTimeGapExtractor<in T> = (record: T) => number | Duration;

function gapMsOf(kind: string, gap: Duration): number {
  const gapMs = wholeMs(kind, "gap", gap);
  if (!(0 < gapMs)) throw new JobError("INVALID_ARGUMENT", `${kind} must satisfy 0 < gap, but the gap is ${gap}`);
  return gapMs;
}

function extractedGapMs<T>(kind: string, extract: SessionWindowTimeGapExtractor<T>, record: T): number {
  const gap = extract(record);
  const gapMs = gap instanceof Duration ? gap.ms : gap;
  if (Number.isSafeInteger(gapMs) && 0 < gapMs) return gapMs;
  throw new JobError(
    "INVALID_ARGUMENT",
    `the dynamic session gap of ${kind} must satisfy 0 < gap and be a whole number of milliseconds, but is ${show(gapMs)}`,
  );
}

function requireExtractor(kind: string, extract: unknown): void {
  if (typeof extract === "function") return;
  throw new JobError(
    "INVALID_ARGUMENT",
    `${kind}.withDynamicGap takes a function such as (record) => seconds(30), but got ${show(extract)}`,
  );
}

/**
 * Sessions: records of which each comes less than, or exactly, `gap` after another belong together, by their timestamps.
 *
 * ```ts
 * keyed.window(EventTimeSessionWindows.withGap(minutes(30)));
 * keyed.window(EventTimeSessionWindows.withDynamicGap((r: Click) => (r.premium ? hours(1) : minutes(10))));
 * ```
 */
export class EventTimeSessionWindows implements WindowAssigner<unknown, TimeWindow>, SessionAssigner<unknown> {
  readonly kind = "EventTimeSessionWindows";
  readonly isEventTime = true;
  readonly isMerging = true;
  readonly defaultTrigger = "eventTime";
  readonly gapMs: number;

  private constructor(gapMs: number) {
    this.gapMs = gapMs;
  }

  get sessions(): this {
    return this;
  }

  /** @throws JobError INVALID_ARGUMENT when the gap is not greater than zero. */
  static withGap(gap: Duration): EventTimeSessionWindows {
    return new EventTimeSessionWindows(gapMsOf("EventTimeSessionWindows", gap));
  }

  /** A record whose gap is not greater than zero stops the job with INVALID_ARGUMENT. */
  static withDynamicGap<T>(extractor: SessionWindowTimeGapExtractor<T>): DynamicEventTimeSessionWindows<T> {
    return DynamicEventTimeSessionWindows.withDynamicGap(extractor);
  }

  assignWindows(_record: unknown, timestamp: number): readonly TimeWindow[] {
    const start = this.startOf(timestamp);
    return [new TimeWindow(start, start + this.gapMs)];
  }

  startOf(timestamp: number): number {
    requireTimestamp(this.kind, timestamp);
    return timestamp;
  }

  gapMsOf(): number {
    return this.gapMs;
  }

  describe(): string {
    return `${this.kind}(gap ${Duration.ofMillis(this.gapMs)})`;
  }
}

/** Event-time sessions whose gap each record states itself: `EventTimeSessionWindows.withDynamicGap(…)`. */
export class DynamicEventTimeSessionWindows<in T> implements WindowAssigner<T, TimeWindow>, SessionAssigner<T> {
  readonly kind = "DynamicEventTimeSessionWindows";
  readonly isEventTime = true;
  readonly isMerging = true;
  readonly defaultTrigger = "eventTime";
  readonly #extract: SessionWindowTimeGapExtractor<T>;

  private constructor(extract: SessionWindowTimeGapExtractor<T>) {
    this.#extract = extract;
  }

  get sessions(): this {
    return this;
  }

  static withDynamicGap<T>(extractor: SessionWindowTimeGapExtractor<T>): DynamicEventTimeSessionWindows<T> {
    requireExtractor("EventTimeSessionWindows", extractor);
    return new DynamicEventTimeSessionWindows(extractor);
  }

  assignWindows(record: T, timestamp: number): readonly TimeWindow[] {
    const start = this.startOf(timestamp);
    return [new TimeWindow(start, start + this.gapMsOf(record))];
  }

  startOf(timestamp: number): number {
    requireTimestamp(this.kind, timestamp);
    return timestamp;
  }

  gapMsOf(record: T): number {
    return extractedGapMs(this.kind, this.#extract, record);
  }

  describe(): string {
    return `${this.kind}(gap of each record)`;
  }
}

/**
 * Sessions by the clock of the machine at the time a record is processed.
 *
 * ```ts
 * keyed.window(ProcessingTimeSessionWindows.withGap(seconds(30)));
 * ```
 */
export class ProcessingTimeSessionWindows implements WindowAssigner<unknown, TimeWindow>, SessionAssigner<unknown> {
  readonly kind = "ProcessingTimeSessionWindows";
  readonly isEventTime = false;
  readonly isMerging = true;
  readonly defaultTrigger = "processingTime";
  readonly gapMs: number;

  private constructor(gapMs: number) {
    this.gapMs = gapMs;
  }

  get sessions(): this {
    return this;
  }

  /** @throws JobError INVALID_ARGUMENT when the gap is not greater than zero. */
  static withGap(gap: Duration): ProcessingTimeSessionWindows {
    return new ProcessingTimeSessionWindows(gapMsOf("ProcessingTimeSessionWindows", gap));
  }

  /** A record whose gap is not greater than zero stops the job with INVALID_ARGUMENT. */
  static withDynamicGap<T>(extractor: SessionWindowTimeGapExtractor<T>): DynamicProcessingTimeSessionWindows<T> {
    return DynamicProcessingTimeSessionWindows.withDynamicGap(extractor);
  }

  assignWindows(_record: unknown, timestamp: number, context: WindowAssignerContext): readonly TimeWindow[] {
    const now = this.startOf(timestamp, context);
    return [new TimeWindow(now, now + this.gapMs)];
  }

  startOf(_timestamp: number, context: WindowAssignerContext): number {
    return context.currentProcessingTime();
  }

  gapMsOf(): number {
    return this.gapMs;
  }

  describe(): string {
    return `${this.kind}(gap ${Duration.ofMillis(this.gapMs)})`;
  }
}

/** Processing-time sessions whose gap each record states itself: `ProcessingTimeSessionWindows.withDynamicGap(…)`. */
export class DynamicProcessingTimeSessionWindows<in T> implements WindowAssigner<T, TimeWindow>, SessionAssigner<T> {
  readonly kind = "DynamicProcessingTimeSessionWindows";
  readonly isEventTime = false;
  readonly isMerging = true;
  readonly defaultTrigger = "processingTime";
  readonly #extract: SessionWindowTimeGapExtractor<T>;

  private constructor(extract: SessionWindowTimeGapExtractor<T>) {
    this.#extract = extract;
  }

  get sessions(): this {
    return this;
  }

  static withDynamicGap<T>(extractor: SessionWindowTimeGapExtractor<T>): DynamicProcessingTimeSessionWindows<T> {
    requireExtractor("ProcessingTimeSessionWindows", extractor);
    return new DynamicProcessingTimeSessionWindows(extractor);
  }

  assignWindows(record: T, timestamp: number, context: WindowAssignerContext): readonly TimeWindow[] {
    const now = this.startOf(timestamp, context);
    return [new TimeWindow(now, now + this.gapMsOf(record))];
  }

  startOf(_timestamp: number, context: WindowAssignerContext): number {
    return context.currentProcessingTime();
  }

  gapMsOf(record: T): number {
    return extractedGapMs(this.kind, this.#extract, record);
  }

  describe(): string {
    return `${this.kind}(gap of each record)`;
  }
}
