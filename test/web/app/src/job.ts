import {
  type JobArgs,
  type StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  WatermarkStrategy,
  collectSink,
  count,
  milliseconds,
  sum,
} from "tamias";
import { type Reading, readingOf } from "./reading.ts";

/** Totals of readings by sensor and window. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const strategy = WatermarkStrategy.forMonotonousTimestamps<Reading>().withTimestampAssigner(({ time }) => time);
  env
    .fromSequence(1, Number(args["readings"]))
    .map(readingOf)
    .assignTimestampsAndWatermarks(strategy)
    .keyBy("sensor")
    .window(TumblingEventTimeWindows.of(milliseconds(100)))
    .aggregate({ readings: count(), total: sum("value") })
    .sinkTo(collectSink("totals"));
}
