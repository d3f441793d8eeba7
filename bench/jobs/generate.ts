import type { JobArgs, StreamExecutionEnvironment } from "tamias";
import type { EventRow } from "../events.ts";
import { eventsOf } from "./event-source.ts";
import { tallySink } from "./tally-sink.ts";

/** Source and sink alone, with timestamps and watermarks. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  eventsOf(env, args).sinkTo(tallySink<EventRow>("events", (tally, event) => tally.see(event.key as number, event.value)));
}
