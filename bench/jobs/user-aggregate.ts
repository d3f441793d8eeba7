import { SlidingEventTimeWindows, milliseconds, type JobArgs, type StreamExecutionEnvironment } from "tamias";
import { eventsOf, workOf } from "./event-source.ts";
import { sumsOfEvents } from "./sums-of-events.ts";
import { TOO_LATE, tallyWindows } from "./tally-sink.ts";

/** Sum and count by a function of the user's own, without `merge`: every window keeps its own accumulator. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const { work } = workOf(args);
  const sums = eventsOf(env, args)
    .keyBy((event) => event.key)
    .window(SlidingEventTimeWindows.of(milliseconds(work.sizeMs), milliseconds(work.slideMs)))
    .allowedLateness(milliseconds(work.allowedLatenessMs))
    .sideOutputLateData(TOO_LATE)
    .aggregate(sumsOfEvents);
  tallyWindows(sums);
}
