import fc from "fast-check";
import { BatchEncoder } from "../../core/connectors/array-encoder.ts";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import { columnsOf } from "../../core/data/expression.ts";
import { Duration } from "../../core/lib/duration.ts";
import type { WatermarkGenerator } from "../../core/time/watermark-generator.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { selectionOf } from "../data/column-batches.ts";

/** Records of the tests: `time` is what assigners read, `sign` what generators of the user look at. */
export interface Timed {
  readonly time: number;
  readonly sign: number;
}

const col = columnsOf<Timed>();
const bounded = WatermarkStrategy.forBoundedOutOfOrderness<Timed>(Duration.ofMillis(7));
const monotonous = WatermarkStrategy.forMonotonousTimestamps<Timed>();

/** Emits, stands aside and comes back where a record says so; keeps nothing. */
function punctuated(): WatermarkGenerator<Timed> {
  return {
    onEvent({ sign }, timestamp, output) {
      if (sign === 1 || sign === 4) output.emitWatermark(timestamp - 3);
      if (sign === 2 || sign === 4) output.markIdle();
      if (sign === 3) output.markActive();
      if (sign === 5) throw new Error(`no sense in ${timestamp}`);
    },
  };
}

/** Written for Flink: notes in `onEvent`, emits when asked. */
function noting(): WatermarkGenerator<Timed> {
  let latest = -Infinity;
  return {
    onEvent: (_, timestamp) => void (latest = Math.max(latest, timestamp)),
    onPeriodicEmit: (output) => output.emitWatermark(latest - 1),
    snapshot: () => latest,
    restore: (snapshot) => void (latest = snapshot as number),
  };
}

export const STRATEGIES: readonly (readonly [string, WatermarkStrategy<Timed>])[] = [
  ["timestamps only", WatermarkStrategy.noWatermarks<Timed>().withTimestampAssigner(col("time"))],
  ["bounded, of the input's timestamps", bounded],
  ["bounded, of a column", bounded.withTimestampAssigner(col("time"))],
  ["bounded, of an expression", bounded.withTimestampAssigner(col("time").times(-2).plus(col("sign")))],
  ["bounded, of a function", bounded.withTimestampAssigner((record: Timed, previous) => record.time + (previous === -Infinity ? 0 : 5))],
  ["monotonous, of a column", monotonous.withTimestampAssigner(col("time"))],
  ["periodic", bounded.withTimestampAssigner(col("time")).emitPeriodically(Duration.ofMillis(40))],
  ["the user's, punctuated", WatermarkStrategy.forGenerator(punctuated).withTimestampAssigner(col("time"))],
  ["the user's, noting", WatermarkStrategy.forGenerator(noting)],
];

/** Records that a column of numbers holds, and some that have no time. */
const time = fc.oneof(
  { weight: 40, arbitrary: fc.integer({ min: -30, max: 60 }) },
  { weight: 4, arbitrary: fc.constantFrom(-0, 0.5, 2 ** 53) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, null, "12", true) },
);
const sign = fc.oneof({ weight: 30, arbitrary: fc.integer({ min: 0, max: 4 }) }, { weight: 1, arbitrary: fc.constant(5) });
const inputTime = fc.oneof(
  { weight: 40, arbitrary: fc.integer({ min: -30, max: 60 }) },
  { weight: 4, arbitrary: fc.constantFrom(-0, -Infinity) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity) },
);

/** A batch with a selection or without, its times in a column of any kind. */
export const timedBatch: fc.Arbitrary<ColumnBatch> = fc
  .record({ rows: fc.array(fc.tuple(time, sign, inputTime), { maxLength: 12 }), pattern: fc.option(fc.integer({ min: 0, max: 255 })), asInts: fc.boolean() })
  .map(({ rows, pattern, asInts }) => {
    const times = rows.map(([at]) => at);
    const fits = times.every((at) => Number.isInteger(at) && !Object.is(at, -0) && Math.abs(at as number) < 2 ** 31);
    const numbers = times.every((at) => typeof at === "number");
    const column = asInts && fits ? Int32Array.from(times as number[]) : numbers ? Float64Array.from(times as number[]) : times;
    const batch = new BatchEncoder().encode({ time: column, sign: rows.map((row) => row[1]) }, Float64Array.from(rows, (row) => row[2]));
    return pattern === null ? batch : selectionOf(batch, pattern);
  });
