import {
  SlidingEventTimeWindows,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  WatermarkStrategy,
  avg,
  count,
  first,
  last,
  max,
  milliseconds,
  min,
  sum,
  varSamp,
} from "tamias";

/** One job for every platform: what it gives must be equal bit for bit, whatever computes it. */

interface Reading {
  readonly sensor: string | number;
  readonly value: number;
  readonly time: number;
}

export interface JobOutcome {
  readonly results: number;
  /** Of the bits of every number, in the order of the results. */
  readonly hash: number;
  /** What computes the windows, as `explain` says it. */
  readonly kernel: string;
}

const READINGS = 6_000;
/** Values whose arithmetic is easy to get wrong. */
const ODD = [NaN, -0, 0, Infinity, -Infinity, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1e16];

const ASSIGNERS = [
  TumblingEventTimeWindows.of(milliseconds(500)),
  SlidingEventTimeWindows.of(milliseconds(1_000), milliseconds(100)),
];

function* readings(keys: "integer" | "string"): Generator<Reading> {
  let seed = 20_261_121;
  for (let at = 0; at < READINGS; at += 1) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
    const bits = seed >>> 8;
    const value = bits % 50 === 0 ? ODD[bits % ODD.length]! : (bits % 100_000) / 7 - 5_000;
    const sensor = bits % 97;
    yield { sensor: keys === "integer" ? sensor : `sensor ${sensor}`, value, time: at - (bits % 64) };
  }
}

export type Environment = ReturnType<typeof StreamExecutionEnvironment.getExecutionEnvironment>;

/** Runs it in environments of this kind. */
export async function windowedJob(environment: () => Environment): Promise<JobOutcome> {
  const outcomes = [];
  for (const keys of ["integer", "string"] as const) {
    for (const assigner of ASSIGNERS) outcomes.push(await outcomeOf(environment(), keys, assigner));
  }
  const [{ kernel } = { kernel: "" }] = outcomes;
  let hash = 0;
  for (const outcome of outcomes) hash = Math.imul(hash, 31) + outcome.hash;
  return { results: outcomes.reduce((all, { results }) => all + results, 0), hash: hash | 0, kernel };
}

async function outcomeOf(
  env: Environment,
  keys: "integer" | "string",
  assigner: TumblingEventTimeWindows | SlidingEventTimeWindows,
): Promise<JobOutcome> {
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<Reading>(milliseconds(64));
  const results = env
    .fromCollection(readings(keys))
    .assignTimestampsAndWatermarks(strategy.withTimestampAssigner(({ time }) => time))
    .keyBy("sensor")
    .window(assigner)
    .aggregate({
      count: count(),
      sum: sum("value"),
      mean: avg("value"),
      variance: varSamp("value"),
      lowest: min("value"),
      highest: max("value"),
      earliest: first("value"),
      latest: last("value"),
    });
  const kernel = /kernel: +(\w+)/.exec(env.explain("windows"))?.[1] ?? "";
  const bits = new DataView(new ArrayBuffer(8));
  let [found, hash] = [0, 0];
  for await (const row of results.executeAndCollect()) {
    found += 1;
    for (const value of Object.values(row)) {
      bits.setFloat64(0, value ?? 0.5);
      hash = Math.imul(hash ^ bits.getInt32(0), 0x9e3779b1) ^ bits.getInt32(4);
      hash ^= hash >>> 13;
    }
  }
  return { results: found, hash, kernel };
}
