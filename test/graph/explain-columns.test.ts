import { expect, test } from "vitest";
import {
  type DataStream,
  type DataStreamSource,
  OutputTag,
  RuntimeExecutionMode,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  WatermarkStrategy,
  columnsOf,
  count,
  last,
  max,
  minutes,
  sum,
} from "tamias";
import { explain } from "../../core/graph/explain.ts";
import { buildJobGraph } from "../../core/graph/job-graph.ts";
import type { ColumnForm } from "../../core/operators/operator.ts";

interface Flight {
  readonly origin: string;
  readonly delay: number;
}

const col = columnsOf<Flight>();
const COLUMNS: ColumnForm = { takes: true, gives: true };

interface Options {
  readonly source?: ColumnForm;
  readonly parallelism?: number;
  /** Columnar forms of operators by their names, whatever they have. */
  readonly forms?: { readonly [name: string]: ColumnForm };
  readonly mode?: RuntimeExecutionMode;
  /** Whether the host brings the kernel in WebAssembly; default false. */
  readonly hasKernelModule?: boolean;
}

/** What `explain` says of a job, without the details of its operators. */
function explained(write: (flights: DataStream<Flight>) => void, options: Options = {}): string[] {
  const { source = COLUMNS, parallelism = 1, forms = {}, mode = RuntimeExecutionMode.STREAMING, hasKernelModule = false } = options;
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.setParallelism(parallelism).setRuntimeMode(mode);
  const flights: DataStreamSource<Flight> = env.fromElements<Flight>({ origin: "JFK", delay: 1 }).name("flights");
  write(flights);
  const graph = env.getStreamGraph("job");
  const nodes = graph.nodes.map((node) => {
    const columns = node.name === "flights" ? source : forms[node.name];
    return columns === undefined ? node : { ...node, factory: { ...node.factory, columns } };
  });
  const lines = explain(buildJobGraph({ ...graph, nodes }), { hasKernelModule }).split("\n");
  return lines.slice(1).filter((line) => /^Chain|^ +←|from here on|\[\w+\]$/.test(line));
}

test("columns from the source to where a function takes records", () =>
  expect(
    explained((flights) =>
      flights
        .filter(col("delay").gt(30))
        .select(col("origin"), col("delay").dividedBy(60).as("hours"))
        .map((flight) => flight.origin)
        .filter((origin) => origin !== "")
        .print(),
    ),
  ).toEqual([
    "Chain 1: 1 subtask; columns, then rows",
    "  flights  [source]",
    "    → Filter  [filter]",
    "      → Select  [select]",
    '        rows from here on: "Map" runs a function; select(…) stays on columns',
    "        → Map  [map]",
    "          → Filter  [filter]",
    "            → Sink: Print  [sink]",
  ]));

test("details are those of expressions", () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const flights = env.fromElements<Flight>({ origin: "JFK", delay: 1 });
  flights.filter(col("delay").gt(30).and(col("origin").ne("LAX"))).select(col("origin"), col("delay").times(60).as("seconds")).print();
  const text = explain(buildJobGraph(env.getStreamGraph("job")));
  expect(text).toContain('        takes if:         (delay > 30) AND (origin <> "LAX")\n');
  expect(text).toContain("          fields:           origin, seconds = delay * 60\n");
});

test("a source of records", () => {
  const job = (flights: DataStream<Flight>): void => void flights.filter(col("delay").gt(30)).print();
  const rest = ["  flights  [source]", "    → Filter  [filter]", "      → Sink: Print  [sink]"];
  expect(explained(job, { source: { takes: true, gives: false } })).toEqual(['Chain 1: 1 subtask; rows: "flights" reads records', ...rest]);
  expect(explained(job, { source: { takes: "timestamps come from a function", gives: false } })).toEqual([
    "Chain 1: 1 subtask; rows: timestamps come from a function",
    ...rest,
  ]);
});

const COMPUTED = ', row by row: the key is computed; keyBy("field") reads the column';

test.each<readonly [string, (flights: DataStream<Flight>) => DataStream<Flight>, string]>([
  ["a field", (flights) => flights.keyBy("origin"), ""],
  ["a column", (flights) => flights.keyBy(col("origin")), ""],
  ["a function", (flights) => flights.keyBy((flight) => flight.origin), COMPUTED],
  ["an expression", (flights) => flights.keyBy(col("delay").plus(1)), COMPUTED],
])("an exchange by %s", (_title, keyBy, rowByRow) =>
  expect(explained((flights) => void keyBy(flights).filter(col("delay").gt(30)).print(), { parallelism: 2 })).toEqual([
    "Chain 1: 1 subtask; columns",
    "  flights  [source]",
    "Chain 2: 2 subtasks; columns, then rows",
    `  ← hash of the key, from chain 1 "flights", as columns${rowByRow}`,
    "  Filter  [filter]",
    '    rows from here on: "Sink: Print" writes record by record',
    "    → Sink: Print  [sink]",
  ]));

test("an exchange that needs no key, one by the user's function, and one of rows", () => {
  const chain = (partitioned: (flights: DataStream<Flight>) => DataStream<Flight>, source?: ColumnForm): string[] =>
    explained((flights) => void partitioned(flights).filter(col("delay").gt(30)), { parallelism: 2, ...(source === undefined ? {} : { source }) }).slice(2, 4);
  expect(chain((flights) => flights.rebalance())).toEqual(["Chain 2: 2 subtasks; columns", '  ← rebalance, from chain 1 "flights", as columns']);
  expect(chain((flights) => flights.partitionCustom(() => 0, "origin"))).toEqual([
    "Chain 2: 2 subtasks; columns",
    '  ← custom, from chain 1 "flights", as columns, row by row: partitionCustom runs a function',
  ]);
  expect(chain((flights) => flights.rebalance(), { takes: true, gives: false })).toEqual([
    "Chain 2: 2 subtasks; rows: chain 1 sends rows",
    '  ← rebalance, from chain 1 "flights"',
  ]);
});

test("windows that a kernel computes turn rows into columns", () => {
  const job = (flights: DataStream<Flight>): void =>
    void flights
      .keyBy((flight) => flight.origin)
      .window(TumblingProcessingTimeWindows.of(minutes(1)))
      .aggregate({ flights: count(), delay: sum(col("delay").times(60)) })
      .filter(columnsOf<{ flights: number }>()("flights").gt(1))
      .name("many");
  const [title, ...lines] = explained(job, { source: { takes: true, gives: false }, hasKernelModule: true });
  expect(title).toBe("Chain 1: 1 subtask, 128 key groups; rows, then columns");
  expect(lines).toEqual(["  flights  [source]", "    → TumblingProcessingTimeWindows  [window]", "      columns from here on", "      → many  [filter]"]);
  expect(explained(job, { hasKernelModule: true })[0]).toBe("Chain 1: 1 subtask, 128 key groups; columns, then rows, then columns");
  expect(explained(job)[0]).toBe("Chain 1: 1 subtask, 128 key groups; columns, then rows");
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  job(env.fromElements<Flight>({ origin: "JFK", delay: 1 }));
  const graph = buildJobGraph(env.getStreamGraph("job"));
  expect(explain(graph, { hasKernelModule: true })).toMatch(/^ +kernel: {11}WebAssembly/m);
  expect(explain(graph)).toMatch(/^ +kernel: {11}none: rows in windows that do not overlap gain little/m);
});

test("in BATCH no kernel does", () => {
  const job = (flights: DataStream<Flight>): void =>
    void flights.keyBy("origin").window(TumblingProcessingTimeWindows.of(minutes(1))).aggregate({ flights: count() }).filter(columnsOf<{ flights: number }>()("flights").gt(1));
  expect(explained(job, { mode: RuntimeExecutionMode.BATCH })[0]).toBe("Chain 1: 1 subtask, 128 key groups; columns, then rows");
});

test("whether a kernel computes a window, and what takes a row of each record", () => {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const byTime = WatermarkStrategy.forMonotonousTimestamps<Flight>().withTimestampAssigner((flight) => flight.delay);
  const windows = env.fromColumns({ origin: ["JFK"], delay: [1] }).assignTimestampsAndWatermarks(byTime).keyBy("origin").window(TumblingEventTimeWindows.of(minutes(1)));
  windows.aggregate({ flights: count() });
  windows.aggregate({ flights: count(), worst: max("delay"), carrier: last("origin") });
  windows.reduce((first) => first);
  const graph = buildJobGraph(env.getStreamGraph("job"));
  const text = explain(graph);
  expect(text).toMatch(/^ +kernel: {11}JavaScript/m);
  expect(text).toMatch(/^ +kernel: {11}none: a function reduces the records/m);
  expect(text).toMatch(/^ +row by row: {7}the timestamp assigner is a function/m);
  const inKernel = explain(graph, { hasKernelModule: true });
  expect(inKernel).toMatch(/^ +kernel: {11}WebAssembly$/m);
  expect(inKernel).toMatch(/^ +kernel: {11}WebAssembly, as long as there are numbers or bigints for worst = max\(delay\), carrier = last\(origin\)$/m);
});

test("an operator that takes columns but gives rows, one that says why not, and side outputs", () => {
  const late = new OutputTag<Flight>("late");
  const job = (flights: DataStream<Flight>): void => {
    const split = flights.process<Flight>((flight, context, out) => (flight.delay < 0 ? context.output(late, flight) : out.collect(flight))).name("split");
    split.filter(col("delay").gt(30)).name("main");
    split.getSideOutput(late).filter(col("delay").gt(30)).name("side");
  };
  const tree = (columns: ColumnForm): string[] => explained(job, { forms: { split: columns } }).slice(1);
  const head = ["  flights  [source]", "    → split  [process]"];
  const [main, side] = ["      → main  [filter]", '      → side output "late" → side  [filter]'];
  expect(tree(COLUMNS)).toEqual([...head, main, "      rows from here on: side outputs carry records", side]);
  const why = '      rows from here on: "split" gives its results one by one';
  expect(tree({ takes: true, gives: false })).toEqual([...head, why, main, why, side]);
  expect(tree({ takes: "it says why", gives: false })).toEqual([head[0], "    rows from here on: it says why", head[1], main, side]);
});

test("BATCH sorts by key, which takes rows", () => {
  const forms = { sum: COLUMNS };
  const job = (flights: DataStream<Flight>): void => void flights.keyBy("origin").sum("delay").name("sum");
  expect(explained(job, { forms })).toContain("Chain 1: 1 subtask, 128 key groups; columns");
  expect(explained(job, { forms, mode: RuntimeExecutionMode.BATCH })).toContain("    rows from here on: BATCH sorts the records by key");
});
