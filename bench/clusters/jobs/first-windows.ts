import { TumblingEventTimeWindows, WatermarkStrategy, collectSink, count, milliseconds, sum, type JobArgs, type SourceReaderContext, type StreamExecutionEnvironment } from "tamias";
import { BLOCK, type EventRow, RowBlocks } from "../../events.ts";
import { BOUND_MS, workNamed } from "../../works.ts";
import { type Maker, madeHere } from "./made-here.ts";

/** Windows over rows, whose results go to whoever waits for the first of them. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<EventRow>(milliseconds(BOUND_MS)).withTimestampAssigner((event) => event.time);
  env
    .fromSource(madeHere<EventRow>("events", false, (context) => rowMaker(context, Number(args["events"]))), strategy, "events")
    .keyBy((event) => event.key)
    .window(TumblingEventTimeWindows.of(milliseconds(1_000)))
    .aggregate({ count: count(), sum: sum("value") })
    .sinkTo(collectSink("sums"));
}

/** The share of a subtask has as many events per ms, so that windows are the same at any parallelism. */
function rowMaker({ parallelism }: SourceReaderContext, events: number): Maker<EventRow> {
  const blocks = new RowBlocks(workNamed("sliding-10-sparse"), Math.ceil(events / parallelism / BLOCK) * BLOCK);
  return (output) => {
    if (!blocks.fill()) return "END_OF_INPUT";
    output.collectAll(blocks.rows);
    blocks.renew();
    return "MORE_AVAILABLE";
  };
}
