/** Columns carry every watermark at its place: what is late does not depend on how many rows travel together. */
import { readFileSync } from "node:fs";
import { collectSink, StreamExecutionEnvironment } from "tamias";
import { expect, test } from "vitest";
import { analyzeFlights, readFlights, type Tally } from "../../examples/flights/delays.ts";
import type { FlightTable } from "../../examples/flights/flight-table.ts";
import { flightsFile, loadFlights } from "../../examples/flights/flights-input.ts";

const HOUR = 3_600_000;
const BOUND = 1_800_000;
const expected = JSON.parse(readFileSync(new URL("flights-expected.json", import.meta.url), "utf8")) as Record<string, Tally>;

/** Late flights that are kept, by a plain loop in which a watermark comes behind every so many rows only. */
function lateKept(flights: FlightTable, rowsPerWatermark: number): number {
  const { date } = flights.columns;
  let watermark = -Infinity;
  let next = -Infinity;
  let kept = 0;
  for (let row = 0; row < date.length; row += 1) {
    const last = Math.floor(date[row]! / HOUR) * HOUR + HOUR - 1;
    if (last <= watermark && watermark < last + HOUR) kept += 1;
    next = Math.max(next, date[row]! - BOUND - 1);
    if ((row + 1) % rowsPerWatermark === 0) watermark = next;
  }
  return kept;
}

test.each([
  { file: "flights-3m.parquet", coarse: 152_489 },
  { file: "flights-20k.json", coarse: 11 },
])("of $file, $coarse late flights would be kept with a watermark for each batch of 1,024 rows", async ({ file, coarse }) => {
  const flights = await loadFlights(flightsFile(file));
  // test/e2e/flights.test.ts holds the job to the first of these, on columns.
  expect([lateKept(flights, 1), lateKept(flights, 1_024)]).toEqual([expected[file]!.lateKept, coarse]);
});

test("nothing makes rows of the flights before the windows, and every watermark is at its place", async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const { hours, summary } = analyzeFlights(readFlights(env, await loadFlights(flightsFile("flights-20k.json"))));
  const tallies: Tally[] = [];
  summary.sinkTo(collectSink(tallies));
  hours.sinkTo(collectSink(() => {}));
  const chain = env.explain().split("\nChain ")[1]!;
  expect(chain).toMatch(/^1: 1 subtask, 128 key groups; columns, then rows/);
  expect(chain.indexOf("rows from here on")).toBeGreaterThan(chain.indexOf("[window]"));
  await env.execute();
  const { lateKept: kept, sideOutput } = tallies[0]!;
  expect({ kept, sideOutput }).toEqual({ kept: 1_004, sideOutput: 269 });
});
