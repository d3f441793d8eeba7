import { collectSink, type StreamExecutionEnvironment } from "tamias";

/** Another graph wherever it is built. */
export function job(env: StreamExecutionEnvironment): void {
  env.fromSequence(1, 10).map((n) => n).name(`made by ${Math.random()}`).sinkTo(collectSink("numbers"));
}
