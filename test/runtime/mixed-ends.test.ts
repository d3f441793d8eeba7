import { expect, test } from "vitest";
import { StreamExecutionEnvironment } from "../../core/api/stream-execution-environment.ts";
import { milliseconds } from "../../core/lib/duration.ts";
import { LocalExecutor } from "../../core/runtime/local-executor.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { TumblingEventTimeWindows } from "../../core/windows/tumbling-windows.ts";
import { ScriptedSource } from "../connectors/scripted-source.ts";

/** One source ends while the other is idle; then the other goes on. */
test.each(["union", "connect"])("a source that is idle while another ends is not at its end (%s)", async (how) => {
  const host = new SimulatedHost({ seed: 3 });
  const script = new ScriptedSource({ a: [1, 2, "wait", 25, 26] });
  const env = new StreamExecutionEnvironment(new LocalExecutor({ host }), { parallelism: 1 });
  const idling = WatermarkStrategy.forMonotonousTimestamps<string>().withIdleness(milliseconds(10));
  const live = env.fromSource(script, idling, "live");
  const ended = env.fromCollection(["b11", "b12"]).assignTimestampsAndWatermarks(
    WatermarkStrategy.forMonotonousTimestamps<string>().withTimestampAssigner((text) => Number(text.slice(1))),
  );
  const both = how === "union"
    ? live.union(ended)
    : live.connect(ended).map({ map1: (text: string) => text, map2: (text: string) => text });
  both.windowAll(TumblingEventTimeWindows.of(milliseconds(10))).reduce((a, b) => `${a} ${b}`).print();
  const client = await env.executeAsync();
  host.runUntilIdle(100_000);
  // What was idle may still deliver, but holds back nothing.
  expect(host.printed).toEqual(["a0 a1"]);
  script.go("a");
  host.runUntilIdle(100_000);
  await client.result();
  expect(host.printed).toEqual(["a0 a1", "b11 b12", expect.stringMatching(/^a\d a\d$/)]);
});
