import {
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  count,
  milliseconds,
  sum,
  type JobArgs,
  type StreamExecutionEnvironment,
  type TimeWindow,
  type WindowAssigner,
} from "tamias";
import type { Work } from "../works.ts";
import { eventsOf, workOf } from "./event-source.ts";
import { TOO_LATE, tallyWindows } from "./tally-sink.ts";

/** Sum and count of each key and window by built-in aggregates, over rows. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const { work } = workOf(args);
  const sums = eventsOf(env, args)
    .keyBy((event) => event.key)
    .window(windowsOf(work))
    .allowedLateness(milliseconds(work.allowedLatenessMs))
    .sideOutputLateData(TOO_LATE)
    .aggregate({ count: count(), sum: sum("value") });
  tallyWindows(sums);
}

export function windowsOf(work: Work): WindowAssigner<unknown, TimeWindow> {
  if (work.kind === "sessions") return EventTimeSessionWindows.withGap(milliseconds(work.gapMs));
  if (work.kind === "sliding") return SlidingEventTimeWindows.of(milliseconds(work.sizeMs), milliseconds(work.slideMs));
  return TumblingEventTimeWindows.of(milliseconds(work.sizeMs));
}
