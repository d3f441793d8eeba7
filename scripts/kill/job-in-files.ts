import type { JobArgs, JobModule, StreamExecutionEnvironment } from "tamias";
import { FileSink, jsonLinesEncoding } from "tamias/node";
import { totals, type Total } from "./totals.ts";

/** The job that is killed, with its results in files of a folder. */
export const options: JobModule["options"] = {
  output: { type: "string", description: "the folder" },
  orders: { type: "number", description: "how many there are" },
  ordersPerSecond: { type: "number", description: "how many come in a second" },
};

export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const sink = FileSink.forRowFormat<Total>(String(args["output"]), jsonLinesEncoding()).build();
  totals(env, { orders: Number(args["orders"]), ordersPerSecond: Number(args["ordersPerSecond"]) }).sinkTo(sink);
}
