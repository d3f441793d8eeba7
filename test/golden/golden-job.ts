import { StreamExecutionEnvironment } from "../../core/api/stream-execution-environment.ts";
import type { ExecutionOptions } from "../../core/api/execution-options.ts";
import type { Savepoint } from "../../core/api/executor.ts";
import {
  AggregatingStateDescriptor,
  count,
  EventTimeSessionWindows,
  KeyedProcessFunction,
  type KeyedProcessContext,
  ListStateDescriptor,
  MapStateDescriptor,
  milliseconds,
  type OnTimerContext,
  ReducingStateDescriptor,
  SlidingEventTimeWindows,
  sum,
  TumblingEventTimeWindows,
  types,
  ValueStateDescriptor,
  WatermarkStrategy,
} from "../../core/index.ts";
import type { Collector } from "../../core/functions/collector.ts";
import { LocalExecutor, type LocalJobClient } from "../../core/runtime/local-executor.ts";
import { SimulatedHost } from "../../core/testing/index.ts";

/** What the golden savepoints are of; it must not change: another one gets a function and files of its own. */

const RECORDS = 2_000;
const KEYS = ["hall", "attic", "cellar", "ünïcode ☂", ""];

interface Reading {
  readonly room: string;
  readonly time: number;
  readonly value: number;
}

function reading(n: number): Reading {
  // A little out of order, and with gaps that end sessions.
  const time = n * 10 - (n % 7) * 15 + (300 < n % 500 ? 4_000 : 0);
  return { room: KEYS[(n * n + (n % 3)) % KEYS.length]!, time, value: n % 97 };
}

/** Every kind of keyed state, and timers of event time. */
class EveryState extends KeyedProcessFunction<string, Reading, string> {
  override processElement({ room, time, value }: Reading, context: KeyedProcessContext<string>, out: Collector<string>): void {
    const state = this.getRuntimeContext();
    const seen = state.getState(new ValueStateDescriptor("seen", types.number));
    const last = state.getListState(new ListStateDescriptor("last", types.number));
    const byValue = state.getMapState(new MapStateDescriptor("by value", types.string, types.int));
    const most = state.getReducingState(new ReducingStateDescriptor("most", (a: number, b: number) => Math.max(a, b), types.number));
    const mean = state.getAggregatingState(
      new AggregatingStateDescriptor(
        "mean",
        {
          createAccumulator: () => [0, 0],
          add: (n: number, [total, times]: number[]) => [total! + n, times! + 1],
          getResult: ([total, times]: number[]) => total! / times!,
          merge: ([a, b]: number[], [c, d]: number[]) => [a! + c!, b! + d!],
        },
        types.array(types.number),
      ),
    );
    seen.update((seen.value() ?? 0) + 1);
    last.update([...last.get(), value].slice(-3));
    byValue.put(`v${value % 5}`, (byValue.get(`v${value % 5}`) ?? 0) + 1);
    most.add(value);
    mean.add(value);
    context.timerService().registerEventTimeTimer(Math.ceil(time / 2_000) * 2_000);
    if (seen.value()! % 50 === 0) out.collect(`${room}: ${seen.value()} ${[...last.get()].join()} ${[...byValue.entries()].sort().join(";")} ${most.get()} ${mean.get()!.toFixed(3)}`);
  }

  override onTimer(timestamp: number, context: OnTimerContext<string>, out: Collector<string>): void {
    const seen = this.getRuntimeContext().getState(new ValueStateDescriptor("seen", types.number));
    out.collect(`${context.getCurrentKey()} @${timestamp}: ${seen.value()}`);
  }
}

export interface GoldenRun {
  readonly client: LocalJobClient;
  readonly host: SimulatedHost;
  /** What came out of every branch, in the order of its text. */
  readonly lines: readonly string[];
}

export function goldenRun(options: ExecutionOptions = {}): GoldenRun {
  const host = new SimulatedHost({ seed: 6 });
  const lines: string[] = [];
  const made: { client?: LocalJobClient } = {};
  const executor = new LocalExecutor({ host, turnRecordsMax: 20 });
  const env = new StreamExecutionEnvironment(
    {
      submit: (graph, given) => {
        made.client = executor.submit(graph, given);
        return made.client as never;
      },
    },
    { maxParallelism: 64, ...options },
  );
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<Reading>(milliseconds(100)).withTimestampAssigner(({ time }) => time);
  const readings = env
    .fromSequence(1, RECORDS)
    .setParallelism(1)
    .uid("numbers")
    .map(reading)
    .setParallelism(1)
    .assignTimestampsAndWatermarks(strategy)
    .setParallelism(1)
    .uid("time");
  const keyed = readings.keyBy("room");
  const print = (branch: string) => (line: unknown) => void lines.push(`${branch} ${JSON.stringify(line)}`);
  const into = <T>(branch: string) => ({ describe: () => branch, createWriter: () => ({ write: (record: T) => print(branch)(record), flush() {}, close() {} }) });
  keyed.process(new EveryState()).uid("states").sinkTo(into("states")).uid("states out");
  keyed.window(TumblingEventTimeWindows.of(milliseconds(1_000))).aggregate({ count: count(), sum: sum("value") }).uid("tumbling").sinkTo(into("tumbling")).uid("tumbling out");
  keyed.window(SlidingEventTimeWindows.of(milliseconds(2_000), milliseconds(500))).reduce((a, b) => ({ ...b, value: a.value + b.value })).uid("sliding").sinkTo(into("sliding")).uid("sliding out");
  keyed.window(EventTimeSessionWindows.withGap(milliseconds(120))).aggregate({ sum: sum("value") }).uid("sessions").sinkTo(into("sessions")).uid("sessions out");
  keyed.countWindow(20).reduce((a, b) => ({ ...b, value: a.value + b.value })).uid("count").sinkTo(into("count")).uid("count out");
  void env.executeAsync("golden");
  if (made.client === undefined) throw new Error("the job was not submitted");
  void made.client.result().catch(() => {});
  return { client: made.client, host, lines };
}

/** Stops the job in its middle, with windows open, timers pending and records waiting. */
export async function goldenSavepoint(run: GoldenRun): Promise<Savepoint> {
  while (run.lines.length < 150) run.host.runUntilIdle(1);
  let savepoint: Savepoint | undefined;
  void run.client.stopWithSavepoint().then((taken) => (savepoint = taken));
  for (let turns = 0; turns < 20_000 && savepoint === undefined; turns += 1) {
    await Promise.resolve();
    run.host.runUntilIdle(10);
  }
  if (savepoint === undefined) throw new Error("no savepoint was taken");
  return savepoint;
}
