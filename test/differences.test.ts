import { expect, test } from "vitest";
import {
  EventTimeSessionWindows,
  DataGeneratorSource,
  type DataStream,
  ProcessingTimeSessionWindows,
  RichMapFunction,
  RuntimeExecutionMode,
  SlidingEventTimeWindows,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  WatermarkStrategy,
  milliseconds,
  sum,
} from "tamias";
import { MergingWindowSet } from "../core/windows/merging-window-set.ts";

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

test("processing-time sessions of 1 ms merge as others do", () => {
  const [windows, now] = [ProcessingTimeSessionWindows.withGap(milliseconds(1)), { time: 5 }];
  const sessions = new MergingWindowSet();
  const add = (time: number): string => {
    now.time = time;
    const [window] = windows.assignWindows(0, -Infinity, { currentProcessingTime: () => now.time, random: () => 0 });
    return `${sessions.addWindow(window!, () => undefined)}`;
  };
  expect([add(5), add(6)]).toEqual(["[5, 6)", "[5, 7)"]);
});

test("generators: subtasks take turns, record by record", async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.setParallelism(2);
  const made: string[] = [];
  env
    .fromSource(new DataGeneratorSource((index) => index, 6), WatermarkStrategy.noWatermarks<number>(), "numbers")
    .map(new (class extends RichMapFunction<number, void> {
      override map(index: number): void {
        made.push(`${this.getRuntimeContext().getIndexOfThisSubtask()}:${index}`);
      }
    })());
  await env.execute();
  expect(made.sort()).toEqual(["0:0", "0:2", "0:4", "1:1", "1:3", "1:5"]);
});

test("the final value of a BATCH reduce has the timestamp of the key's last record", async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.setRuntimeMode(RuntimeExecutionMode.BATCH);
  const stamped = timed([reading(7), reading(3)], 0, env)
    .keyBy((record) => record.key)
    .reduce((left, right) => ({ ...left, gap: left.gap + right.gap }))
    .process<string>((record, context, out) => out.collect(`${record.gap}@${context.timestamp()}`));
  expect(await stamped.executeAndCollect().toArray()).toEqual(["2@7"]);
});

test("in BATCH a source has no watermark before the final one", async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.setRuntimeMode(RuntimeExecutionMode.BATCH);
  const byTime = WatermarkStrategy.forMonotonousTimestamps<number>().withIdleness(milliseconds(1)).withTimestampAssigner((index: number) => index);
  const watermarks = env
    .fromSource(new DataGeneratorSource((index) => index, 3), byTime, "numbers")
    .process<string>((_index, context, out) => out.collect(`${context.timestamp()} ${context.timerService().currentWatermark()}`));
  expect(await watermarks.executeAndCollect().toArray()).toEqual(["0 -Infinity", "1 -Infinity", "2 -Infinity"]);
});

test("NaN is the smallest and the largest of all numbers", async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const values = env.fromElements({ n: 1 }, { n: NaN }, { n: 2 }).keyBy(() => "all");
  expect(await values.min("n").map(({ n }) => n).executeAndCollect().toArray()).toEqual([1, NaN, NaN]);
  expect(await values.max("n").map(({ n }) => n).executeAndCollect().toArray()).toEqual([1, NaN, NaN]);
});

test("sliding windows add up slice by slice", async () => {
  const stream = timed([reading(1, 2 ** 53), reading(6), reading(7)], 0);
  const sums = stream
    .keyBy((record) => record.key)
    .window(SlidingEventTimeWindows.of(milliseconds(10), milliseconds(5)))
    .aggregate({ total: sum("gap") });
  expect(await sums.executeAndCollect().toArray()).toEqual([{ total: 2 ** 53 }, { total: 2 ** 53 + 2 }, { total: 2 }]);
});

test("event-time windows behind windows without an end are refused with the first record", async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const pairs = env.fromElements(1, 2).keyBy(() => "all").countWindow(2).reduce((left, right) => left + right);
  const sums = pairs.keyBy(() => "all").window(TumblingEventTimeWindows.of(milliseconds(10))).reduce((left, right) => left + right);
  await expect(sums.executeAndCollect().toArray()).rejects.toMatchObject({ code: "MISSING_TIMESTAMPS" });
});

function reading(time: number, gap = 1): Reading {
  return { key: "a", time, gap };
}

function timed(records: readonly Reading[], boundMs: number, env = StreamExecutionEnvironment.getExecutionEnvironment()): DataStream<Reading> {
  return env
    .fromCollection(records)
    .assignTimestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness<Reading>(milliseconds(boundMs)).withTimestampAssigner((record: Reading) => record.time));
}

test("functions are closed when the whole job has ended", async () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const log: string[] = [];
  const early = { map: (n: number) => n, close: () => void log.push("early closed") };
  const late = { map: (n: number) => (log.push(`late ${n}`), n) };
  // Two sources: the first chain ends long before the second one.
  env.fromElements(1).map(early).union(env.fromSequence(2, 3_000)).map(late).startNewChain();
  await env.execute();
  expect(log.indexOf("early closed")).toBe(log.length - 1);
  expect(log).toHaveLength(3_001);
});
