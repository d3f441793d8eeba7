import { expect, test } from "vitest";
import { count, milliseconds, StreamExecutionEnvironment, sum, TumblingEventTimeWindows, WatermarkStrategy, types } from "../../core/index.ts";
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

function sums(results: unknown[]): StreamGraph {
  const env = StreamExecutionEnvironment.getExecutionEnvironment({ firePanesPerTurn: 2 });
  const strategy = WatermarkStrategy.forMonotonousTimestamps<Reading>().withTimestampAssigner((reading) => reading.time);
  env
    .fromSource(new Blocks(), strategy, "blocks")
    .keyBy((reading) => reading.key)
    .window(TumblingEventTimeWindows.of(milliseconds(45)))
    .aggregate({ count: count(), sum: sum((reading: Reading) => reading.time) })
    .sinkTo(collectSink(results));
  return env.getStreamGraph("sums");
}

test("records that come together and cannot be stored hold up a snapshot in the middle of them, and no longer", () => {
  const expected: unknown[] = [];
  finishJob(startJob(sums(expected), { kernel }));
  expect(expected).toHaveLength((BLOCKS * BLOCK_RECORDS * KEYS) / 45);

  const results: unknown[] = [];
  const first = startJob(sums(results), { kernel, turnRecordsMax: 5 });
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
  finishJob(startJob(sums(rest), { kernel, restore: driver.latest()! }));
  expect(rest.length).toBeLessThan(expected.length);
  expect(rest).toEqual(expected.slice(expected.length - rest.length));
});
