import { expect, test } from "vitest";
import { type AggregateFunction, count, type SingleOutputStreamOperator, milliseconds, StreamExecutionEnvironment, sum, TumblingEventTimeWindows, WatermarkStrategy, types } from "../../core/index.ts";
import { collectSink } from "../../core/connectors/collection-sink.ts";
import { SplitQueue, splitQueueStateType, type SplitQueueState } from "../../core/connectors/split-queue.ts";
import { type SplitCursor, SplitReader } from "../../core/connectors/split-reader.ts";
import type { Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "../../core/connectors/source.ts";
import type { StreamGraph } from "../../core/graph/stream-graph.ts";
import { CheckpointDriver } from "../../core/testing/checkpoint-driver.ts";
import { loadKernelModule } from "../../node/kernel-module.ts";
import { finishJob, startJob } from "./running-jobs.ts";

const kernel = await loadKernelModule();

/** Nothing that could be stored without a type. */
class Reading {
  readonly key: string;
  readonly time: number;

  constructor(key: string, time: number) {
    this.key = key;
    this.time = time;
  }
}

interface Position {
  readonly next: number;
}

const positionType = types.object({ next: types.number });
const BLOCKS = 6;
const BLOCK_RECORDS = 60;
const KEYS = 20;

/** A block a poll; the first window of each block fires in the middle of it. */
class Blocks implements Source<Reading, Position, SplitQueueState<Position>> {
  readonly boundedness = "BOUNDED";
  readonly splitType = positionType;
  readonly enumeratorStateType = splitQueueStateType(positionType);

  describe(): string {
    return "blocks";
  }

  createEnumerator(context: SplitEnumeratorContext<Position>): SplitQueue<Position> {
    return SplitQueue.of(context, [{ next: 0 }]);
  }

  restoreEnumerator(context: SplitEnumeratorContext<Position>, state: SplitQueueState<Position>): SplitQueue<Position> {
    return SplitQueue.restored(context, state);
  }

  createReader(context: SourceReaderContext): SourceReader<Reading, Position> {
    const open = ({ next: first }: Position): SplitCursor<Reading, Position> => {
      let next = first;
      return {
        next: (output) => {
          if (next === BLOCKS) return "done";
          const start = next * BLOCK_RECORDS;
          output.collectAll(Array.from({ length: BLOCK_RECORDS }, (_, at) => new Reading(`key ${(start + at) % KEYS}`, start + at)));
          next += 1;
          return "emitted";
        },
        position: () => ({ next }),
        close: () => {},
      };
    };
    return new SplitReader(context, { idOf: () => "all", open });
  }
}

interface Sums {
  count: number;
  sum: number;
}

/** What a kernel computes, by a function of the user's. */
const sumsOfReadings: AggregateFunction<Reading, Sums, Sums> = {
  createAccumulator: () => ({ count: 0, sum: 0 }),
  add(reading, sums) {
    sums.count += 1;
    sums.sum += reading.time;
    return sums;
  },
  getResult: ({ count, sum }) => ({ count, sum }),
};

type Panes = "in a kernel" | "on the heap";

function sums(results: unknown[], panes: Panes, keyOf: (reading: Reading) => string = (reading) => reading.key, fn = sumsOfReadings): StreamGraph {
  const env = StreamExecutionEnvironment.getExecutionEnvironment({ firePanesPerTurn: 2 });
  const strategy = WatermarkStrategy.forMonotonousTimestamps<Reading>().withTimestampAssigner((reading) => reading.time);
  const windows = env.fromSource(new Blocks(), strategy, "blocks").keyBy(keyOf).window(TumblingEventTimeWindows.of(milliseconds(45)));
  const given: SingleOutputStreamOperator<Sums> =
    panes === "on the heap" ? windows.aggregate(fn) : windows.aggregate({ count: count(), sum: sum((reading: Reading) => reading.time) });
  given.sinkTo(collectSink(results));
  return env.getStreamGraph("sums");
}

test.each<Panes>(["in a kernel", "on the heap"])("records that come together and cannot be stored hold up a snapshot in the middle of them, and no longer: panes %s", (panes) => {
  const expected: unknown[] = [];
  finishJob(startJob(sums(expected, panes), { kernel }));
  expect(expected).toHaveLength((BLOCKS * BLOCK_RECORDS * KEYS) / 45);

  const results: unknown[] = [];
  const first = startJob(sums(results, panes), { kernel, turnRecordsMax: 5 });
  const driver = new CheckpointDriver(first.job);
  let inTheMiddle = 0;
  for (let restoredAt = 0; restoredAt === 0; first.host.step()) {
    expect(first.outcomes).toEqual([]);
    if (driver.isPending) {
      inTheMiddle += 1;
    } else if (60 < results.length) {
      restoredAt = results.length;
    } else driver.begin();
  }
  first.job.cancel();
  expect(driver.completedCount).toBeGreaterThan(1);
  expect(inTheMiddle).toBeGreaterThan(20);

  const rest: unknown[] = [];
  finishJob(startJob(sums(rest, panes), { kernel, restore: driver.latest()! }));
  expect(rest.length).toBeLessThan(expected.length);
  expect(rest).toEqual(expected.slice(expected.length - rest.length));
});

test.each<{ readonly what: string; readonly keyOf: (reading: Reading) => string; readonly fn: AggregateFunction<Reading, Sums, Sums>; readonly key: object }>([
  { what: "a key selector", keyOf: failingAt(100, (reading) => reading.key), fn: sumsOfReadings, key: {} },
  { what: "an aggregate", keyOf: (reading) => reading.key, fn: { ...sumsOfReadings, add: failingAt(100, (reading, sums) => sumsOfReadings.add(reading, sums)) }, key: { key: '"key 0"' } },
])("$what that fails for one of many records is told which", ({ keyOf, fn, key }) => {
  const { host, outcomes } = startJob(sums([], "on the heap", keyOf, fn));
  host.runUntilIdle(1_000_000);
  expect(outcomes).toMatchObject([{ status: "FAILED", error: { code: "USER_FUNCTION_FAILED", place: { record: '{"key":"key 0","time":100}', timestamp: 100, ...key } } }]);
});

/** Fails for the record of this time. */
function failingAt<A extends readonly unknown[], R>(time: number, call: (reading: Reading, ...rest: A) => R): (reading: Reading, ...rest: A) => R {
  return (reading, ...rest) => {
    if (reading.time === time) throw new Error("not this one");
    return call(reading, ...rest);
  };
}
