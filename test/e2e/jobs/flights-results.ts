/** The flights job with its results in a file: the final one of each origin and hour, then the summary as JSON. */
import { writeFileSync } from "node:fs";
import type { JobArgs, JobModule, Sink, StreamExecutionEnvironment } from "tamias";
import { analyzeFlights, readFlights, type Tally } from "../../../examples/flights/delays.ts";
import { loadFlights } from "../../../examples/flights/flights-input.ts";
import type { HourOfDelays } from "../../../examples/flights/delays.ts";
import { finalResults } from "../flight-results.ts";

export const options: JobModule["options"] = { output: { type: "string", description: "the file" } };

export async function job(env: StreamExecutionEnvironment, args: JobArgs): Promise<void> {
  const { hours, summary } = analyzeFlights(readFlights(env, await loadFlights(args.input)));
  hours
    .map((hour) => ({ hour, counts: undefined as Tally | undefined }))
    .union(summary.map((counts) => ({ hour: undefined as HourOfDelays | undefined, counts })))
    .sinkTo(fileOf(String(args["output"])))
    .setParallelism(1);
}

function fileOf(path: string): Sink<{ readonly hour: HourOfDelays | undefined; readonly counts: Tally | undefined }> {
  return {
    describe: () => path,
    createWriter: () => {
      const hours: HourOfDelays[] = [];
      let counts: Tally | undefined;
      return {
        write: (record) => {
          if (record.hour !== undefined) hours.push(record.hour);
          else counts = record.counts;
        },
        flush: (endOfInput) => {
          if (endOfInput) writeFileSync(path, JSON.stringify({ ...counts, results: finalResults(hours) }));
        },
        close: () => {},
      };
    },
  };
}
