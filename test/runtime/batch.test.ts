import { expect, test } from "vitest";
import { StreamExecutionEnvironment } from "../../core/api/stream-execution-environment.ts";
import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import { milliseconds } from "../../core/lib/duration.ts";
import { LocalExecutor } from "../../core/runtime/local-executor.ts";
import { CheckpointDriver } from "../../core/testing/checkpoint-driver.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { TumblingEventTimeWindows } from "../../core/windows/tumbling-windows.ts";
import { startJob } from "./running-jobs.ts";
import { GraphWriter } from "./stream-graphs.ts";

test.each([true, false])("nothing is late in BATCH, in windows over all records too (chaining %s)", async (operatorChaining) => {
  const host = new SimulatedHost({ seed: 1 });
  const env = new StreamExecutionEnvironment(new LocalExecutor({ host }), { runtimeMode: "BATCH", operatorChaining });
  env
    .fromElements(35, 1, 12, 3, 31, 2)
    .assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner((n) => n))
    .windowAll(TumblingEventTimeWindows.of(milliseconds(10)))
    .reduce((a, b) => a * 100 + b)
    .print();
  const client = await env.executeAsync();
  host.runUntilIdle();
  await client.result();
  expect(host.printed).toEqual(["10203", "12", "3135"]);
});

test("a BATCH job takes no checkpoint: what it sorts is no state", () => {
  const writer = new GraphWriter();
  writer.source(new SequenceSource(1, 10) as never, WatermarkStrategy.noWatermarks<number>(), 1);
  const run = startJob(writer.graph({ mode: "BATCH" }));
  expect(() => new CheckpointDriver(run.job).begin()).toThrow(/STREAMING/);
  run.job.cancel();
});
