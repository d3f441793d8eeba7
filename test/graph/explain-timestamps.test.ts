import { expect, test } from "vitest";
import { type DataStream, ColumnSource, StreamExecutionEnvironment, type TimestampAssigner, type TimestampExpression, WatermarkStrategy, columnsOf, milliseconds } from "tamias";

interface Reading {
  readonly time: number;
}

const columns = { time: new Float64Array(3) };
const bounded = WatermarkStrategy.forBoundedOutOfOrderness(milliseconds(5));
const readTime = (reading: Reading): number => reading.time;

/** What `explain` says about times, for a strategy at a source of columns, at columns further down, and at records. */
function explained(assigner: TimestampAssigner<Reading> | TimestampExpression<Reading>): string[][] {
  const strategy = bounded.withTimestampAssigner(assigner);
  const jobs: ((env: StreamExecutionEnvironment) => DataStream<Reading>)[] = [
    (env) => env.fromSource(new ColumnSource(columns), strategy, "readings"),
    (env) => env.fromColumns(columns).assignTimestampsAndWatermarks(strategy),
    (env) => env.fromElements({ time: 1 }).assignTimestampsAndWatermarks(strategy),
  ];
  return jobs.map((make) => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    make(env).print();
    const lines = env.explain().split("\n").map((line) => line.trim());
    return lines.filter((line) => /^(timestamps|watermarks|row by row):/.test(line) && !line.endsWith("none")).map((line) => line.replace(/: +/, ": "));
  });
}

const watermarks = "watermarks: bounded out-of-orderness 5ms, emitted on event";

test("an expression is shown, and works on columns", () => {
  const told = ["timestamps: time * 60000", watermarks];
  expect(explained(columnsOf<Reading>()("time").times(60_000))).toEqual([told, told, told]);
});

test("where a function makes rows of columns, it says so", () => {
  const told = [watermarks, 'row by row: the timestamp assigner is a function; columnsOf<…>()("time") reads the column'];
  expect(explained(readTime)).toEqual([told, told, [watermarks]]);
});

test("a job on columns gives what the same job on records gives", async () => {
  const results: unknown[] = [];
  for (const assigner of [readTime, columnsOf<Reading>()("time")]) {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const strategy = bounded.withTimestampAssigner(assigner);
    const times = Float64Array.from({ length: 9_000 }, (_, row) => row - (row % 7));
    const key = Int32Array.from(times, (_, row) => row % 3);
    const stream = env.fromSource(new ColumnSource({ time: times, key }), strategy, "readings");
    results.push(await stream.filter((reading) => 8_900 < reading.time).executeAndCollect().toArray());
  }
  expect(results[0]).toHaveLength(96);
  expect(results[1]).toEqual(results[0]);
});
