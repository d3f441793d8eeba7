import { expect, test } from "vitest";
import {
  type DataStream,
  type ReduceFunction,
  SlidingEventTimeWindows,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  WatermarkStrategy,
  milliseconds,
} from "tamias";

/**
 * A record that is emitted is handed over: the next function may change it. What the engine keeps of it, or gives to others, stays as it was.
 */
interface Count {
  n: number;
  t: number;
}

/** Changes its left record and returns it, as many do. */
const addingUp: ReduceFunction<Count> = {
  reduce(left, right) {
    left.n += right.n;
    return left;
  },
};

function tenfold(record: Count): number {
  record.n *= 10;
  return record.n;
}

function counts(...times: readonly number[]): Count[] {
  return times.map((t) => ({ n: 1, t }));
}

function timed(records: readonly Count[]): DataStream<Count> {
  return StreamExecutionEnvironment.getExecutionEnvironment()
    .fromCollection(records)
    .assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps<Count>().withTimestampAssigner((record: Count) => record.t));
}

async function check<R>(stream: DataStream<R>, ...expected: readonly R[]): Promise<void> {
  expect(await stream.executeAndCollect().toArray()).toEqual(expected);
}

test("a reduce that changes its left record", () =>
  check(timed(counts(1, 1, 1)).keyBy("t").reduce(addingUp), { n: 1, t: 1 }, { n: 2, t: 1 }, { n: 3, t: 1 }));

test("a reduce that changes its left record leaves the collection as it was", async () => {
  const records = counts(1, 1, 1);
  await timed(records).keyBy("t").reduce(addingUp).executeAndCollect().toArray();
  await timed(records).keyBy("t").window(TumblingEventTimeWindows.of(milliseconds(10))).reduce(addingUp).executeAndCollect().toArray();
  expect(records).toEqual(counts(1, 1, 1));
});

test("a map that changes a sum", () => check(timed(counts(1, 1, 1)).keyBy("t").sum("n").map(tenfold), 10, 20, 30));

test("two readers of one stream", async () => {
  const seen: string[] = [];
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const stream = env.fromElements({ n: 1, t: 0 }, { n: 2, t: 0 });
  stream.map(tenfold).map((n) => void seen.push(`changed ${n}`));
  stream.map(({ n }) => void seen.push(`as it was ${n}`));
  await env.execute();
  expect(seen).toEqual(["changed 10", "as it was 1", "changed 20", "as it was 2"]);
});

test("the caller's collection", async () => {
  const records = counts(1, 2);
  await check(timed(records).map(tenfold), 10, 10);
  await check(timed(new Set(records) as unknown as Count[]).map(tenfold), 10, 10);
  expect(records).toEqual(counts(1, 2));
});

test("sliding windows that reduce the same record", () =>
  check(
    timed(counts(1, 6, 7)).keyBy(() => 0).window(SlidingEventTimeWindows.of(milliseconds(10), milliseconds(5))).reduce(addingUp).map(({ n }) => n),
    1,
    3,
    2,
  ));

test("sliding windows that list the same record", () =>
  check(
    timed(counts(1, 6))
      .keyBy(() => 0)
      .window(SlidingEventTimeWindows.of(milliseconds(10), milliseconds(5)))
      .apply<Count>((_key, _window, records, out) => [...records].forEach((record) => out.collect(record)))
      .map(tenfold),
    ...[10, 10, 10, 10],
  ));

test("a window that fires again after its accumulator was emitted", () => {
  const windows = timed(counts(1, 20, 2, 3)).keyBy(() => 0).window(TumblingEventTimeWindows.of(milliseconds(10)));
  const kept = windows.allowedLateness(milliseconds(100)).aggregate<{ n: number }, { n: number }>({
    createAccumulator: () => ({ n: 0 }),
    add(record, accumulator) {
      accumulator.n += record.n;
      return accumulator;
    },
    getResult: (accumulator) => accumulator,
  });
  return check(kept, { n: 1 }, { n: 2 }, { n: 3 }, { n: 1 });
});

test("count windows that slide over the same records", () =>
  check(timed(counts(1, 2, 3, 4)).keyBy(() => 0).countWindow(3, 1).reduce(addingUp).map(({ n }) => n), 1, 2, 3, 3));
