import { OutputTag, type ColumnBatch, type Sink, type SingleOutputStreamOperator } from "tamias";
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

/** The same for results that come as columns: `note` is given all of them at once; one that comes alone, it gives to `noteOne`. */
export function tallyColumns<R>(
  name: string,
  noteOne: (tally: Tally, result: R, timestamp: number) => void,
  note: (tally: Tally, batch: ColumnBatch) => void,
): Sink<R> {
  const rows = tallySink(name, noteOne);
  return {
    ...rows,
    takesColumns: true,
    createWriter: (context) => ({
      ...rows.createWriter(context),
      writeColumns(batch) {
        note(TALLY, batch);
        return true;
      },
    }),
  };
}

/** Results of windows, and what came too late for them. */
export function tallyWindows(sums: SingleOutputStreamOperator<WindowSums>): void {
  sums.sinkTo(tallySink("results", addRow)).name("results");
  tallyLate(sums);
}

/** The same, taking results as columns. */
export function tallyWindowColumns(sums: SingleOutputStreamOperator<WindowSums>): void {
  sums.sinkTo(tallyColumns("results", addRow, addColumns)).name("results");
  tallyLate(sums);
}

function addRow(tally: Tally, { count, sum }: WindowSums, timestamp: number): void {
  tally.add(timestamp, count, sum);
}

function addColumns(tally: Tally, batch: ColumnBatch): void {
  const { length, timestamps, selection } = batch;
  const counts = batch.column("count");
  const sums = batch.column("sum");
  if (counts?.kind !== "f64" || sums?.kind !== "f64" || selection !== undefined) throw new Error("a window gives a number of records and a sum");
  for (let row = 0; row < length; row += 1) tally.add(timestamps[row]!, counts.values[row]!, sums.values[row]!);
}

function tallyLate(sums: SingleOutputStreamOperator<WindowSums>): void {
  sums
    .getSideOutput(TOO_LATE)
    .sinkTo(tallySink("late events", (tally) => (tally.late += 1)))
    .name("too late");
}
