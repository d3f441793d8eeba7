import { Duration } from "../lib/duration.ts";
import { JobError } from "../lib/errors.ts";
import { greatestCommonDivisor } from "./pane-layout.ts";
import { TimeWindow, windowStart } from "./time-window.ts";
import { type WindowAssigner, type WindowAssignerContext, requireTimestamp, wholeMs } from "./window-assigner.ts";

/** Flink's bound on the windows of one record. */
const WINDOWS_PER_RECORD_MAX = 10_000_000;

/** What the event-time and the processing-time assigner share: where the grid lies. */
class SlidingGrid {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;
  /** Records between two starts and two ends of windows have the same windows; most do as the one before. */
  #last: readonly TimeWindow[] = [];
  #lastFrom = Infinity;
  #lastUntil = -Infinity;

  constructor(sizeMs: number, slideMs: number, offsetMs: number) {
    this.sizeMs = sizeMs;
    this.slideMs = slideMs;
    this.offsetMs = offsetMs;
  }

  /**
   * The windows that hold `time`, the latest first. There is none where the slide is longer than the size and `time` falls
   * between two.
   */
  windowsOf(time: number): readonly TimeWindow[] {
    if (this.#lastFrom <= time && time < this.#lastUntil) return this.#last;
    const { sizeMs, slideMs } = this;
    const windows: TimeWindow[] = [];
    const lastStart = windowStart(time, this.offsetMs, slideMs);
    let start = lastStart;
    for (; time - sizeMs < start; start -= slideMs) windows.push(new TimeWindow(start, start + sizeMs));
    // `start` is now the first window that has ended; the next one to end is the last that was added.
    this.#lastFrom = Math.max(lastStart, start + sizeMs);
    this.#lastUntil = Math.min(lastStart + slideMs, windows.at(-1)?.end ?? Infinity);
    this.#last = windows;
    return windows;
  }

  describe(kind: string): string {
    const offset = this.offsetMs === 0 ? "" : `, offset ${Duration.ofMillis(this.offsetMs)}`;
    return `${kind}(${Duration.ofMillis(this.sizeMs)}, slide ${Duration.ofMillis(this.slideMs)}${offset})`;
  }
}

function gridOf(kind: string, size: Duration, slide: Duration, offset: Duration): SlidingGrid {
  const sizeMs = wholeMs(kind, "size", size);
  const slideMs = wholeMs(kind, "slide", slide);
  const offsetMs = wholeMs(kind, "offset", offset);
  if (!(0 < sizeMs && 0 < slideMs && Math.abs(offsetMs) < slideMs)) {
    throw new JobError(
      "INVALID_ARGUMENT",
      `${kind} must satisfy 0 < size, 0 < slide, abs(offset) < slide, but size is ${size}, slide ${slide}, offset ${offset}`,
    );
  }
  if (WINDOWS_PER_RECORD_MAX < Math.floor(sizeMs / slideMs)) {
    throw new JobError(
      "INVALID_ARGUMENT",
      `${kind} must satisfy size / slide <= ${WINDOWS_PER_RECORD_MAX}, but size is ${size} and slide ${slide}`,
    );
  }
  return new SlidingGrid(sizeMs, slideMs, offsetMs);
}

/**
 * Windows of one size that start every `slide`, by the timestamps of the records. They overlap where the slide is shorter than
 * the size.
 *
 * ```ts
 * keyed.window(SlidingEventTimeWindows.of(minutes(10), minutes(1)));
 * ```
 */
export class SlidingEventTimeWindows implements WindowAssigner<unknown, TimeWindow> {
  readonly kind = "SlidingEventTimeWindows";
  readonly isEventTime = true;
  readonly isMerging = false;
  readonly defaultTrigger = "eventTime";
  readonly #grid: SlidingGrid;

  private constructor(grid: SlidingGrid) {
    this.#grid = grid;
  }

  /**
   * @param size length of a window, greater than zero
   * @param slide from one start to the next, greater than zero
   * @param offset where windows begin, counted from the epoch; shorter than the slide, may be negative
   * @throws JobError INVALID_ARGUMENT
   */
  static of(size: Duration, slide: Duration, offset: Duration = Duration.ZERO): SlidingEventTimeWindows {
    return new SlidingEventTimeWindows(gridOf("SlidingEventTimeWindows", size, slide, offset));
  }

  get slides(): { readonly sizeMs: number; readonly slideMs: number; readonly offsetMs: number } {
    return this.#grid;
  }

  get sizeMs(): number {
    return this.#grid.sizeMs;
  }

  get slideMs(): number {
    return this.#grid.slideMs;
  }

  get offsetMs(): number {
    return this.#grid.offsetMs;
  }

  assignWindows(_record: unknown, timestamp: number): readonly TimeWindow[] {
    requireTimestamp(this.kind, timestamp);
    return this.#grid.windowsOf(timestamp);
  }

  /** Windows begin and end at multiples of the greatest common divisor of size and slide, counted from the offset. */
  cells(): { readonly sizeMs: number; readonly offsetMs: number } {
    const { sizeMs, slideMs, offsetMs } = this.#grid;
    return { sizeMs: greatestCommonDivisor(sizeMs, slideMs), offsetMs };
  }

  describe(): string {
    return this.#grid.describe(this.kind);
  }
}

/**
 * Windows of one size that start every `slide`, by the clock of the machine at the time a record is processed.
 *
 * ```ts
 * keyed.window(SlidingProcessingTimeWindows.of(minutes(1), seconds(10)));
 * ```
 */
export class SlidingProcessingTimeWindows implements WindowAssigner<unknown, TimeWindow> {
  readonly kind = "SlidingProcessingTimeWindows";
  readonly isEventTime = false;
  readonly isMerging = false;
  readonly defaultTrigger = "processingTime";
  readonly #grid: SlidingGrid;

  private constructor(grid: SlidingGrid) {
    this.#grid = grid;
  }

  /**
   * @param size length of a window, greater than zero
   * @param slide from one start to the next, greater than zero
   * @param offset where windows begin, counted from the epoch; shorter than the slide, may be negative
   * @throws JobError INVALID_ARGUMENT
   */
  static of(size: Duration, slide: Duration, offset: Duration = Duration.ZERO): SlidingProcessingTimeWindows {
    return new SlidingProcessingTimeWindows(gridOf("SlidingProcessingTimeWindows", size, slide, offset));
  }

  get sizeMs(): number {
    return this.#grid.sizeMs;
  }

  get slideMs(): number {
    return this.#grid.slideMs;
  }

  get offsetMs(): number {
    return this.#grid.offsetMs;
  }

  assignWindows(_record: unknown, _timestamp: number, context: WindowAssignerContext): readonly TimeWindow[] {
    return this.#grid.windowsOf(context.currentProcessingTime());
  }

  describe(): string {
    return this.#grid.describe(this.kind);
  }
}
