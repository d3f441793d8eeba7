import { collectSink, WatermarkStrategy, type JobArgs, type StreamExecutionEnvironment } from "tamias";
import { analyzeFlights } from "../../../../examples/flights/delays.ts";
import type { Flight } from "../../../../examples/flights/flight-table.ts";
import { FlightsSource } from "./flights-source.ts";
import { HourCounts } from "./hour-counts.ts";

/** What the page gives the job. */
export type FlightsArgs = JobArgs & {
  readonly url: string;
  readonly rowGroups: number;
  readonly isLooped: boolean;
  /** Where the job tells what it has loaded and read. */
  readonly channel: string;
};

/** The flights job of the examples, from a source that can begin again, with its results for the page. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const { url, rowGroups, isLooped, channel } = args as FlightsArgs;
  const source = new FlightsSource({ url, rowGroups, isLooped, channel });
  const flights = env.fromSource<Flight, unknown, unknown>(source as never, WatermarkStrategy.noWatermarks(), "flights").setParallelism(1);
  flights.sinkTo(new HourCounts(channel)).setParallelism(1).name("count per hour");
  const { hours, summary } = analyzeFlights(flights);
  hours.sinkTo(collectSink("hours")).name("to the page");
  summary.sinkTo(collectSink("summary")).setParallelism(1).name("totals to the page");
}
