import type { DataStream, JobArgs, StreamExecutionEnvironment } from "tamias";
import { analyzeLog } from "../../../examples/log-analysis/analysis.ts";
import { LogGenerator } from "../../../examples/log-analysis/log-generator.ts";
import type { Output } from "../../../examples/log-analysis/output.ts";
import { numberOf, toResults } from "./results.ts";

/** The log analysis over made-up lines: `records` of them, 3,000 where nothing else is said. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  toResults(results(env, args));
}

export function results(env: StreamExecutionEnvironment, args: JobArgs): DataStream<Output> {
  const count = numberOf(args, "records", 3_000);
  const lines = env.fromColumns(() => madeUpLines(count)).setParallelism(1).name("lines");
  return analyzeLog(lines, 2_026);
}

/** More disorder than the job waits for, so that some are late. */
function madeUpLines(count: number): { readonly lineNumber: Float64Array; readonly text: readonly string[] } {
  const text = [...new LogGenerator({ seed: 7, format: "mixed", disorderMs: 30_000, attackShare: 0.2, malformedShare: 0.01, users: 60 }).lines(count)];
  return { lineNumber: Float64Array.from(text, (_line, index) => index + 1), text };
}
