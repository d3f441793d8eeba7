import { expect, test } from "vitest";
import { StreamExecutionEnvironment, hours, OutputTag, seconds, TumblingEventTimeWindows, WatermarkStrategy, count } from "tamias";
import { explain } from "../../core/graph/explain.ts";
import { graphFingerprint, jobGraphToJson } from "../../core/graph/fingerprint.ts";
import { buildJobGraph, type JobGraph } from "../../core/graph/job-graph.ts";

type Env = StreamExecutionEnvironment;

function jobGraph(write: (env: Env) => void, parallelism = 2): JobGraph {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.setParallelism(parallelism);
  write(env);
  return buildJobGraph(env.getStreamGraph("job"));
}

/** Chains as `name→name`, edges as `from-kind->to`. */
function check(write: (env: Env) => void, chains: readonly string[], edges: readonly string[], parallelism = 2): void {
  const graph = jobGraph(write, parallelism);
  expect(graph.vertices.map((vertex) => `${vertex.operators.map(({ node }) => node.name).join("→")} ×${vertex.parallelism}`)).toEqual(chains);
  expect(graph.edges.map((edge) => `${edge.fromVertex}-${edge.partitioner.kind}->${edge.toVertex}`)).toEqual(edges);
}

const numbers = (env: Env) => env.fromSequence(1, 10).name("numbers");

test("operators of equal parallelism are chained", () =>
  check((env) => void numbers(env).map((n) => n).name("a").filter(() => true).name("b"), ["numbers→a→b ×2"], []));

test("keyBy ends a chain, and the keyed operator starts one", () =>
  check(
    (env) => void numbers(env).keyBy((n) => n).reduce((a, b) => a + b).name("sum").map((n) => n).name("after"),
    ["numbers ×2", "sum→after ×2"],
    ["0-hash->1"],
  ));

test("keyBy is chained between single subtasks", () => {
  const keyed = (env: Env): void => void numbers(env).keyBy((n) => n).reduce((a, b) => a + b).name("sum");
  check(keyed, ["numbers→sum ×1"], [], 1);
  check((env) => void numbers(env).setParallelism(1).keyBy((n) => n).reduce((a, b) => a + b).name("sum"), ["numbers ×1", "sum ×2"], ["0-hash->1"]);
  check((env) => void numbers(env).rebalance().map((n) => n).name("a"), ["numbers ×1", "a ×1"], ["0-rebalance->1"], 1);
  check(
    (env) => void numbers(env).keyBy((n) => n).reduce((a, b) => a + b).name("sum").setMaxParallelism(64),
    ["numbers ×1", "sum ×1"],
    ["0-hash->1"],
    1,
  );
});

test("another parallelism ends a chain and rebalances", () =>
  check((env) => void numbers(env).map((n) => n).name("one").setParallelism(1), ["numbers ×2", "one ×1"], ["0-rebalance->1"]));

test("startNewChain and disableChaining", () =>
  check(
    (env) => void numbers(env).map((n) => n).name("a").startNewChain().map((n) => n).name("b").map((n) => n).name("c").disableChaining().map((n) => n).name("d"),
    ["numbers ×2", "a→b ×2", "c ×2", "d ×2"],
    ["0-forward->1", "1-forward->2", "2-forward->3"],
  ));

test("chaining can be switched off for the whole job", () =>
  check((env) => void numbers(env.disableOperatorChaining()).map((n) => n).name("a"), ["numbers ×2", "a ×2"], ["0-forward->1"]));

test("a chain is a tree: two consumers and a side output stay in it", () =>
  check(
    (env) => {
      const tag = new OutputTag<number>("odd");
      const split = numbers(env).process((n, context, out) => (n % 2 === 0 ? out.collect(n) : context.output(tag, n))).name("split");
      split.map((n) => n).name("even");
      split.getSideOutput(tag).map((n) => n).name("odd");
    },
    ["numbers→split→even→odd ×2"],
    [],
  ));

test("a union is not chained", () =>
  check(
    (env) => void numbers(env).union(env.fromSequence(1, 2).name("more")).map((n) => n).name("both"),
    ["numbers ×2", "more ×2", "both ×2"],
    ["0-forward->2", "1-forward->2"],
  ));

test("derived uids are stable: an unrelated operator changes none of them", () => {
  const uids = (graph: JobGraph, name: string): string => graph.vertices.flatMap((vertex) => vertex.operators).find(({ node }) => node.name === name)!.uid;
  const before = jobGraph((env) => void numbers(env).keyBy((n) => n).reduce((a, b) => a + b).name("sum"));
  const after = jobGraph((env) => {
    env.fromSequence(1, 3).map((n) => n).name("unrelated");
    numbers(env).keyBy((n) => n).reduce((a, b) => a + b).name("sum");
  });
  expect(uids(after, "unrelated")).not.toBe(uids(before, "sum"));
  const alone = jobGraph((env) => void numbers(env).keyBy((n) => n).reduce((a, b) => a + b).name("sum"));
  expect(uids(alone, "sum")).toBe(uids(before, "sum"));
});

test("equal operators get different uids, and a user's uid is kept", () => {
  const graph = jobGraph((env) => {
    const stream = numbers(env);
    stream.map((n) => n).name("a");
    stream.map((n) => n).name("b");
    stream.map((n) => n).name("c").uid("mine");
  });
  const uids = graph.vertices.flatMap((vertex) => vertex.operators).map(({ uid }) => uid);
  expect(new Set(uids).size).toBe(uids.length);
  expect(uids).toContain("mine");
});

const windowJob = (env: Env): void => {
  env
    .fromElements({ room: "a", at: 1 })
    .assignTimestampsAndWatermarks(WatermarkStrategy.forBoundedOutOfOrderness<{ at: number }>(seconds(5)).withTimestampAssigner((r) => r.at))
    .keyBy((r) => r.room)
    .window(TumblingEventTimeWindows.of(hours(1)))
    .aggregate({ readings: count() })
    .print();
};

test("the job graph is plain JSON", () => {
  const json = jobGraphToJson(jobGraph(windowJob));
  expect(JSON.parse(JSON.stringify(json))).toEqual(json);
});

test("the fingerprint is of graph, arguments and module", () => {
  const graph = jobGraph(windowJob);
  const own = graphFingerprint(graph, { input: "a" }, "1234");
  expect(graphFingerprint(jobGraph(windowJob), { input: "a" }, "1234")).toBe(own);
  expect(graphFingerprint(graph, { input: "b" }, "1234")).not.toBe(own);
  expect(graphFingerprint(graph, { input: "a" }, "1235")).not.toBe(own);
  expect(graphFingerprint(jobGraph(windowJob, 3), { input: "a" }, "1234")).not.toBe(own);
  expect(graphFingerprint(graph, { b: 1, a: 2 }, "")).toBe(graphFingerprint(graph, { a: 2, b: 1 }, ""));
});

test("explain tells chains, partitioning, windows, and rows or columns", () => {
  const text = explain(jobGraph(windowJob));
  for (const part of ["TumblingEventTimeWindows(1h)", "bounded out-of-orderness 5s", "hash", "; rows: ", "readings = count()"]) expect(text).toContain(part);
});
