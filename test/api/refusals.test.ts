import { describe, expect, test } from "vitest";
import {
  DataGeneratorSource,
  EventTimeSessionWindows,
  GlobalWindows,
  JobError,
  OutputTag,
  RichMapFunction,
  RichReduceFunction,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  WatermarkStrategy,
  minutes,
  seconds,
  type DataStream,
} from "tamias";

interface Hit {
  readonly page: string;
  readonly ms: number;
}

class Upper extends RichMapFunction<Hit, Hit> {
  override map(hit: Hit): Hit {
    return hit;
  }
}
class Reduced extends RichReduceFunction<Hit> {
  override reduce(left: Hit): Hit {
    return left;
  }
}

/** What a program in JavaScript may write although the types forbid it. */
interface Untyped {
  [method: string]: (...args: readonly unknown[]) => Untyped;
}
const untyped = (object: object): Untyped => object as Untyped;

type Write = (hits: DataStream<Hit>, env: StreamExecutionEnvironment) => unknown;

/** Each of these is refused while the graph is built or when it is complete; the message says what to write instead. */
const REFUSALS: readonly (readonly [title: string, write: Write, message: string])[] = [
  [
    "window on a stream without keys",
    (hits) => untyped(hits)["window"]!(TumblingEventTimeWindows.of(minutes(1))),
    "[UNKEYED_STREAM] window works by key: use keyBy(...) first, or windowAll(...) for all records together",
  ],
  [
    "countWindow on a stream without keys",
    (hits) => untyped(hits)["countWindow"]!(2),
    "[UNKEYED_STREAM] countWindow works by key: use keyBy(...) first, or countWindowAll(...) for all records together",
  ],
  [
    "reduce on a stream without keys",
    (hits) => untyped(hits)["reduce"]!((a: unknown) => a),
    "[UNKEYED_STREAM] reduce works by key: use keyBy(...) first, or windowAll(...) for all records together",
  ],
  [
    "timers on a stream without keys",
    (hits) => hits.process(Object.assign({ processElement: () => {} }, { onTimer: () => {} })),
    "[UNKEYED_STREAM] process got a function with onTimer, but timers belong to keys: use keyBy(...) first",
  ],
  [
    "windows of event time without timestamps",
    (hits) => hits.keyBy("page").window(TumblingEventTimeWindows.of(minutes(1))),
    '[MISSING_TIMESTAMPS] TumblingEventTimeWindows needs event time, but the records of "Source: Collection" have no timestamps. ' +
      "Assign timestamps and watermarks before keyBy(...):\n" +
      "    stream.assignTimestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness(seconds(5)).withTimestampAssigner((r) => r.time))\n" +
      "  or use a processing-time window, such as TumblingProcessingTimeWindows",
  ],
  [
    "a window size of zero",
    (hits) => hits.windowAll(TumblingEventTimeWindows.of(seconds(0))),
    "[INVALID_ARGUMENT] TumblingEventTimeWindows must satisfy 0 < size and abs(offset) < size, but size is 0s and offset 0s",
  ],
  [
    "a count window of no records",
    (hits) => hits.countWindowAll(0).reduce((a) => a),
    "[INVALID_ARGUMENT] the size of a count window must be a whole number from 1 on, but is 0",
  ],
  [
    "windows that never fire",
    (hits) => hits.keyBy("page").window(GlobalWindows.create()),
    "[INVALID_ARGUMENT] windows of GlobalWindows never fire by themselves: use countWindow(100), or GlobalWindows.createWithEndOfStreamTrigger()",
  ],
  [
    "a Duration where an assigner belongs",
    (hits) => untyped(hits.keyBy("page"))["window"]!(5),
    "[INVALID_ARGUMENT] window takes an assigner such as TumblingEventTimeWindows.of(minutes(5)), but got 5",
  ],
  [
    "sessions with an aggregate that cannot merge",
    (hits) =>
      withTime(hits)
        .keyBy("page")
        .window(EventTimeSessionWindows.withGap(seconds(1)))
        .aggregate({ createAccumulator: () => 0, add: (_hit, sum: number) => sum, getResult: (sum) => sum }),
    "[INVALID_ARGUMENT] EventTimeSessionWindows merges windows, so its AggregateFunction needs merge(earlier, later), which returns both accumulators as one",
  ],
  [
    "a rich function that adds up a window",
    (hits) => hits.countWindowAll(2).reduce(new Reduced()),
    "[INVALID_ARGUMENT] reduce of a window takes no function with open: give it a window function second, which may have one",
  ],
  [
    "an aggregate of nothing",
    (hits) => untyped(hits.countWindowAll(2))["aggregate"]!(undefined),
    "[INVALID_ARGUMENT] aggregate takes aggregates such as { records: count() }, or an AggregateFunction, but got undefined",
  ],
  [
    "a negative lateness",
    (hits) => hits.countWindowAll(2).allowedLateness(seconds(-1)),
    '[INVALID_ARGUMENT] allowedLateness takes a Duration that is not negative, such as minutes(1), but got {"ms":-1000}',
  ],
  ["a class instead of its instance", (hits) => untyped(hits)["map"]!(Upper), "[INVALID_ARGUMENT] map got a class itself, Upper: pass an instance, new Upper(…)"],
  [
    "an async function",
    (hits) => hits.map(async (hit) => hit),
    "[INVALID_ARGUMENT] map takes a function that returns its result at once, but got an async one: nothing between source and sink waits; " +
      "fetch what it needs before the job, or in an async iterable that is the source",
  ],
  [
    "an object without the method",
    (hits) => untyped(hits)["filter"]!({ map: () => true }),
    '[INVALID_ARGUMENT] filter takes a function such as (record) => 0 < record.value, an expression such as columnsOf<Flight>()("delay").gt(30), or an object with the method filter, but got {}',
  ],
  [
    "one lambda for two inputs",
    (hits) => untyped(hits.connect(hits))["map"]!(() => 1),
    "[INVALID_ARGUMENT] map takes two functions, one for each input, or an object with the methods map1, map2, but got [function anonymous]",
  ],
  ["a key that is no selector", (hits) => untyped(hits)["keyBy"]!(3), "[INVALID_ARGUMENT] keyBy takes the name of a field or a function such as (record) => record.user, but got 3"],
  [
    "a partitioner behind keyBy",
    (hits) => hits.keyBy("page").rebalance(),
    "[INVALID_ARGUMENT] rebalance cannot follow keyBy(...), which has decided where records go: leave one of them out",
  ],
  ["a field of sum that is none", (hits) => untyped(hits.keyBy("page"))["sum"]!(undefined), '[INVALID_ARGUMENT] sum takes the name of a field, such as sum("delay"), but got undefined'],
  [
    "streams of two environments",
    (hits) => hits.union(StreamExecutionEnvironment.getExecutionEnvironment().fromElements({ page: "/", ms: 1 })),
    "[INVALID_ARGUMENT] these streams belong to two environments and cannot be combined: make both from one StreamExecutionEnvironment",
  ],
  ["a union of one", (hits) => hits.union(), "[INVALID_ARGUMENT] union takes one or more streams to join with this one"],
  ["a union with no stream", (hits) => untyped(hits)["union"]!([]), "[INVALID_ARGUMENT] union takes streams, but got []"],
  ["parallelism 0", (hits) => hits.map((hit) => hit).setParallelism(0), "[INVALID_ARGUMENT] parallelism must be a whole number from 1 to 32768, but is 0"],
  ["parallelism 1.5", (hits) => hits.map((hit) => hit).setParallelism(1.5), "[INVALID_ARGUMENT] parallelism must be a whole number from 1 to 32768, but is 1.5"],
  [
    "parallelism above the maximum",
    (hits) => hits.map((hit) => hit).setMaxParallelism(4).setParallelism(5),
    '[INVALID_ARGUMENT] "Map" would have parallelism 5, more than its maximum of 4: lower setParallelism() or raise setMaxParallelism()',
  ],
  [
    "parallelism above the job's maximum",
    (hits, env) => {
      env.setMaxParallelism(4);
      hits.map((hit) => hit).setParallelism(5);
    },
    '[INVALID_ARGUMENT] operator "Map" has parallelism 5, more than its maximum of 4 (the number of key groups): lower setParallelism() or raise setMaxParallelism()',
  ],
  [
    "parallelism of what runs in one instance",
    (hits) => hits.countWindowAll(2).reduce((a) => a).setParallelism(2),
    '[INVALID_ARGUMENT] "CountWindow" runs in one instance and cannot have parallelism 2: leave setParallelism() out here, and set it on the operators behind',
  ],
  [
    "forward between unequal parallelisms",
    (hits) => hits.forward().map((hit) => hit).setParallelism(2),
    '[INVALID_ARGUMENT] forward() needs equal parallelism on both sides, but "Source: Collection" has 1 and "Map" has 2: ' +
      "use rebalance() or rescale(), or give both the same setParallelism()",
  ],
  [
    "one uid twice",
    (hits) => hits.map((hit) => hit).name("a").uid("x").map((hit) => hit).name("b").uid("x"),
    '[DUPLICATE_UID] two operators have the uid "x": "a" and "b"; a uid names the state of one operator',
  ],
  ["an empty uid", (hits) => hits.map((hit) => hit).uid(""), '[INVALID_ARGUMENT] the uid of an operator must be a non-empty string, but is ""'],
  [
    "no tag",
    (hits) => untyped(hits.map((hit) => hit))["getSideOutput"]!("late"),
    '[INVALID_ARGUMENT] getSideOutput takes the OutputTag that the operator emits to, such as new OutputTag("late"), but got "late"',
  ],
  ["an empty tag", () => new OutputTag(""), "[INVALID_ARGUMENT] an OutputTag needs a non-empty id"],
  [
    "no strategy",
    (hits) => untyped(hits)["assignTimestampsAndWatermarks"]!((hit: Hit) => hit.ms),
    "[INVALID_ARGUMENT] assignTimestampsAndWatermarks takes a WatermarkStrategy, such as " +
      "WatermarkStrategy.forBoundedOutOfOrderness(seconds(5)).withTimestampAssigner((r) => r.time), but got [function anonymous]",
  ],
  ["no sink", (hits) => untyped(hits)["sinkTo"]!(() => {}), "[INVALID_ARGUMENT] sinkTo takes a Sink, such as callbackSink((record) => …), but got [function anonymous]"],
  ["a limit of zero", (hits) => hits.executeAndCollect(0), "[INVALID_ARGUMENT] the limit of executeAndCollect must be a whole number greater than zero, but is 0"],
  ["an option of executeAndCollect", (hits) => untyped(hits)["executeAndCollect"]!({ limits: 3 }), '[UNKNOWN_OPTION] executeAndCollect has no option "limits": did you mean "limit"?'],
  ["no elements", (_hits, env) => env.fromElements(), "[INVALID_ARGUMENT] fromElements needs at least one element; for an empty stream write fromCollection<Reading>([])"],
  [
    "a misspelled option",
    (_hits, env) => untyped(env)["configure"]!({ paralellism: 2 }),
    '[UNKNOWN_OPTION] there is no option "paralellism": did you mean "parallelism"?',
  ],
  [
    "an option of something else",
    () => untyped(StreamExecutionEnvironment)["getExecutionEnvironment"]!({ color: "red" }),
    '[UNKNOWN_OPTION] there is no option "color": the options are parallelism, maxParallelism, runtimeMode, bufferTimeout, operatorChaining, endOfInputTimers, ' +
      "firePanesPerTurn, batchSortBytesMax, and those of CheckpointOptions",
  ],
  ["a mode that is none", (_hits, env) => untyped(env)["setRuntimeMode"]!("FAST"), '[INVALID_ARGUMENT] runtimeMode must be one of STREAMING, BATCH, AUTOMATIC, but is "FAST"'],
  ["a negative buffer timeout", (_hits, env) => env.setBufferTimeout(-1), '[INVALID_ARGUMENT] bufferTimeout must be milliseconds, a Duration or text such as "10 s", 0 ms or more, but is -1'],
  [
    "BATCH without end",
    (_hits, env) => env.setRuntimeMode("BATCH").fromSource(new DataGeneratorSource(() => 1, Infinity), WatermarkStrategy.noWatermarks(), "endless").map((n) => n),
    '[INVALID_ARGUMENT] BATCH needs bounded sources, but "endless" is not known to end: use RuntimeExecutionMode.STREAMING, or AUTOMATIC, which decides by the sources',
  ],
  [
    "a job that is only a source",
    () => {},
    "[EMPTY_JOB] the job has no operators: add a source and a sink, e.g. env.fromElements(1, 2, 3).print(), before execute(), and to the environment that executes",
  ],
];

function withTime(hits: DataStream<Hit>): DataStream<Hit> {
  return hits.assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps<Hit>().withTimestampAssigner((hit) => hit.ms));
}

describe("misuse is refused before anything runs", () => {
  test.each(REFUSALS)("%s", (_title, write, message) => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const run = (): void => {
      write(env.fromElements({ page: "/", ms: 1 }), env);
      env.getStreamGraph();
    };
    expect(run).toThrow(JobError);
    expect(run).toThrow(expect.objectContaining({ message }));
  });

  test("execute rejects with the refusal", async () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    await expect(env.execute()).rejects.toMatchObject({ code: "EMPTY_JOB" });
  });

  test("a second execute says that the job was executed already", async () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const numbers = env.fromElements(1, 2);
    numbers.map((n) => n);
    await env.execute();
    const again = "[EMPTY_JOB] the job was executed already, and nothing was added since: write it again, in a function say, before each execute()";
    await expect(env.execute()).rejects.toThrow(again);
    expect(await numbers.executeAndCollect().toArray()).toEqual([1, 2]);
    await expect(env.execute()).rejects.toThrow(again);
  });

  test("a refused executeAndCollect leaves nothing behind", () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const first = env.fromElements(1).map((n) => n).uid("same");
    const second = first.map((n) => n).uid("same");
    expect(() => second.executeAndCollect()).toThrow(/DUPLICATE_UID/);
    second.uid("other");
    expect(env.getStreamGraph().nodes.map(({ name }) => name)).toEqual(["Source: Collection", "Map", "Map"]);
  });
});
