/**
 * The log analysis where there is no terminal: in browsers and edge workers, in threads of Node. `input` is the address of a log, or in
 * Node its path; the subtask that reads the lines loads it. `year` is that of the first syslog time without one.
 * Whoever submits the job reads its `results`.
 */
import { collectSink, type DataStream, type JobArgs, type StreamExecutionEnvironment } from "tamias";
import { readInput } from "../input-file.ts";
import { analyzeLog } from "./analysis.ts";
import type { Output } from "./output.ts";

export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  logJob(env, args).sinkTo(collectSink("results"));
}

/** The job without its sink. */
export function logJob(env: StreamExecutionEnvironment, args: JobArgs): DataStream<Output> {
  const { input, year } = args;
  if (input === undefined || typeof year !== "number") throw new Error("the log analysis needs `input`, the address of a log, and `year`");
  const load = async () => linesOf(new TextDecoder().decode(await readInput(input)));
  return analyzeLog(env.fromColumns(load).setParallelism(1).name("lines"), year);
}

/** Lines end with LF or CRLF; what follows the last end of a line is a line where it is not empty. */
function linesOf(log: string): { readonly lineNumber: Float64Array; readonly text: readonly string[] } {
  const text = log.split(/\r?\n/);
  if (text.at(-1) === "") text.pop();
  return { lineNumber: Float64Array.from(text, (_line, index) => index + 1), text };
}
