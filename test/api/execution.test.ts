import { describe, expect, test } from "vitest";
import {
  IntCounter,
  OutputTag,
  RichMapFunction,
  RuntimeExecutionMode,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  ValueStateDescriptor,
  WatermarkStrategy,
  collectSink,
  count,
  milliseconds,
  type Collector,
  type ExecutionOptions,
  type ValueState,
} from "tamias";

const streams = (options?: ExecutionOptions): StreamExecutionEnvironment => StreamExecutionEnvironment.getExecutionEnvironment(options);

interface Payment {
  readonly user: string;
  readonly amount: number;
}
const PAYMENTS: readonly Payment[] = [
  { user: "ada", amount: 2 },
  { user: "bob", amount: 5 },
  { user: "ada", amount: 3 },
];

/** Numbers the records of each key. */
class Numbered extends RichMapFunction<Payment, string> {
  #count!: ValueState<number>;
  override open(): void {
    this.#count = this.getRuntimeContext().getState(new ValueStateDescriptor<number>("count"));
  }
  override map({ user }: Payment): string {
    const count = (this.#count.value() ?? 0) + 1;
    this.#count.update(count);
    return `${user} ${count}`;
  }
}

describe.each([1, 2, 3])("at parallelism %i", (parallelism) => {
  test("a rich function on a keyed stream has keyed state", async () => {
    const rows = await streams({ parallelism }).fromCollection(PAYMENTS).keyBy("user").map(new Numbered()).executeAndCollect().toArray();
    expect(rows.sort()).toEqual(["ada 1", "ada 2", "bob 1"]);
  });

  test("connected streams share state by key", async () => {
    const env = streams({ parallelism });
    const limits = env.fromElements({ user: "ada", limit: 4 }, { user: "bob", limit: 9 });
    const sums = env
      .fromCollection(PAYMENTS)
      .connect(limits)
      .keyBy("user", "user")
      .process<string>({
        processElement1: ({ amount }, context, out) => out.collect(`${context.getCurrentKey()} pays ${amount}`),
        processElement2: ({ limit }, context, out) => out.collect(`${context.getCurrentKey()} may ${limit}`),
      });
    expect((await sums.executeAndCollect().toArray()).sort()).toEqual(["ada may 4", "ada pays 2", "ada pays 3", "bob may 9", "bob pays 5"]);
  });

  test("rolling aggregations emit each update, in BATCH the last one", async () => {
    const sums = (options: ExecutionOptions): Promise<Payment[]> =>
      streams({ ...options, parallelism }).fromCollection(PAYMENTS).keyBy("user").sum("amount").executeAndCollect().toArray();
    const byText = (rows: readonly Payment[]): string[] => rows.map(({ user, amount }) => `${user} ${amount}`).sort();
    expect(byText(await sums({}))).toEqual(["ada 2", "ada 5", "bob 5"]);
    expect(byText(await sums({ runtimeMode: RuntimeExecutionMode.BATCH }))).toEqual(["ada 5", "bob 5"]);
  });

  test("late records go to the side output of the windows", async () => {
    const late = new OutputTag<{ readonly time: number }>("late");
    const env = streams({ parallelism });
    const tooLate: number[] = [];
    const windows = env
      .fromElements({ time: 5 }, { time: 25 }, { time: 7 }, { time: 26 })
      .assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps<{ readonly time: number }>().withTimestampAssigner(({ time }) => time))
      .setParallelism(1)
      .keyBy(() => "all")
      .window(TumblingEventTimeWindows.of(milliseconds(10)))
      .sideOutputLateData(late)
      .aggregate({ records: count() }, (key, context, results, out: Collector<string>) => {
        for (const { records } of results) out.collect(`${key} ${context.window().toString()} ${records}`);
      });
    windows.getSideOutput(late).map(({ time }) => time).sinkTo(collectSink(tooLate));
    expect(await windows.executeAndCollect().toArray()).toEqual(["all [0, 10) 1", "all [20, 30) 2"]);
    expect(tooLate).toEqual([7]);
  });
});

describe("the job client", () => {
  test("result, accumulators, status and metrics of a job that has finished", async () => {
    const env = streams();
    const counter = new IntCounter();
    env.fromSequence(1, 5).map({
      open: (context) => context.addAccumulator("seen", counter),
      map: (n) => {
        counter.add(1);
        return n;
      },
    });
    const client = await env.executeAsync("counted");
    const result = await client.result();
    expect(result.jobName).toBe("counted");
    expect(result.getAccumulatorResult("seen")).toBe(5);
    expect(client.accumulators().get("seen")).toBe(5);
    expect(client.getJobStatus()).toBe("FINISHED");
    expect(client.metrics().map(({ operator, metrics }) => [operator, metrics.recordsIn, metrics.recordsOut])).toEqual([
      ["Source: Sequence", 0, 5],
      ["Map", 5, 5],
    ]);
    expect(client.metricsText()).toContain("records_in_total");
  });

  test("cancel rejects the result, and what has ended stays as it ended", async () => {
    const env = streams();
    env.fromSequence(1, Number.MAX_SAFE_INTEGER).filter((n) => n < 0);
    const client = await env.executeAsync();
    const result = client.result();
    await Promise.all([client.cancel(), expect(result).rejects.toMatchObject({ code: "JOB_CANCELED" })]);
    await client.cancel();
    expect(client.getJobStatus()).toBe("CANCELED");
  });

  test("a signal that was aborted before cancels at once", async () => {
    const env = streams();
    env.fromElements(1).map((n) => n);
    await expect(env.execute("late", { signal: AbortSignal.abort("too late") })).rejects.toMatchObject({ code: "JOB_CANCELED", cause: "too late" });
  });

  test("what a function throws names the operator, subtask and record", async () => {
    const env = streams();
    env.fromElements({ id: 7 }).map(() => {
      throw new TypeError("no such thing");
    }).name("broken");
    await expect(env.execute()).rejects.toMatchObject({
      code: "USER_FUNCTION_FAILED",
      place: { operator: "broken", subtask: 0, parallelism: 1, record: '{"id":7}' },
    });
  });
});
