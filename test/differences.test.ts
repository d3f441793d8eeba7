import { expect, test } from "vitest";
import {
  EventTimeSessionWindows,
  type DataStream,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  WatermarkStrategy,
  milliseconds,
  sum,
} from "tamias";

/** The entries of docs/differences.md that show only in a whole job; the others have their tests where the code is. */
interface Reading {
  readonly key: string;
  readonly time: number;
  readonly gap: number;
}

test("a session of dynamic gap that equals one already merged keeps every record", async () => {
  const stream = timed([reading(0, 3), reading(2, 3), reading(0, 5)], 10);
  const gaps = stream
    .keyBy((record) => record.key)
    .window(EventTimeSessionWindows.withDynamicGap((record: Reading) => record.gap))
    .process<string>((_key, context, records, out) => out.collect(`${context.window().end}: ${[...records].map(({ gap }) => gap).join(" ")}`));
  expect(await gaps.executeAndCollect().toArray()).toEqual(["5: 3 3 5"]);
});

test("a window function is told of re-firings, and metrics count them", async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const firings: string[] = [];
  timed([reading(1), reading(12), reading(2), reading(3), reading(40), reading(4)], 0, env)
    .keyBy((record) => record.key)
    .window(TumblingEventTimeWindows.of(milliseconds(10)))
    .allowedLateness(milliseconds(5))
    .process<string>((_key, context, records, out) => out.collect(`${context.window().start}: ${[...records].length} ${context.isRefiring()}`))
    .name("per ten")
    .map((firing) => void firings.push(firing));
  const client = await env.executeAsync();
  await client.result();
  expect(firings).toEqual(["0: 1 false", "0: 2 true", "0: 3 true", "10: 1 false", "40: 1 false"]);
  const window = client.metrics().find(({ operator }) => operator === "per ten");
  expect(window?.metrics).toMatchObject({ lateRecordsKept: 2, refirings: 2, lateRecordsDropped: 1 });
});

test("event-time windows without timestamps are refused when the job is written", () => {
  const keyed = StreamExecutionEnvironment.getExecutionEnvironment().fromElements(1).keyBy(() => "all");
  expect(() => keyed.window(TumblingEventTimeWindows.of(milliseconds(10)))).toThrow(/MISSING_TIMESTAMPS.*assignTimestampsAndWatermarks/s);
});

test("−0 and 0, and 5 and 5n, are one key each; NaN is one", async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const counts = env
    .fromElements<number | bigint>(0, -0, NaN, NaN, 5, 5n)
    .map((value) => ({ value, count: 1 }))
    .keyBy(({ value }) => value)
    .reduce((left, right) => ({ value: left.value, count: left.count + right.count }))
    .map(({ count }) => count);
  expect(await counts.executeAndCollect().toArray()).toEqual([1, 2, 1, 2, 1, 2]);
});

test("a sum of bigints that leaves 64 bits stops the job", async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const totals = env
    .fromElements({ bytes: 2n ** 63n - 1n }, { bytes: 1n })
    .keyBy(() => "all")
    .countWindow(2)
    .aggregate({ total: sum("bytes") });
  await expect(totals.executeAndCollect().toArray()).rejects.toMatchObject({ code: "ARITHMETIC_OVERFLOW" });
});

function reading(time: number, gap = 1): Reading {
  return { key: "a", time, gap };
}

function timed(records: readonly Reading[], boundMs: number, env = StreamExecutionEnvironment.getExecutionEnvironment()): DataStream<Reading> {
  return env
    .fromCollection(records)
    .assignTimestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness<Reading>(milliseconds(boundMs)).withTimestampAssigner((record: Reading) => record.time));
}
