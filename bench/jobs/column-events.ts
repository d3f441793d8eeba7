import type { JobArgs, StreamExecutionEnvironment } from "tamias";
import type { EventRow } from "../events.ts";
import { eventColumnsOf } from "./event-source.ts";
import { tallySink } from "./tally-sink.ts";

/** Source and sink alone, with timestamps and watermarks; the source gives columns. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  eventColumnsOf(env, args).sinkTo(tallySink<EventRow>("events", (tally, { key, value }) => tally.see(key as number, value)));
}
