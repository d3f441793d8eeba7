import { describe, expect, test } from "vitest";
import {
  CoProcessFunction,
  DataGeneratorSource,
  OutputTag,
  RichMapFunction,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  WatermarkStrategy,
  callbackSink,
  count,
  minutes,
  type DataStream,
  type StreamGraph,
} from "tamias";

interface Hit {
  readonly page: string;
  readonly ms: number;
}
const HIT: Hit = { page: "/", ms: 1 };

const withTime = WatermarkStrategy.forMonotonousTimestamps<Hit>().withTimestampAssigner((hit) => hit.ms);

/** A graph in one line per node: `id name ← inputs | settings`. */
function shown({ nodes }: StreamGraph): string[] {
  return nodes.map((node) => {
    const inputs = node.inputs.map(
      ({ from, input, partitioner, sideOutput }) =>
        `${from}${input === 0 ? "" : `:${input}`}${sideOutput === undefined ? "" : `/${sideOutput}`} ${partitioner?.kind ?? "-"}`,
    );
    const settings = [
      node.uid === undefined ? "" : `uid ${node.uid}`,
      node.parallelism === undefined ? "" : `×${node.parallelism}`,
      node.maxParallelism === undefined ? "" : `max ${node.maxParallelism}`,
      node.parallelismMax === undefined ? "" : "single",
      node.chaining === "always" ? "" : node.chaining,
      node.keys === undefined ? "" : `keys ${node.keys.length}`,
    ].filter((setting) => setting !== "");
    return `${node.id} ${node.name}${inputs.length === 0 ? "" : ` ← ${inputs.join(", ")}`}${settings.length === 0 ? "" : ` | ${settings.join(", ")}`}`;
  });
}

function check(write: (env: StreamExecutionEnvironment, hits: DataStream<Hit>) => void, expected: readonly string[]): void {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  write(env, env.fromElements(HIT));
  expect(shown(env.getStreamGraph())).toEqual(expected);
}

const SOURCE = "0 Source: Collection | single";

describe("operators become nodes", () => {
  test("one input after the other", () =>
    check(
      (_env, hits) => {
        hits.map((hit) => hit.ms).filter((ms) => 0 < ms).flatMap((ms) => [ms]).process<number>((ms, _context, out) => out.collect(ms)).print();
      },
      [SOURCE, "1 Map ← 0 -", "2 Filter ← 1 -", "3 Flat Map ← 2 -", "4 Process ← 3 -", "5 Sink: Print ← 4 -"],
    ));

  test("what is set on them", () =>
    check(
      (_env, hits) => {
        hits.map((hit) => hit).name("a").uid("id-a").setParallelism(2).setMaxParallelism(64).startNewChain();
        hits.map((hit) => hit).name("b").disableChaining();
        hits.sinkTo(callbackSink(() => {})).name("c").uid("id-c").setParallelism(3).disableChaining();
      },
      [SOURCE, "1 a ← 0 - | uid id-a, ×2, max 64, head", "2 b ← 0 - | never", "3 c ← 0 - | uid id-c, ×3, never"],
    ));

  test("partitioners stand on the edges", () =>
    check(
      (_env, hits) => {
        for (const stream of [hits.rebalance(), hits.rescale(), hits.shuffle(), hits.broadcast(), hits.global(), hits.forward()]) stream.map((hit) => hit);
        hits.partitionCustom((page, parallelism) => page.length % parallelism, "page").map((hit) => hit);
        hits.rebalance().broadcast().map((hit) => hit);
      },
      [
        SOURCE,
        ...["rebalance", "rescale", "shuffle", "broadcast", "global", "forward", "custom", "broadcast"].map((kind, index) => `${index + 1} Map ← 0 ${kind}`),
      ],
    ));

  test("keyed operators hash, and get keys where they may use them", () => {
    class Rich extends RichMapFunction<Hit, Hit> {
      override map(hit: Hit): Hit {
        return hit;
      }
    }
    check(
      (_env, hits) => {
        const keyed = hits.keyBy("page");
        keyed.map((hit) => hit);
        keyed.map(new Rich());
        keyed.process<Hit>((hit, _context, out) => out.collect(hit));
        keyed.reduce((a) => a);
        keyed.maxBy("ms");
        keyed.window(TumblingProcessingTimeWindows.of(minutes(1))).aggregate({ hits: count() });
        keyed.countWindow(2).reduce((a) => a);
        keyed.print();
      },
      [
        SOURCE,
        "1 Map ← 0 hash",
        "2 Map ← 0 hash | keys 1",
        "3 KeyedProcess ← 0 hash | keys 1",
        "4 Keyed Reduce ← 0 hash | keys 1",
        "5 Keyed Aggregation ← 0 hash | keys 1",
        "6 TumblingProcessingTimeWindows ← 0 hash | keys 1",
        "7 CountWindow ← 0 hash | keys 1",
        "8 Sink: Print ← 0 hash",
      ],
    );
  });

  test("windows over all records run once, and take them as they come", () =>
    check(
      (_env, hits) => {
        hits.windowAll(TumblingProcessingTimeWindows.of(minutes(1))).aggregate({ hits: count() });
        hits.keyBy("page").countWindowAll(2).reduce((a) => a);
      },
      [SOURCE, "1 TumblingProcessingTimeWindows ← 0 - | single", "2 CountWindow ← 0 - | single"],
    ));

  test("unions are several edges to one input, connected streams two inputs", () => {
    class Both extends CoProcessFunction<Hit, number, number> {
      override processElement1(): void {}
      override processElement2(): void {}
    }
    check(
      (env, hits) => {
        const numbers = env.fromElements(1);
        hits.union(hits, hits.rebalance()).map((hit) => hit);
        hits.connect(numbers).map(() => 1, (n) => n);
        hits.connect(numbers).process(new Both());
        hits.keyBy("ms").connect(numbers.keyBy((n) => n)).process<number>({ processElement1: () => {}, processElement2: () => {} });
        hits.connect(numbers).keyBy((hit) => hit.ms, (n) => n).flatMap(() => [1], (n) => [n]);
      },
      [
        SOURCE,
        "1 Source: Collection | single",
        "2 Map ← 0 -, 0 -, 0 rebalance",
        "3 Co-Map ← 0 -, 1:1 -",
        "4 Co-Process ← 0 -, 1:1 -",
        "5 Co-Keyed-Process ← 0 hash, 1:1 hash | keys 2",
        "6 Co-Flat Map ← 0 hash, 1:1 hash",
      ],
    );
  });

  test("side outputs are edges with a tag", () =>
    check(
      (_env, hits) => {
        const seen = hits.process<Hit>((hit, _context, out) => out.collect(hit));
        seen.getSideOutput(new OutputTag<number>("late")).map((late) => late);
      },
      [SOURCE, "1 Process ← 0 -", "2 Map ← 1/late -"],
    ));
});

describe("timestamps, as far as the graph can tell", () => {
  const numbers = new DataGeneratorSource<Hit>(() => HIT, 1);
  test.each<[string, (env: StreamExecutionEnvironment) => DataStream<unknown>, string]>([
    ["elements have none", (env) => env.fromElements(HIT), "none"],
    ["a source may have its own", (env) => env.fromSource(numbers, WatermarkStrategy.noWatermarks(), "s"), "unknown"],
    ["a source with an assigner", (env) => env.fromSource(numbers, withTime, "s"), "assigned"],
    ["assigned on the way", (env) => env.fromElements(HIT).assignTimestampsAndWatermarks(withTime), "assigned"],
    ["a strategy without assigner", (env) => env.fromElements(HIT).assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps()), "none"],
    ["a union with some", (env) => env.fromElements(HIT).assignTimestampsAndWatermarks(withTime).union(env.fromElements(HIT)), "none"],
    ["connected with some", (env) => env.fromElements(HIT).assignTimestampsAndWatermarks(withTime).connect(env.fromElements(1)).map((h) => h, () => HIT), "unknown"],
    ["results of windows of time", (env) => env.fromElements(HIT).windowAll(TumblingProcessingTimeWindows.of(minutes(1))).max("ms"), "assigned"],
    ["results of count windows", (env) => env.fromElements(HIT).countWindowAll(1).max("ms"), "unknown"],
    ["timers stamp", (env) => env.fromElements(HIT).keyBy("page").process<Hit>({ processElement: () => {}, onTimer: () => {} }), "unknown"],
  ])("%s", (_title, streamOf, expected) => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    streamOf(env).map((record) => record).name("here");
    expect(env.getStreamGraph().nodes.find(({ name }) => name === "here")?.timestamps).toBe(expected);
  });

  test("windows of event time take streams that may have some", () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.fromSource(numbers, WatermarkStrategy.noWatermarks(), "s").keyBy("page").window(TumblingEventTimeWindows.of(minutes(1))).max("ms");
    expect(env.getStreamGraph().nodes).toHaveLength(2);
  });
});

describe("the environment", () => {
  test("settings are those of the options, defaults filled in", () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment({ parallelism: 3, endOfInputTimers: "drop" });
    env.setMaxParallelism(60).setBufferTimeout(minutes(1)).disableOperatorChaining().setRuntimeMode("AUTOMATIC").configure({ firePanesPerTurn: 7 });
    env.fromElements(1).map((n) => n);
    expect(env.getStreamGraph("job")).toMatchObject({
      jobName: "job",
      settings: {
        parallelism: 3,
        maxParallelism: 60,
        mode: "BATCH",
        bufferTimeoutMs: 60_000,
        chaining: false,
        endOfInputTimers: "drop",
        firePanesPerTurn: 7,
        batchSortBytesMax: 268_435_456,
      },
    });
    expect(env.getParallelism()).toBe(3);
  });

  test("AUTOMATIC is STREAMING where a source may not end", () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment({ runtimeMode: "AUTOMATIC" });
    env.fromSource(new DataGeneratorSource(() => 1, Infinity), WatermarkStrategy.noWatermarks(), "endless").map((n) => n);
    expect(env.getStreamGraph().settings.mode).toBe("STREAMING");
  });

  test("getStreamGraph is pure, and its graph changes no more", () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const mapped = env.fromElements(1).map((n) => n).name("before");
    const graph = env.getStreamGraph();
    mapped.name("after");
    expect(graph.nodes[1]?.name).toBe("before");
    expect(env.getStreamGraph().nodes.map(({ name }) => name)).toEqual(["Source: Collection", "after"]);
    expect(JSON.parse(env.getExecutionPlan())).toMatchObject({ jobName: "Tamias Job" });
    expect(env.explain("mine")).toContain('Job "mine"');
  });

  test("a job is what was written since the last one, with everything upstream of it", () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const mapped = env.fromElements(1).map((n) => n);
    mapped.print();
    env.fromElements("unused");
    const rows = mapped.executeAndCollect();
    expect(rows).toBeDefined();
    mapped.filter(() => true);
    expect(shown(env.getStreamGraph())).toEqual([SOURCE, "1 Map ← 0 -", "5 Filter ← 1 -"]);
  });

  test("a context chooses the executor and the default parallelism", () => {
    StreamExecutionEnvironment.setContext({ executor: { submit: () => { throw new Error("submitted"); } }, parallelism: 5 });
    try {
      expect(StreamExecutionEnvironment.getExecutionEnvironment().getParallelism()).toBe(5);
      expect(StreamExecutionEnvironment.getExecutionEnvironment({ parallelism: 2 }).getParallelism()).toBe(2);
    } finally {
      StreamExecutionEnvironment.setContext(undefined);
    }
    expect(StreamExecutionEnvironment.getExecutionEnvironment().getParallelism()).toBe(1);
  });
});
