import {
  collectSink,
  IntCounter,
  type JobArgs,
  RichMapFunction,
  seconds,
  type StreamExecutionEnvironment,
  sum,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "tamias";

interface Reading {
  readonly key: number;
  readonly time: number;
  readonly value: number;
}

class Counted extends RichMapFunction<number, Reading> {
  readonly #counter = new IntCounter();

  override open(): void {
    this.getRuntimeContext().addAccumulator("read", this.#counter);
  }

  override map(n: number): Reading {
    this.#counter.add(1);
    return { key: n % 16, time: n * 10, value: n };
  }
}

/** Sums of numbers by key and window; `records` of them. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  const late = WatermarkStrategy.forBoundedOutOfOrderness<Reading>(seconds(3_600)).withTimestampAssigner(({ time }) => time);
  env
    .fromSequence(1, Number(args["records"] ?? 5_000))
    .map(new Counted())
    .assignTimestampsAndWatermarks(late)
    .keyBy("key")
    .window(TumblingEventTimeWindows.of(seconds(5)))
    .aggregate({ total: sum("value") })
    .name("totals")
    .sinkTo(collectSink("totals"));
}
