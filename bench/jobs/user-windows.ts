import { milliseconds, type AggregateFunction, type JobArgs, type StreamExecutionEnvironment } from "tamias";
import type { EventRow } from "../events.ts";
import { eventsOf, workOf } from "./event-source.ts";
import { sumsOfEvents, type Sums } from "./sums-of-events.ts";
import { TOO_LATE, tallyWindows, type WindowSums } from "./tally-sink.ts";
import { windowsOf } from "./windows.ts";

/**
 * Sum and count of each key and window by a function of the user's own; with `merge`, so that sliding windows are summed from
 * slices.
 */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const { work } = workOf(args);
  const sums = eventsOf(env, args)
    .keyBy((event) => event.key)
    .window(windowsOf(work))
    .allowedLateness(milliseconds(work.allowedLatenessMs))
    .sideOutputLateData(TOO_LATE)
    .aggregate(mergedSums);
  tallyWindows(sums);
}

const mergedSums: AggregateFunction<EventRow, Sums, WindowSums> = {
  ...sumsOfEvents,
  merge(earlier, later) {
    earlier.count += later.count;
    earlier.sum += later.sum;
    return earlier;
  },
  sliceable: true,
};
