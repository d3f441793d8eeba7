import { describe, expect, test } from "vitest";
import {
  ColumnSource,
  type DataStream,
  StreamExecutionEnvironment,
  WatermarkStrategy,
  avg,
  columnsOf,
  count,
  literal,
  max,
} from "tamias";
import { arrowSource } from "tamias/arrow";
import { FileSource, csvColumns, jsonLinesColumns, parquetFileSource } from "tamias/node";
import { arrowBytes } from "../../formats/arrow/arrow-table.ts";
import { batchOf } from "../data/column-batches.ts";

interface Flight {
  readonly origin: string;
  readonly delay: number;
}

/** What the type of the records promises and the columns do not have. */
interface Promised extends Flight {
  readonly dealy: number;
  readonly seats: number;
}

const col = columnsOf<Promised>();
const environment = (): StreamExecutionEnvironment => StreamExecutionEnvironment.getExecutionEnvironment();
const columns = { origin: ["JFK", "LAX"], delay: new Float64Array([90, 5]) };
const flights = (env = environment()): DataStream<Promised> => env.fromColumns(columns) as unknown as DataStream<Promised>;
const promised = <T extends object>(stream: DataStream<T>): DataStream<Promised> => stream as unknown as DataStream<Promised>;

describe("an expression over a column that a source does not have is refused when the job is written", () => {
  test.each<readonly [string, (stream: DataStream<Promised>) => unknown, string]>([
    ["filter", (stream) => stream.filter(col("dealy").gt(30)), 'filter reads the column "dealy", but the records have origin, delay. Did you mean "delay"?'],
    ["filter, deep inside", (stream) => stream.filter(col("delay").gt(3).and(col("seats").isNull())), 'filter reads the column "seats", but the records have origin, delay'],
    ["select", (stream) => stream.select(col("origin"), col("seats").ifNull(0).as("seats")), 'select reads the column "seats"'],
    ["addOrReplaceColumns", (stream) => stream.addOrReplaceColumns(col("seats").times(2).as("twice")), 'addOrReplaceColumns reads the column "seats"'],
    ["keyBy a column", (stream) => stream.keyBy(col("seats")), 'keyBy reads the column "seats"'],
    ["keyBy a field", (stream) => stream.keyBy("seats"), 'keyBy reads the column "seats"'],
    ["keyBy what is computed", (stream) => stream.keyBy(col("seats").gt(3)), 'keyBy reads the column "seats"'],
    ["partitionCustom", (stream) => stream.partitionCustom(() => 0, "seats"), 'partitionCustom reads the column "seats"'],
    ["an aggregate of a field", (stream) => stream.keyBy("origin").countWindow(2).aggregate({ most: max("seats") }), 'aggregate reads the column "seats"'],
    ["an aggregate of an expression", (stream) => stream.countWindowAll(2).aggregate({ most: avg(col("seats").plus(1)) }), 'aggregate reads the column "seats"'],
    ["a sum so far", (stream) => stream.keyBy("origin").sum("seats"), 'sum reads the column "seats"'],
    ["the most of a window", (stream) => stream.keyBy("origin").countWindow(2).maxBy("dealy"), 'maxBy reads the column "dealy", but the records have origin, delay. Did you mean "delay"?'],
    ["the least of all", (stream) => stream.countWindowAll(2).min("seats"), 'min reads the column "seats"'],
    [
      "timestamps",
      (stream) => stream.assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps<Promised>().withTimestampAssigner(col("seats"))),
      'withTimestampAssigner reads the column "seats"',
    ],
    ["behind a filter", (stream) => stream.filter(literal(true)).filter(col("seats").gt(3)), "the records have origin, delay"],
    ["behind a select", (stream) => stream.select(col("origin")).filter(columnsOf<object>()("delay" as never)), 'filter reads the column "delay", but the records have origin'],
    ["behind an addition", (stream) => stream.addOrReplaceColumns(literal(1).as("one")).filter(col("seats").gt(3)), "the records have origin, delay, one"],
    ["behind keyBy and rebalance", (stream) => stream.rebalance().keyBy("origin").filter(col("seats").gt(3)), "the records have origin, delay"],
    ["behind timestamps", (stream) => stream.assignTimestampsAndWatermarks(WatermarkStrategy.noWatermarks()).filter(col("seats").gt(3)), "the records have origin, delay"],
    ["behind aggregates", (stream) => promised(stream.countWindowAll(1).aggregate({ flights: count() })).filter(col("delay").gt(3)), "the records have flights"],
    ["behind a union", (stream) => stream.union(stream.filter(literal(false))).filter(col("seats").gt(3)), "the records have origin, delay"],
  ])("%s", (_title, write, message) => {
    expect(() => write(flights())).toThrow("[INVALID_ARGUMENT]");
    expect(() => write(flights())).toThrow(message);
  });

  test("and so are timestamps of a source", () => {
    const strategy = WatermarkStrategy.forMonotonousTimestamps<Promised>().withTimestampAssigner(col("seats"));
    expect(() => environment().fromSource(new ColumnSource(columns) as never, strategy, "flights")).toThrow('withTimestampAssigner reads the column "seats", but the records have');
  });

  test.each<readonly [string, (env: StreamExecutionEnvironment) => DataStream<Promised>]>([
    ["Arrow data", (env) => promised(env.fromSource(arrowSource(arrowBytes([batchOf([{ origin: "JFK", delay: 5 }])])), WatermarkStrategy.noWatermarks(), "s"))],
    ["Arrow data to come", (env) => promised(env.fromSource(arrowSource(() => new Uint8Array(0), { columns: ["origin", "delay"] }), WatermarkStrategy.noWatermarks(), "s"))],
    ["Parquet", (env) => promised(env.fromSource(parquetFileSource("a.parquet", { columns: ["origin", "delay"] }), WatermarkStrategy.noWatermarks(), "s"))],
    ["chosen columns of CSV", (env) => promised(env.fromSource(FileSource.forFormat(csvColumns({ select: ["origin", "delay"] }), "a.csv").build(), WatermarkStrategy.noWatermarks(), "s"))],
    ["named columns of CSV", (env) => promised(env.fromSource(FileSource.forFormat(csvColumns({ columns: ["origin", "delay"] }), "a.csv").build(), WatermarkStrategy.noWatermarks(), "s"))],
    [
      "declared fields of JSON lines",
      (env) => promised(env.fromSource(FileSource.forFormat(jsonLinesColumns<Flight>({ fields: { origin: "string", delay: "number" } }), "a.jsonl").build(), WatermarkStrategy.noWatermarks(), "s")),
    ],
  ])("%s", (_title, source) => {
    const stream = source(environment());
    expect(() => stream.filter(col("seats").gt(3))).toThrow('filter reads the column "seats", but the records have origin, delay');
    stream.filter(col("delay").gt(3));
  });
});

describe("a field that is missing is null where the graph does not know the fields", () => {
  const isNull = col("seats").isNull();
  test.each<readonly [string, (env: StreamExecutionEnvironment) => DataStream<Promised>]>([
    ["records", (env) => promised(env.fromElements<Flight>({ origin: "JFK", delay: 90 }, { origin: "LAX", delay: 5 }))],
    ["what a function makes of columns", (env) => flights(env).map((flight) => flight)],
    ["what a function lets pass", (env) => flights(env).filter(() => true)],
    ["a union with records", (env) => flights(env).union(promised(env.fromElements<Flight>({ origin: "JFK", delay: 1 }))).filter(({ delay }) => 1 < delay)],
    ["a union with other columns", (env) => flights(env).union(promised(env.fromColumns({ seats: [5, null] })))],
  ])("%s", async (_title, source) => {
    const rows = await source(environment()).filter(isNull).filter(({ delay }) => delay !== undefined).executeAndCollect().toArray();
    expect(rows).toHaveLength(2);
  });

  test("files with a header, and formats that make records of malformed lines", () => {
    const none = WatermarkStrategy.noWatermarks<Promised>();
    const formats = [csvColumns<Promised>(), csvColumns<Promised>({ select: ["origin"], onMalformed: () => undefined }), jsonLinesColumns<Promised>()];
    for (const format of formats) environment().fromSource(FileSource.forFormat(format, "a.txt").build(), none, "s").filter(isNull);
  });
});
