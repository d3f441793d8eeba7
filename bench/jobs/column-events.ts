import type { ColumnBatch, JobArgs, StreamExecutionEnvironment } from "tamias";
import type { EventRow } from "../events.ts";
import type { Tally } from "../tally.ts";
import { eventColumnsOf } from "./event-source.ts";
import { tallyColumns } from "./tally-sink.ts";

/** Source and sink alone, with timestamps and watermarks; the source gives columns, and the sink takes them. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  eventColumnsOf(env, args).sinkTo(tallyColumns<EventRow>("events", (tally, { key, value }) => tally.see(key as number, value), seeColumns));
}

function seeColumns(tally: Tally, batch: ColumnBatch): void {
  const { length, selection } = batch;
  const keys = batch.column("key");
  const values = batch.column("value");
  if (keys?.kind !== "i32" || values?.kind !== "i32" || selection !== undefined) throw new Error("an event has an integer as key, and another one as value");
  for (let row = 0; row < length; row += 1) tally.see(keys.values[row]!, values.values[row]!);
}
