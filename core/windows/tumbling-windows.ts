import { assert } from "../lib/assert.ts";
import { Duration } from "../lib/duration.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { TimeWindow, windowStart } from "./time-window.ts";
import { type WindowAssigner, type WindowAssignerContext, requireTimestamp, wholeMs } from "./window-assigner.ts";
import { WindowStagger, drawStagger } from "./window-stagger.ts";

/** What the event-time and the processing-time assigner share: where the grid lies. */
class TumblingGrid {
  readonly sizeMs: number;
  readonly offsetMs: number;
  readonly stagger: WindowStagger;
  /** Undefined until the first record decides it. */
  #staggerMs: number | undefined;
  /** Offset and stagger together; NaN until the stagger is decided. */
  #gridOffsetMs = NaN;
  /** Most records fall into the window of the record before. */
  #last: readonly [TimeWindow] = [new TimeWindow(NaN, NaN)];

  constructor(sizeMs: number, offsetMs: number, stagger: WindowStagger) {
    this.sizeMs = sizeMs;
    this.offsetMs = offsetMs;
    this.stagger = stagger;
    if (stagger === "ALIGNED") this.#setStagger(0);
  }

  /** The offset with the stagger, which is decided now at the latest. */
  gridOffsetMs(context: WindowAssignerContext): number {
    if (this.#staggerMs === undefined) this.#setStagger(drawStagger(this.stagger, this.sizeMs, context));
    return this.#gridOffsetMs;
  }

  windowsOf(time: number, context: WindowAssignerContext): readonly [TimeWindow] {
    const start = windowStart(time, this.gridOffsetMs(context), this.sizeMs);
    if (this.#last[0].start !== start) this.#last = [new TimeWindow(start, start + this.sizeMs)];
    return this.#last;
  }

  describe(kind: string): string {
    const offset = this.offsetMs === 0 ? "" : `, offset ${Duration.ofMillis(this.offsetMs)}`;
    const stagger = this.stagger === "ALIGNED" ? "" : `, stagger ${this.stagger} (not reproducible)`;
    return `${kind}(${Duration.ofMillis(this.sizeMs)}${offset}${stagger})`;
  }

  copy(): TumblingGrid {
    return new TumblingGrid(this.sizeMs, this.offsetMs, this.stagger);
  }

  snapshot(): number | undefined {
    return this.stagger === "ALIGNED" ? undefined : this.#staggerMs;
  }

  restore(snapshot: unknown): void {
    assert(typeof snapshot === "number", "the snapshot of a stagger is a number");
    assert(0 <= snapshot && snapshot < this.sizeMs, "a stagger lies within the size of its windows");
    if (this.stagger !== "ALIGNED") this.#setStagger(snapshot);
  }

  #setStagger(staggerMs: number): void {
    this.#staggerMs = staggerMs;
    this.#gridOffsetMs = (this.offsetMs + staggerMs) % this.sizeMs;
  }
}

function gridOf(kind: string, size: Duration, offset: Duration, stagger: WindowStagger): TumblingGrid {
  const sizeMs = wholeMs(kind, "size", size);
  const offsetMs = wholeMs(kind, "offset", offset);
  if (!(0 < sizeMs && Math.abs(offsetMs) < sizeMs)) {
    throw new JobError(
      "INVALID_ARGUMENT",
      `${kind} must satisfy 0 < size and abs(offset) < size, but size is ${size} and offset ${offset}`,
    );
  }
  if (!Object.hasOwn(WindowStagger, stagger)) {
    throw new JobError(
      "INVALID_ARGUMENT",
      `the stagger of ${kind} must be WindowStagger.ALIGNED, RANDOM or NATURAL, but is ${show(stagger)}`,
    );
  }
  return new TumblingGrid(sizeMs, offsetMs, stagger);
}

/**
 * Windows of one size, one after the other, by the timestamps of the records.
 *
 * ```ts
 * keyed.window(TumblingEventTimeWindows.of(hours(1)));
 * keyed.window(TumblingEventTimeWindows.of(days(1), hours(-8))); // days of UTC+08:00
 * ```
 */
export class TumblingEventTimeWindows implements WindowAssigner<unknown, TimeWindow> {
  readonly kind = "TumblingEventTimeWindows";
  readonly isEventTime = true;
  readonly isMerging = false;
  readonly hasOneWindowPerRecord = true;
  readonly defaultTrigger = "eventTime";
  readonly #grid: TumblingGrid;

  private constructor(grid: TumblingGrid) {
    this.#grid = grid;
  }

  /**
   * @param size length of a window, greater than zero
   * @param offset where windows begin, counted from the epoch; shorter than the size, may be negative
   * @throws JobError INVALID_ARGUMENT
   */
  static of(
    size: Duration,
    offset: Duration = Duration.ZERO,
    stagger: WindowStagger = WindowStagger.ALIGNED,
  ): TumblingEventTimeWindows {
    return new TumblingEventTimeWindows(gridOf("TumblingEventTimeWindows", size, offset, stagger));
  }

  get sizeMs(): number {
    return this.#grid.sizeMs;
  }

  /** As long as the size: tumbling windows are sliding windows that do not overlap. */
  get slideMs(): number {
    return this.#grid.sizeMs;
  }

  /** The offset as given, without stagger. */
  get offsetMs(): number {
    return this.#grid.offsetMs;
  }

  /** Where the windows of this subtask begin; decides the stagger. */
  gridOffsetMs(context: WindowAssignerContext): number {
    return this.#grid.gridOffsetMs(context);
  }

  assignWindows(_record: unknown, timestamp: number, context: WindowAssignerContext): readonly TimeWindow[] {
    requireTimestamp(this.kind, timestamp);
    return this.#grid.windowsOf(timestamp, context);
  }

  cells(context: WindowAssignerContext): { readonly sizeMs: number; readonly offsetMs: number } {
    return { sizeMs: this.#grid.sizeMs, offsetMs: this.#grid.gridOffsetMs(context) };
  }

  describe(): string {
    return this.#grid.describe(this.kind);
  }

  forSubtask(): TumblingEventTimeWindows {
    return new TumblingEventTimeWindows(this.#grid.copy());
  }

  snapshot(): number | undefined {
    return this.#grid.snapshot();
  }

  restore(snapshot: unknown): void {
    this.#grid.restore(snapshot);
  }
}

/**
 * Windows of one size, one after the other, by the clock of the machine at the time a record is processed.
 *
 * ```ts
 * keyed.window(TumblingProcessingTimeWindows.of(seconds(10)));
 * ```
 */
export class TumblingProcessingTimeWindows implements WindowAssigner<unknown, TimeWindow> {
  readonly kind = "TumblingProcessingTimeWindows";
  readonly isEventTime = false;
  readonly isMerging = false;
  readonly hasOneWindowPerRecord = true;
  readonly defaultTrigger = "processingTime";
  readonly #grid: TumblingGrid;

  private constructor(grid: TumblingGrid) {
    this.#grid = grid;
  }

  /**
   * @param size length of a window, greater than zero
   * @param offset where windows begin, counted from the epoch; shorter than the size, may be negative
   * @throws JobError INVALID_ARGUMENT
   */
  static of(
    size: Duration,
    offset: Duration = Duration.ZERO,
    stagger: WindowStagger = WindowStagger.ALIGNED,
  ): TumblingProcessingTimeWindows {
    return new TumblingProcessingTimeWindows(gridOf("TumblingProcessingTimeWindows", size, offset, stagger));
  }

  get sizeMs(): number {
    return this.#grid.sizeMs;
  }

  get slideMs(): number {
    return this.#grid.sizeMs;
  }

  /** The offset as given, without stagger. */
  get offsetMs(): number {
    return this.#grid.offsetMs;
  }

  /** Where the windows of this subtask begin; decides the stagger. */
  gridOffsetMs(context: WindowAssignerContext): number {
    return this.#grid.gridOffsetMs(context);
  }

  assignWindows(_record: unknown, _timestamp: number, context: WindowAssignerContext): readonly TimeWindow[] {
    return this.#grid.windowsOf(context.currentProcessingTime(), context);
  }

  describe(): string {
    return this.#grid.describe(this.kind);
  }

  forSubtask(): TumblingProcessingTimeWindows {
    return new TumblingProcessingTimeWindows(this.#grid.copy());
  }

  snapshot(): number | undefined {
    return this.#grid.snapshot();
  }

  restore(snapshot: unknown): void {
    this.#grid.restore(snapshot);
  }
}
