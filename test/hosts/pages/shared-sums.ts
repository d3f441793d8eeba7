import { collectSink, type StreamExecutionEnvironment, WatermarkStrategy } from "tamias";
import { IndexedDbLogSource, IndexedDbSink } from "tamias/web";

/** One for each number of the log: the sum of those with the same remainder so far. */
export interface Sum {
  readonly n: number;
  readonly sum: number;
}

export const REMAINDERS = 7;
/** The names of its databases. */
export const LOG = "numbers";
export const SUMS = "sums";

/** A job without an end that no record may pass by or pass twice. */
export function job(env: StreamExecutionEnvironment): void {
  const sums = env
    .fromSource(new IndexedDbLogSource<number>(LOG), WatermarkStrategy.noWatermarks(), "numbers")
    .map((n): Sum => ({ n, sum: n }))
    .keyBy(({ n }) => n % REMAINDERS)
    .reduce((before, { n }) => ({ n, sum: before.sum + n }));
  sums.sinkTo(new IndexedDbSink<Sum>({ database: SUMS, store: SUMS }));
  sums.sinkTo(collectSink(SUMS));
}
