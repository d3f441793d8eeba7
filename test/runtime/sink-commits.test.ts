import { expect, test } from "vitest";
import { mapFactory } from "../../core/operators/function-factories.ts";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import { sinkFactory } from "../../core/connectors/sink-operator.ts";
import type { Sink } from "../../core/connectors/sink.ts";
import { types } from "../../core/data/type.ts";
import { Prng } from "../../core/lib/prng.ts";
import { JobError } from "../../core/lib/errors.ts";
import { CheckpointDriver } from "../../core/testing/checkpoint-driver.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { expectedSums, World } from "../checkpoint/sums-job.ts";
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
            this.commitsUntilFailure -= 1;
            const fails = this.commitsUntilFailure < 0;
            // It has happened before anybody knows.
            context.at(context.now() + delayMs / 2, () => {
              if (!fails) for (const { id, rows } of committables) this.transactions.set(id, rows);
            });
            context.at(context.now() + delayMs, () => {
              this.underWay -= 1;
              if (fails) rejected(new Error("table is gone"));
              else fulfilled();
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

test("whenever the process ends, also while commits are under way, each row is there once", () => {
  let killedInCommit = 0;
  for (let seed = 1; seed <= 25; seed += 1) {
    const world = new World(seed);
    const prng = new Prng(seed);
    const table = new SlowTable();
    const job = (): { readonly records: number; readonly sink: Sink<number> } => ({ records: 6_000, sink: table.sink(1 + prng.int(30)) as unknown as Sink<number> });
    for (let end = 0; end < 3; end += 1) {
      const client = world.submit(job());
      const isOver = (): boolean => !["CREATED", "RUNNING"].includes(client.getJobStatus());
      world.runUntil(() => 0 < table.underWay || isOver());
      let steps = prng.int(800);
      world.runUntil(() => (steps -= 1) < 0 || isOver());
      if (isOver()) break;
      if (0 < table.underWay) killedInCommit += 1;
      table.underWay = 0;
      world.restart(prng.uint32());
    }
    if (table.rows.length < 6_000) expect([seed, world.runToEnd(world.submit(job()))]).toEqual([seed, "FINISHED"]);
    expect(table.rows.map(String).sort(), `seed ${seed}`).toEqual(expectedSums(6_000));
  }
  expect(killedInCommit).toBeGreaterThan(20);
});
