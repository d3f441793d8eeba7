/** The flights job where flights come from outside, one by one: posted to an edge worker, or pushed by whoever has submitted the job. */
import { collectSink, PushSource, WatermarkStrategy, type StreamExecutionEnvironment } from "tamias";
import { analyzeFlights } from "./delays.ts";
import type { Flight } from "./flight-table.ts";

export function job(env: StreamExecutionEnvironment): void {
  // One subtask takes them: they have one order, that of arrival.
  const flights = env.fromSource(new PushSource<Flight>("flights"), WatermarkStrategy.noWatermarks(), "flights").setParallelism(1);
  analyzeFlights(flights).hours.sinkTo(collectSink("hours"));
}
