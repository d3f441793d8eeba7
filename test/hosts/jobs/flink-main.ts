import { collectSink, type JobArgs, type StreamExecutionEnvironment } from "tamias";

/** Ends with `execute`, as a main function of Flink does. */
export async function job(env: StreamExecutionEnvironment, args: JobArgs): Promise<void> {
  env.fromSequence(1, 3).map((n) => n * Number(args["factor"])).sinkTo(collectSink("products"));
  await env.execute("products");
}
