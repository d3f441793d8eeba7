import { openAsBlob } from "node:fs";
import { join } from "node:path";
import { StreamExecutionEnvironment, collectSink } from "tamias";
import { analyzeFlights, readFlights, type Tally } from "../../../examples/flights/delays.ts";
import { ROOT } from "../../../scripts/type-check.ts";
import { loadFirstFlights } from "../../../web/playground/src/jobs/first-flights.ts";

/** What the job finds in the flights that the playground begins with. */
export type ExpectedCounts = Pick<Tally, "records" | "windows" | "lateKept" | "sideOutput">;

export async function expectedCounts(): Promise<ExpectedCounts> {
  const file = await openAsBlob(join(ROOT, "node_modules/vega-datasets/data/flights-3m.parquet"));
  const url = URL.createObjectURL(file);
  const flights = await loadFirstFlights(url, { rowGroups: 1, onProgress: () => {} });
  URL.revokeObjectURL(url);
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const tallies: Tally[] = [];
  analyzeFlights(readFlights(env, flights)).summary.sinkTo(collectSink(tallies));
  await env.execute("expected counts");
  const { records, windows, lateKept, sideOutput } = tallies[0]!;
  return { records, windows, lateKept, sideOutput };
}
