import { describe, expect, test } from "vitest";
import { collectSink, IntCounter, PushSource, RichMapFunction, seconds, sum, TumblingEventTimeWindows, WatermarkStrategy } from "tamias";
import { SimulatedCluster, type SimulatedJob } from "../../core/testing/index.ts";

interface Reading {
  readonly key: string;
  readonly time: number;
  readonly value: number;
}

const RECORDS = 300;

class Counted extends RichMapFunction<number, Reading> {
  readonly #counter = new IntCounter();

  override open(): void {
    this.getRuntimeContext().addAccumulator("read", this.#counter);
  }

  override map(n: number): Reading {
    this.#counter.add(1);
    return { key: `k${n % 7}`, time: n * 100, value: n };
  }
}

const windows: SimulatedJob = (env) => {
  env
    .fromSequence(1, RECORDS)
    .map(new Counted())
    .assignTimestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness<Reading>(seconds(60)).withTimestampAssigner(({ time }) => time))
    .keyBy("key")
    .window(TumblingEventTimeWindows.of(seconds(5)))
    .aggregate({ total: sum("value") })
    .sinkTo(collectSink("totals"));
};

const endless: SimulatedJob = (env) => {
  env
    .fromSequence(1, 2 ** 50)
    .map((n) => n)
    .keyBy((n) => n % 5)
    .process({ processElement: () => {} })
    .sinkTo(collectSink("nothing"));
};

/** Lets promises that have settled be seen; nothing of the engine runs meanwhile. */
async function turn(): Promise<void> {
  for (let count = 0; count < 20; count += 1) await Promise.resolve();
}

async function collected(cluster: SimulatedCluster, job: ReturnType<SimulatedCluster["submit"]>, name: string): Promise<string[]> {
  const rows: string[] = [];
  let isOver = false;
  const taking = (async () => {
    for await (const batch of job.results<unknown>(name)) rows.push(...batch.map((row) => JSON.stringify(row)));
    isOver = true;
  })();
  while (!isOver) {
    await turn();
    if (!isOver) for (let step = 0; step < 200; step += 1) cluster.host.runUntilIdle(1);
  }
  await taking;
  return rows.sort();
}

describe("a simulated cluster", () => {
  test.each([1, 2, 3, 4, 5])("gives with %i task managers what it gives with one", async (taskManagers) => {
    const single = new SimulatedCluster({ seed: 1, taskManagers: 1 });
    const expected = await collected(single, single.submit(windows), "totals");
    expect(expected.length).toBeGreaterThan(20);
    for (const seed of [11, 12, 13]) {
      const cluster = new SimulatedCluster({ seed, taskManagers });
      const job = cluster.submit(windows);
      expect(await collected(cluster, job, "totals"), `seed ${seed}`).toEqual(expected);
      expect((await job.result()).getAccumulatorResult("read")).toBe(RECORDS);
      cluster.close();
    }
  });

  test("names the subtasks of a machine that dies", async () => {
    const cluster = new SimulatedCluster({ seed: 5, taskManagers: 2 });
    const job = cluster.submit(endless);
    cluster.runUntil(() => job.getJobStatus() === "RUNNING");
    cluster.taskManagers[1]!.die();
    cluster.runUntil(() => job.getJobStatus() === "FAILED");
    await expect(job.result()).rejects.toThrow(/task manager 2 is lost: it has not answered for 300 ms; it ran .*2\/2/);
  });

  test("fails a job whose master is lost, and its task managers serve the next one", async () => {
    const cluster = new SimulatedCluster({ seed: 5, taskManagers: 2 });
    const job = cluster.submit(endless);
    cluster.runUntil(() => job.getJobStatus() === "RUNNING");
    cluster.leaders[0]!.hang();
    cluster.runUntil(() => job.getJobStatus() === "FAILED");
    await expect(job.result()).rejects.toThrow("[JOB_MASTER_LOST]");
  });

  test("cancels, and stops with the input that was taken", async () => {
    const cluster = new SimulatedCluster({ seed: 6, taskManagers: 3 });
    const canceled = cluster.submit(endless);
    cluster.runUntil(() => canceled.getJobStatus() === "RUNNING");
    const cancel = canceled.cancel();
    cluster.runUntil(() => canceled.getJobStatus() === "CANCELED");
    await cancel;
    await expect(canceled.result()).rejects.toThrow("[JOB_CANCELED]");
    const stopped = cluster.submit(endless);
    cluster.runUntil(() => stopped.getJobStatus() === "RUNNING");
    const stop = stopped.stop();
    cluster.runUntil(() => stopped.getJobStatus() === "FINISHED");
    await stop;
    expect((await stopped.result()).jobName).toBe("Tamias Job");
  });

  test("ends though it reports, whenever on its way to the end a machine is late with its last report", () => {
    for (let steps = 0; steps < 100; steps += 1) {
      const cluster = new SimulatedCluster({ seed: 9, taskManagers: 2 });
      const job = cluster.submit(endless);
      job.reports({ everyMs: 1 });
      cluster.runUntil(() => job.getJobStatus() === "RUNNING");
      void job.cancel();
      cluster.host.runUntilIdle(steps);
      cluster.taskManagers[1]!.hang();
      cluster.runUntil(() => job.getJobStatus() === "CANCELED", 20_000);
      cluster.close();
    }
  });

  test("takes records that are pushed into it", async () => {
    const cluster = new SimulatedCluster({ seed: 8, taskManagers: 2 });
    const job = cluster.submit((env) => {
      env
        .fromSource(new PushSource<number>("numbers"), WatermarkStrategy.noWatermarks(), "numbers")
        .map((n) => n * 2)
        .sinkTo(collectSink("doubled"));
    });
    let pushed = 0;
    for (let from = 0; from < 5_000; from += 2_500) void job.push("numbers", Array.from({ length: 2_500 }, (_, index) => from + index)).then(() => (pushed += 1));
    const taken: number[] = [];
    const taking = (async () => {
      for await (const batch of job.results<number>("doubled")) taken.push(...batch);
    })();
    for (let round = 0; pushed < 2 && round < 20_000; round += 1) {
      await turn();
      cluster.host.runUntilIdle(20);
    }
    void job.stop();
    for (let round = 0; job.getJobStatus() !== "FINISHED" && round < 20_000; round += 1) {
      await turn();
      cluster.host.runUntilIdle(20);
    }
    await taking;
    expect(taken.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 5_000 }, (_, n) => n * 2));
  });
});

test("a slot goes to one job, though workers make room for those of another", async () => {
  const cluster = new SimulatedCluster({ seed: 3, taskManagers: 1 });
  const jobOf = (): SimulatedJob => (env) => endless(env, {});
  const first = cluster.submit(jobOf());
  cluster.runUntil(() => first.getJobStatus() === "RUNNING");
  const [second, third] = [cluster.submit(jobOf()), cluster.submit(jobOf())];
  void first.cancel();
  cluster.runUntil(() => [second, third].some((job) => job.getJobStatus() === "RUNNING"));
  for (let step = 0; step < 5_000; step += 1) cluster.host.runUntilIdle(1);
  expect([second, third].map((job) => job.getJobStatus()).sort()).toEqual(["CREATED", "RUNNING"]);
  cluster.close();
});
