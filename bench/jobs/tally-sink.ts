import { OutputTag, type Sink, type SingleOutputStreamOperator } from "tamias";
import type { EventRow } from "../events.ts";
import { TALLY, type Tally } from "../tally.ts";

/** Calls `note` with each result and its timestamp; what it notes stays in this process. */
export function tallySink<R>(name: string, note: (tally: Tally, result: R, timestamp: number) => void): Sink<R> {
  return {
    describe: () => `tally of ${name}`,
    createWriter: () => ({
      write: (result, { timestamp }) => note(TALLY, result, timestamp ?? NaN),
      flush() {},
      close() {},
    }),
  };
}

export interface WindowSums {
  readonly count: number;
  readonly sum: number;
}

export const TOO_LATE: OutputTag<EventRow> = new OutputTag<EventRow>("too-late");

/** Results of windows, and what came too late for them. */
export function tallyWindows(sums: SingleOutputStreamOperator<WindowSums>): void {
  sums.sinkTo(tallySink("results", (tally, { count, sum }, timestamp) => tally.add(timestamp, count, sum))).name("results");
  sums
    .getSideOutput(TOO_LATE)
    .sinkTo(tallySink("late events", (tally) => (tally.late += 1)))
    .name("too late");
}
