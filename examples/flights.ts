/**
 * US flights of 2001, per origin and hour of the scheduled time: how many, how late on average, how late at worst.
 *
 * A flight arrives in the stream when it has really left: at its scheduled time plus its delay. So the disorder is real, and so is the lateness: a result
 * is corrected for an hour after it was given, and flights that come later still go to a side output.
 *
 *   npx tamias run examples/flights.ts [--input FILE] [--json]
 *
 * FILE is one of those of `vega-datasets`, or one with the same columns: `.parquet` or `.json`.
 */
import type { JobArgs, JobModule, StreamExecutionEnvironment } from "tamias";
import { analyzeFlights, flightRecords, readFlights } from "./flights/delays.ts";
import { loadFlights } from "./flights/flights-input.ts";
import { FlightsView, reportLoading } from "./flights/flights-view.ts";

export const options: JobModule["options"] = {
  json: { type: "boolean", description: "the results as one JSON object, instead of a table" },
};

export async function job(env: StreamExecutionEnvironment, args: JobArgs): Promise<void> {
  const isJson = args.json === true;
  const flights = await loadFlights(args.input, { onProgress: reportLoading(isJson) });
  flightRecords(analyzeFlights(readFlights(env, flights)))
    .sinkTo(new FlightsView({ isJson, firstHour: flights.length === 0 ? 0 : flights.at(0).date, flights: flights.length }))
    .setParallelism(1)
    .name("view");
}
