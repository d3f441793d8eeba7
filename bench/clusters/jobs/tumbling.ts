import {
  BatchEncoder,
  TumblingEventTimeWindows,
  WatermarkStrategy,
  columnsOf,
  count,
  milliseconds,
  sum,
  type ColumnBatch,
  type JobArgs,
  type SourceReaderContext,
  type StreamExecutionEnvironment,
} from "tamias";
import { BLOCK, ColumnBlocks, type EventRow } from "../../events.ts";
import type { WindowSums } from "../../jobs/tally-sink.ts";
import { type Results, Tally } from "../../tally.ts";
import { BOUND_MS, workNamed } from "../../works.ts";
import { type Maker, madeHere } from "./made-here.ts";
import { type Observer, reportingSink } from "./reporting-sink.ts";

/** The tumbling work over columns, its blocks of events dealt out in turn to the subtasks of the source: any parallelism gives the same results. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const work = workNamed("tumbling");
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<EventRow>(milliseconds(BOUND_MS));
  const source = madeHere<EventRow>("events", true, (context) => blockMaker(context, Number(args["events"])));
  env
    .fromSource(source, strategy.withTimestampAssigner(columnsOf<EventRow>()("time")), "events")
    .keyBy("key")
    .window(TumblingEventTimeWindows.of(milliseconds(work.sizeMs)))
    .aggregate({ count: count(), sum: sum("value") })
    .sinkTo(reportingSink("tally", observer));
}

function blockMaker({ subtaskIndex, parallelism }: SourceReaderContext, events: number): Maker<EventRow> {
  const blocks = new ColumnBlocks(workNamed("tumbling"), events, subtaskIndex * BLOCK);
  const encoder = new BatchEncoder();
  return (output) => {
    if (!blocks.fill()) return "END_OF_INPUT";
    const { keys, values, times, length } = blocks;
    blocks.next += (parallelism - 1) * BLOCK;
    const batch = encoder.encode({ key: keys.subarray(0, length), value: values.subarray(0, length), time: times.subarray(0, length) });
    if (!output.collectColumns(batch)) blocks.renew();
    return "MORE_AVAILABLE";
  };
}

function observer(): Observer<WindowSums, Results> {
  const tally = new Tally();
  return {
    see: (result, timestamp) => tally.add(timestamp, result.count, result.sum),
    seeColumns: (batch) => addColumns(tally, batch),
    report: () => tally.taken(),
  };
}

function addColumns(tally: Tally, batch: ColumnBatch): void {
  const counts = batch.column("count");
  const sums = batch.column("sum");
  if (counts?.kind !== "f64" || sums?.kind !== "f64") throw new Error("a window gives a number of records and a sum");
  for (let index = 0; index < batch.length; index += 1) {
    const row = batch.rowOf(index);
    tally.add(batch.timestamps[row]!, counts.values[row]!, sums.values[row]!);
  }
}
