import type { DataStream, JobArgs, StreamExecutionEnvironment } from "tamias";
import { type Total, totals } from "../../../scripts/kill/totals.ts";
import { numberOf, toResults } from "./results.ts";

/** Windows, keyed state and timers, at a pace: there is time to stop it in the middle. */
export function results(env: StreamExecutionEnvironment, args: JobArgs): DataStream<Total> {
  return totals(env, { orders: numberOf(args, "orders"), ordersPerSecond: numberOf(args, "ordersPerSecond") });
}

export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  toResults(results(env, args));
}
