import { CoProcessFunction, type Collector, type JobArgs, type ProcessContext, type StreamExecutionEnvironment } from "tamias";
import type { EventRow } from "../events.ts";
import { eventsOf } from "./event-source.ts";
import { tallySink } from "./tally-sink.ts";

/** Two inputs in one operator, then windows by count. Only to make the engine's call sites see many functions. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const events = eventsOf(env, args);
  events
    .filter((event) => event.value < 512)
    .connect(events.filter((event) => 512 <= event.value))
    .process(new Tagged())
    .keyBy((tagged) => tagged.key)
    .countWindow(4)
    .reduce((left, right) => ({ ...left, size: left.size + right.size }))
    .sinkTo(tallySink<{ size: number }>("sizes", (tally, { size }) => tally.see(0, size)));
}

class Tagged extends CoProcessFunction<EventRow, EventRow, { key: string; size: number }> {
  override processElement1(event: EventRow, _context: ProcessContext, out: Collector<{ key: string; size: number }>): void {
    out.collect({ key: `small ${event.key}`, size: 1 });
  }

  override processElement2(event: EventRow, _context: ProcessContext, out: Collector<{ key: string; size: number }>): void {
    out.collect({ key: `large ${event.key}`, size: 2 });
  }
}
