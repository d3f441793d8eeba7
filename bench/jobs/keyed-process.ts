import {
  KeyedProcessFunction,
  ValueStateDescriptor,
  types,
  type Collector,
  type JobArgs,
  type KeyedProcessContext,
  type StreamExecutionEnvironment,
  type ValueState,
} from "tamias";
import type { EventRow } from "../events.ts";
import { eventsOf } from "./event-source.ts";
import { tallySink } from "./tally-sink.ts";

/** The running total of each key, one result an event. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  eventsOf(env, args)
    .keyBy((event) => event.key)
    .process(new RunningTotal())
    .name("running total")
    .sinkTo(tallySink<number>("results", (tally, total, timestamp) => tally.add(timestamp, 1, total)));
}

class RunningTotal extends KeyedProcessFunction<number | string, EventRow, number> {
  #total!: ValueState<number>;

  override open(): void {
    this.#total = this.getRuntimeContext().getState(new ValueStateDescriptor("total", types.number));
  }

  override processElement(event: EventRow, _context: KeyedProcessContext<number | string>, out: Collector<number>): void {
    const total = (this.#total.value() ?? 0) + event.value;
    this.#total.update(total);
    out.collect(total);
  }
}
