/**
 * Finds break-ins and oddities in a log: JSON lines of an application, sshd lines of a Linux auth.log, or both.
 *
 *   npx tamias run examples/log-analysis.ts --input /var/log/auth.log
 *   journalctl -o short-iso-precise -u ssh | npx tamias run examples/log-analysis.ts --json
 *
 * What it prints is described in log-analysis/output.ts.
 */
import { statSync } from "node:fs";
import { WatermarkStrategy, type DataStreamSource, type JobArgs, type JobModule, type StreamExecutionEnvironment } from "tamias";
import { FileSource, NumberedLineFormat, stdinSource, type NumberedLine } from "tamias/node";
import { civilFromTimestamp } from "./civil-time.ts";
import { analyzeLog } from "./log-analysis/analysis.ts";
import { outputSink } from "./log-analysis/output-sink.ts";

export const options: JobModule["options"] = {
  json: { type: "boolean", description: "each output as a line of JSON" },
  year: { type: "number", description: "year of the first line with a syslog time without one (default: the file's modification year; of standard input, the current year)" },
};

export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const input = typeof args.input === "string" && args.input !== "-" ? args.input : undefined;
  const year = typeof args["year"] === "number" ? args["year"] : defaultYear(input);
  // A line that is too long to be read is one more malformed line; the start of it is enough to say so.
  const lines = new NumberedLineFormat({ onMalformed: (text, lineNumber) => ({ text, lineNumber }) });
  // One reader and one parser: lines are judged in the order of the file.
  const read = (): DataStreamSource<NumberedLine> =>
    input === undefined
      ? env.fromSource(stdinSource(lines), WatermarkStrategy.noWatermarks(), "standard input")
      : env.fromSource(new FileSource(lines, [input]), WatermarkStrategy.noWatermarks(), "lines");
  analyzeLog(read().setParallelism(1), year).sinkTo(outputSink(args.json === true)).setParallelism(1).name("output");
}

function defaultYear(input: string | undefined): number {
  // A file that is not there is the source's to report.
  const modified = input === undefined ? Date.now() : (statSync(input, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  return civilFromTimestamp(modified).year;
}
