import { expect, test } from "vitest";
import { mapFactory } from "../../core/operators/function-factories.ts";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import type { Sink } from "../../core/connectors/sink.ts";
import { types } from "../../core/data/type.ts";
import { JobError } from "../../core/lib/errors.ts";
import { CheckpointDriver } from "../../core/testing/checkpoint-driver.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { finishJob, startJob } from "./running-jobs.ts";
import { GraphWriter } from "./stream-graphs.ts";

/** What is committed becomes visible a while after it was asked for, each transaction once. */
class SlowTable {
  readonly transactions = new Map<string, readonly number[]>();
  underWay = 0;
  /** Commits begun until one fails. */
  commitsUntilFailure = Infinity;

  get rows(): readonly number[] {
    return [...this.transactions.values()].flat().sort((a, b) => a - b);
  }

  sink(delayMs: number): Sink<number, never, { readonly id: string; readonly rows: readonly number[] }> {
    return {
      describe: () => "slow table",
      committableType: types.object({ id: types.string, rows: types.array(types.number) }),
      createWriter: ({ attempt, subtaskIndex }) => {
        let rows: number[] = [];
        let count = 0;
        return {
          write: (row) => void rows.push(row),
          flush: () => {},
          prepareCommit: () => {
            if (rows.length === 0) return [];
            const prepared = { id: `${attempt}/${subtaskIndex}/${(count += 1)}`, rows };
            rows = [];
            return [prepared];
          },
          close: () => {},
        };
      },
      createCommitter: (context) => ({
        commit: (committables) => {
          const then = (fulfilled: () => unknown, rejected: (cause: unknown) => unknown): void => {
            this.underWay += 1;
            context.at(context.now() + delayMs, () => {
              this.underWay -= 1;
              this.commitsUntilFailure -= 1;
              if (this.commitsUntilFailure < 0) {
                rejected(new Error("table is gone"));
                return;
              }
              for (const { id, rows } of committables) this.transactions.set(id, rows);
              fulfilled();
            });
          };
          return { then } as unknown as PromiseLike<void>;
        },
      }),
    };
  }
}

const ALL = Array.from({ length: 60 }, (_none, index) => index + 1);

function graphOf(table: SlowTable, delayMs: number) {
  const writer = new GraphWriter();
  const source = writer.source(new SequenceSource(1, ALL.length) as never, WatermarkStrategy.noWatermarks<unknown>(), 2);
  const map = writer.operator("map", mapFactory({ map: (n: number) => n }), source, { parallelism: 2, partitioner: { kind: "rebalance" } });
  writer.operator("sink", sinkFactory(table.sink(delayMs)), map, { parallelism: 2 });
  return writer.graph();
}

test("a job ends when the last commit has been answered, whenever its checkpoints were", () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const table = new SlowTable();
    const run = startJob(graphOf(table, seed % 20), { seed, turnRecordsMax: 3 });
    const driver = new CheckpointDriver(run.job);
    for (let steps = 0; run.outcomes.length === 0 && steps < 10_000; steps += 1) {
      if (!driver.isPending && steps % (10 + seed) === 0) driver.begin();
      run.host.step();
    }
    finishJob(run);
    expect([table.underWay, table.rows], `seed ${seed}`).toEqual([0, ALL]);
  }
});

test("a commit that fails behind the end of the input fails the job, and the checkpoint before it commits again", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const table = new SlowTable();
    table.commitsUntilFailure = 0;
    const run = startJob(graphOf(table, 5), { seed });
    const driver = new CheckpointDriver(run.job);
    for (let steps = 0; steps < 20 + seed; steps += 1) run.host.step();
    driver.begin();
    run.host.runUntilIdle(100_000);
    expect(run.outcomes, `seed ${seed}`).toEqual([{ status: "FAILED", error: expect.any(JobError) as unknown }]);
    table.commitsUntilFailure = Infinity;
    table.transactions.clear();
    finishJob(startJob(graphOf(table, 5), { seed, restore: driver.latest()! }));
    expect(table.rows, `seed ${seed}`).toEqual(ALL);
  }
});
