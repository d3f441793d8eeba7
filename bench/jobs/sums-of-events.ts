import type { AggregateFunction } from "tamias";
import type { EventRow } from "../events.ts";
import type { WindowSums } from "./tally-sink.ts";

export interface Sums {
  count: number;
  sum: number;
}

/** Sum and count as a function of the user's own; without `merge`, so that every window keeps its own accumulator. */
export const sumsOfEvents: AggregateFunction<EventRow, Sums, WindowSums> = {
  createAccumulator: () => ({ count: 0, sum: 0 }),
  add(event, accumulator) {
    accumulator.count += 1;
    accumulator.sum += event.value;
    return accumulator;
  },
  getResult: ({ count, sum }) => ({ count, sum }),
};
