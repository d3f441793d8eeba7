import { Duration } from "../lib/duration.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { NO_TIMESTAMP, isTimestamp } from "../time/timestamp.ts";
import type { Window } from "./time-window.ts";

/** When windows fire by themselves: at their end in event time or processing time, at the end of the input, or never. */
export type DefaultTrigger = "eventTime" | "processingTime" | "endOfStream" | "never";

/** What an assigner may ask of the subtask it runs in. */
export interface WindowAssignerContext {
  /** Wall-clock time of the subtask in ms. */
  currentProcessingTime(): number;
  /** A number in [0, 1). */
  random(): number;
}

/** What the assigners of sessions say of a record without making a window of it. */
export interface SessionAssigner<in T> {
  startOf(timestamp: number, context: WindowAssignerContext): number;
  gapMsOf(record: T): number;
}

/**
 * Says to which windows a record belongs. The public assigners have Flink's names: `TumblingEventTimeWindows.of(minutes(1))`, …
 */
export interface WindowAssigner<in T, out W extends Window> {
  /** The name in `explain`. */
  readonly kind: string;
  readonly isEventTime: boolean;
  /** Whether windows that touch become one (sessions); they then merge as `mergeTimeWindows` says. */
  readonly isMerging: boolean;
  readonly defaultTrigger: DefaultTrigger;
  /** Set where a record lies in one window at most, so that what a window holds is its own. */
  readonly hasOneWindowPerRecord?: true;
  /** Of windows of event time on one grid, whatever the record: how they overlap. They may then be summed from slices. */
  readonly slides?: { readonly sizeMs: number; readonly slideMs: number; readonly offsetMs: number };
  /** Of sessions: what makes them, without a window of each record. */
  readonly sessions?: SessionAssigner<T>;
  /**
   * The windows of a record, none where it falls between them. The answer is only read, and may be the same array for several
   * records.
   * @param timestamp the record's timestamp in ms, NO_TIMESTAMP where it has none
   * @throws JobError MISSING_TIMESTAMPS where event time is needed and the record has no timestamp
   */
  assignWindows(record: T, timestamp: number, context: WindowAssignerContext): readonly W[];
  /**
   * The grid of windows of event time that follow from the timestamp alone, whatever the record: all timestamps of one cell `[offset + n × size, offset +
   * (n + 1) × size)` have the same windows. Absent for other windows. Asked first when the first record with a timestamp has come.
   */
  cells?(context: WindowAssignerContext): { readonly sizeMs: number; readonly offsetMs: number };
  /** One line for `explain`. */
  describe(): string;
  /** An own copy for each subtask, for assigners that decide something at run time (stagger). */
  forSubtask?(): WindowAssigner<T, W>;
  /** What was decided at run time, as a plain value; undefined as long as nothing was. */
  snapshot?(): unknown;
  /** Takes over what `snapshot` gave; never undefined. */
  restore?(snapshot: unknown): void;
}

/** Refuses a record without timestamp, the best-known trap of event time, and one that is stamped with the end of time. */
export function requireTimestamp(kind: string, timestamp: number): void {
  if (isTimestamp(timestamp)) return;
  if (timestamp !== NO_TIMESTAMP) {
    throw new JobError(
      "MISSING_TIMESTAMPS",
      `${kind} needs event time, but this record comes from a window that has no end (a count window, or a global one), and so has no time. ` +
        "Assign timestamps and watermarks behind that window, or use a processing-time window",
    );
  }
  throw new JobError(
    "MISSING_TIMESTAMPS",
    `${kind} needs event time, but this record has no timestamp. Assign timestamps and watermarks before the window:\n` +
      "    stream.assignTimestampsAndWatermarks(" +
      "WatermarkStrategy.forBoundedOutOfOrderness(seconds(5)).withTimestampAssigner(r => r.time))\n" +
      "  or use a processing-time window",
  );
}

/** Whole milliseconds of an argument of an assigner. */
export function wholeMs(kind: string, name: string, duration: Duration): number {
  if (!(duration instanceof Duration)) {
    throw new JobError(
      "INVALID_ARGUMENT",
      `the ${name} of ${kind} must be a Duration such as minutes(5), but is ${show(duration)}`,
    );
  }
  if (!Number.isSafeInteger(duration.ms)) {
    throw new JobError(
      "INVALID_ARGUMENT",
      `the ${name} of ${kind} must be a whole number of milliseconds, but is ${duration}`,
    );
  }
  return duration.ms;
}
