import { collectSink, type DataStream, type JobArgs, type StreamExecutionEnvironment } from "tamias";

/** A job module of these tests: what it finds, and the job, which hands that to whoever has submitted it. */
export interface HostJobModule {
  job(env: StreamExecutionEnvironment, args: JobArgs): void;
  results(env: StreamExecutionEnvironment, args: JobArgs): DataStream<unknown>;
}

/** Hands what a job finds to whoever has submitted it, as `results`. */
export function toResults(stream: DataStream<unknown>): void {
  stream.sinkTo(collectSink("results"));
}

/** A whole number among the arguments. */
export function numberOf(args: JobArgs, name: string, otherwise?: number): number {
  const value = args[name] ?? otherwise;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw new Error(`the job needs ${name}, a whole number`);
  return value;
}
