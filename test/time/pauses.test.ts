import { describe, expect, test } from "vitest";
import { KeyedProcessFunction, milliseconds, StreamExecutionEnvironment, TumblingEventTimeWindows, WatermarkStrategy, type Collector, type OnTimerContext, type KeyedProcessContext } from "../../core/index.ts";
import { finishJob, type RunningJob, startJob, testSink } from "../runtime/running-jobs.ts";
import { ScriptedSource } from "../connectors/scripted-source.ts";

/** A host that sleeps: its clock jumps between two turns, and what was due meanwhile comes together. */

const HOUR = 3_600_000;

function sleep({ host }: RunningJob, ms: number = HOUR): void {
  while (host.step());
  host.advanceTo(host.clock.now() + ms);
  while (host.step());
}

function runFor(running: RunningJob, ms: number): void {
  const until = running.host.clock.now() + ms;
  while (running.host.clock.now() < until) sleep(running, 10);
}

describe("event time", () => {
  /** One split is far ahead; the other waits with records that are late if it ever counts as idle. */
  function twoSplits(given: string[]): { readonly running: RunningJob; readonly source: ScriptedSource } {
    const source = new ScriptedSource({ slow: [5, "wait", 7, 12], ahead: ["wait", 1_000_000, "wait"] });
    const strategy = WatermarkStrategy.forMonotonousTimestamps<string>().withIdleness(milliseconds(1_000));
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    env
      .fromSource(source, strategy, "splits")
      .keyBy(() => "all")
      .window(TumblingEventTimeWindows.of(milliseconds(10)))
      .process((_key, context, records, out: Collector<string>) => out.collect(`${context.window().start}: ${[...records].length}`))
      .sinkTo(testSink<string>(() => ({ write: (line) => void given.push(line) })));
    return { running: startJob(env.getStreamGraph("pauses")), source };
  }

  test("a pause makes no input idle, so that nothing is late behind it", () => {
    const given: string[] = [];
    const { running, source } = twoSplits(given);
    runFor(running, 100);
    source.go("ahead");
    for (const pause of [HOUR, 700, HOUR]) sleep(running, pause);
    for (const split of ["slow", "ahead"]) source.go(split);
    finishJob(running);
    expect(given).toEqual(["0: 2", "10: 1", "1000000: 1"]);
  });

  test("an input that is quiet while the host runs is idle, with or without a pause", () => {
    for (const pauses of [0, 1]) {
      const given: string[] = [];
      const { running, source } = twoSplits(given);
      runFor(running, 100);
      source.go("ahead");
      runFor(running, 400);
      for (let pause = 0; pause < pauses; pause += 1) sleep(running);
      runFor(running, 1_000);
      for (const split of ["slow", "ahead"]) source.go(split);
      finishJob(running);
      expect(given).toEqual(["0: 1", "1000000: 1"]);
    }
  });
});

describe("processing time", () => {
  class Timers extends KeyedProcessFunction<string, string, string> {
    override processElement(_record: string, context: KeyedProcessContext<string>): void {
      context.timerService().registerProcessingTimeTimer(context.timestamp()!);
    }

    override onTimer(time: number, context: OnTimerContext<string>, out: Collector<string>): void {
      out.collect(`${time} at ${context.timerService().currentProcessingTime()}`);
    }
  }

  test("timers that were due in a pause fire behind it, in order and with their own times, each once", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const given: string[] = [];
      const source = new ScriptedSource({ all: [300, 100, 200, 50, HOUR * 2, "wait"] });
      const env = StreamExecutionEnvironment.getExecutionEnvironment();
      env
        .fromSource(source, WatermarkStrategy.noWatermarks(), "delays")
        .keyBy(() => "all")
        .process(new Timers())
        .sinkTo(testSink<string>(() => ({ write: (line) => void given.push(line) })));
      const running = startJob(env.getStreamGraph("timers"), { seed });
      while (running.host.step());
      running.host.advanceTo(60);
      while (running.host.step());
      running.host.advanceTo(HOUR);
      while (running.host.step());
      expect(given).toEqual(["50 at 60", `100 at ${HOUR}`, `200 at ${HOUR}`, `300 at ${HOUR}`]);
      source.go("all");
      running.host.advanceTo(HOUR * 2);
      finishJob(running);
      expect(given.slice(4)).toEqual([`${HOUR * 2} at ${HOUR * 2}`]);
    }
  });
});
