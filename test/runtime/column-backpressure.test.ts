import { expect, test } from "vitest";
import { type DataStream, type Sink, StreamExecutionEnvironment } from "tamias";
import { buildJobGraph } from "../../core/graph/job-graph.ts";
import { BUFFER_ROWS_MAX } from "../../core/runtime/buffer-bounds.ts";
import { LocalJob, type JobOutcome } from "../../core/runtime/local-job.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";

const ROWS = 20_000;
const CREDITS = 2;

/** Takes one record a millisecond. */
class SlowSink implements Sink<number> {
  readonly taken: number[] = [];
  takenUnready = 0;

  describe(): string {
    return "slow";
  }

  createWriter({ at, now, notifyReady }: Parameters<Sink<number>["createWriter"]>[0]) {
    let isReady = true;
    return {
      write: (record: number): void => {
        this.taken.push(record);
        if (!isReady) this.takenUnready += 1;
        isReady = false;
        at(now() + 1, () => {
          isReady = true;
          notifyReady();
        });
      },
      isReady: () => isReady,
      flush() {},
      close() {},
    };
  }
}

function start(build: (numbers: DataStream<{ readonly n: number }>, sink: SlowSink) => void): { readonly job: LocalJob; readonly host: SimulatedHost; readonly sink: SlowSink; readonly outcomes: JobOutcome[] } {
  const env = StreamExecutionEnvironment.getExecutionEnvironment({ parallelism: 1 });
  const sink = new SlowSink();
  build(env.fromColumns({ n: Float64Array.from({ length: ROWS }, (_, row) => row) }), sink);
  const host = new SimulatedHost({ seed: 1 });
  const outcomes: JobOutcome[] = [];
  const onEnd = (outcome: JobOutcome): void => void outcomes.push(outcome);
  const job = new LocalJob(buildJobGraph(env.getStreamGraph("slow")), { host, attempt: 0, restore: undefined, freeze: true, turnRecordsMax: undefined, channelCredits: CREDITS, onEnd });
  job.start();
  return { job, host, sink, outcomes };
}

test("a sink that is not ready gets no further row of a batch, and all of them in the end", () => {
  const { host, sink, outcomes } = start((numbers, slow) => numbers.map(({ n }) => n).sinkTo(slow));
  expect(host.runUntilIdle(1_000_000)).toBe(true);
  expect(outcomes).toEqual([{ status: "FINISHED" }]);
  expect(sink.takenUnready).toBe(0);
  expect(sink.taken).toEqual(Array.from({ length: ROWS }, (_, row) => row));
});

test("what a function makes of the rows of a batch waits for credit between two rows", () => {
  const perRow = 100;
  const { job, host } = start((numbers, slow) => {
    const many = numbers.process<number>({
      processElement({ n }, _context, out) {
        for (let copy = 0; copy < perRow; copy += 1) out.collect(n);
      },
    });
    many.rebalance().map((n) => n).setParallelism(2).sinkTo(slow).setParallelism(2);
  });
  let most = 0;
  for (let step = 0; step < 3_000 && host.step(); step += 1) {
    for (const { chain } of job.tasks.flat()) for (const writer of chain.writers) most = Math.max(most, writer.overflowBuffers);
  }
  expect(most).toBeLessThanOrEqual(2 * Math.ceil(1 + perRow / BUFFER_ROWS_MAX));
});
