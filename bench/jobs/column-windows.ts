import { count, milliseconds, sum, type JobArgs, type StreamExecutionEnvironment } from "tamias";
import { eventColumnsOf, workOf } from "./event-source.ts";
import { TOO_LATE, tallyWindowColumns } from "./tally-sink.ts";
import { windowsOf } from "./windows.ts";

/** Sum and count of each key and window, over columns: nothing here is a function of a row, so that no row needs to be made. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const { work } = workOf(args);
  const sums = eventColumnsOf(env, args)
    .keyBy("key")
    .window(windowsOf(work))
    .allowedLateness(milliseconds(work.allowedLatenessMs))
    .sideOutputLateData(TOO_LATE)
    .aggregate({ count: count(), sum: sum("value") });
  tallyWindowColumns(sums);
}
