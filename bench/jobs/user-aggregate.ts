import {
  SlidingEventTimeWindows,
  milliseconds,
  type AggregateFunction,
  type JobArgs,
  type StreamExecutionEnvironment,
} from "tamias";
import type { EventRow } from "../events.ts";
import { eventsOf, workOf } from "./event-source.ts";
import { TOO_LATE, tallyWindows, type WindowSums } from "./tally-sink.ts";

/** Sum and count by a function of the user's own, without `merge`: every window keeps its own accumulator. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const { work } = workOf(args);
  const sums = eventsOf(env, args)
    .keyBy((event) => event.key)
    .window(SlidingEventTimeWindows.of(milliseconds(work.sizeMs), milliseconds(work.slideMs)))
    .allowedLateness(milliseconds(work.allowedLatenessMs))
    .sideOutputLateData(TOO_LATE)
    .aggregate(sumAndCount);
  tallyWindows(sums);
}

const sumAndCount: AggregateFunction<EventRow, { count: number; sum: number }, WindowSums> = {
  createAccumulator: () => ({ count: 0, sum: 0 }),
  add(event, accumulator) {
    accumulator.count += 1;
    accumulator.sum += event.value;
    return accumulator;
  },
  getResult: ({ count, sum }) => ({ count, sum }),
};
