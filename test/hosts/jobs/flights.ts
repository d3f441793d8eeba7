import type { DataStream, JobArgs, StreamExecutionEnvironment } from "tamias";
import { Chance } from "../../../examples/chance.ts";
import { HOUR_MS, MINUTE_MS } from "../../../examples/civil-time.ts";
import { analyzeFlights, flightRecords, type FlightRecord } from "../../../examples/flights/delays.ts";
import { emptyColumns, FlightTable } from "../../../examples/flights/flight-table.ts";
import { numberOf, toResults } from "./results.ts";

/** The flights example over made-up flights: `records` of them, 5,000 where nothing else is said. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  toResults(results(env, args));
}

export function results(env: StreamExecutionEnvironment, args: JobArgs): DataStream<FlightRecord> {
  const count = numberOf(args, "records", 5_000);
  const flights = env.fromColumns(() => madeUpFlights(count).columns).setParallelism(1).name("flights");
  return flightRecords(analyzeFlights(flights));
}

const AIRPORTS = ["ATL", "BOS", "DEN", "DFW", "IAH", "JFK", "LAS", "LAX", "MCO", "MIA", "ORD", "PHX", "SEA", "SFO"];
const FIRST = 272_000 * HOUR_MS;

/** As real ones: most leave within minutes of their time, some hours later. */
function madeUpFlights(count: number): FlightTable {
  const chance = new Chance(7);
  const columns = emptyColumns(count);
  for (let row = 0; row < count; row += 1) {
    columns.date[row] = FIRST + Math.floor(row / 2) * MINUTE_MS;
    columns.delay[row] = chance.oneIn(6) ? chance.below(240) : chance.below(25) - 10;
    columns.distance[row] = 100 + chance.below(2_500);
    columns.origin[row] = columns.airports.idOf(chance.pick(AIRPORTS));
    columns.destination[row] = columns.airports.idOf(chance.pick(AIRPORTS));
  }
  return new FlightTable(columns);
}
