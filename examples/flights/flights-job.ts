/**
 * The flights job where there is no terminal: in browsers and edge workers, in threads of Node. `input` is the address of a file as
 * `examples/flights.ts` takes it, or in Node its path; the subtask that reads the flights loads it. Whoever submits it reads its `results`.
 */
import { collectSink, type DataStream, type JobArgs, type StreamExecutionEnvironment } from "tamias";
import { analyzeFlights, flightRecords, type FlightRecord } from "./delays.ts";
import { loadFlights } from "./flights-input.ts";

export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  flightsJob(env, args).sinkTo(collectSink("results"));
}

/** The job without its sink. */
export function flightsJob(env: StreamExecutionEnvironment, args: JobArgs): DataStream<FlightRecord> {
  const load = async () => (await loadFlights(args.input)).columns;
  return flightRecords(analyzeFlights(env.fromColumns(load).setParallelism(1).name("flights")));
}
