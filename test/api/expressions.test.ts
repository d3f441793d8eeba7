import { describe, expect, test } from "vitest";
import { type DataStream, JobError, type NamedExpressions, StreamExecutionEnvironment, avg, columnsOf, count, first, literal, max, sum } from "tamias";
import { keyColumnOf } from "../../core/data/key-column.ts";
import { explain } from "../../core/graph/explain.ts";
import { buildJobGraph } from "../../core/graph/job-graph.ts";

interface Sale {
  readonly shop: string;
  readonly price: number;
  readonly pieces: number;
  readonly cents: bigint;
  readonly rebate: number | null;
}

const SALES: readonly Sale[] = [
  { shop: "a", price: 2, pieces: 3, cents: 5n, rebate: null },
  { shop: "b", price: 10, pieces: 1, cents: 7n, rebate: 0.5 },
  { shop: "a", price: 4, pieces: 2, cents: 9n, rebate: 0.25 },
];
const col = columnsOf<Sale>();

/** The same records, one by one and as columns. */
const SOURCES: readonly (readonly [string, () => DataStream<Sale>])[] = [
  ["rows", () => StreamExecutionEnvironment.getExecutionEnvironment().fromElements(...SALES)],
  ["columns", () => StreamExecutionEnvironment.getExecutionEnvironment().fromColumns(columnsOfSales())],
];

function columnsOfSales(): { readonly [F in keyof Sale]: Sale[F][] } {
  const column = <F extends keyof Sale>(field: F): Sale[F][] => SALES.map((sale) => sale[field]);
  return { shop: column("shop"), price: column("price"), pieces: column("pieces"), cents: column("cents"), rebate: column("rebate") };
}

function withMore(prices: DataStream<{ price: number }>): DataStream<{ price: number; was: number }> {
  const price = columnsOf(prices)("price");
  return prices.addOrReplaceColumns(price.plus(1).as("price"), price.as("was"));
}

describe.each(SOURCES)("streams of %s take expressions", (_form, sales) => {
  test.each<readonly [string, (stream: DataStream<Sale>) => DataStream<unknown>, readonly unknown[]]>([
    ["filter", (stream) => stream.filter(col("price").gt(3)).map(({ price }) => price), [10, 4]],
    ["filter: null does not pass", (stream) => stream.filter(col("rebate").lt(1)).map(({ price }) => price), [10, 4]],
    ["filter: what has a value is summed", (stream) => stream.filter(col("rebate").isNotNull().and(col("price").gt(3))).countWindowAll(2).aggregate({ rebate: sum("rebate") }), [{ rebate: 0.75 }]],
    ["ifNull", (stream) => stream.select(col("rebate").ifNull(0).as("rebate")), [{ rebate: 0 }, { rebate: 0.5 }, { rebate: 0.25 }]],
    ["ifNull in a key and in aggregates", (stream) => stream.keyBy(col("rebate").ifNull(col("price"))).countWindow(1).aggregate({ most: max(col("rebate").ifNull(-1)) }), [{ most: -1 }, { most: 0.5 }, { most: 0.25 }]],
    ["filter by a literal", (stream) => stream.filter(literal(false)), []],
    ["filter on a keyed stream", (stream) => stream.keyBy("shop").filter(col("shop").eq("a")).map(({ price }) => price), [2, 4]],
    ["select", (stream) => stream.select(col("shop"), col("price").times(col("pieces")).as("total")), [{ shop: "a", total: 6 }, { shop: "b", total: 10 }, { shop: "a", total: 8 }]],
    ["addOrReplaceColumns", (stream) => withMore(stream.select(col("price"))), [{ price: 3, was: 2 }, { price: 11, was: 10 }, { price: 5, was: 4 }]],
    ["keyBy a column", (stream) => stream.keyBy(col("shop")).sum("pieces").select(col("pieces")), [{ pieces: 3 }, { pieces: 1 }, { pieces: 5 }]],
    ["keyBy what is computed", (stream) => stream.keyBy(col("price").gt(3)).sum("pieces").select(col("pieces")), [{ pieces: 3 }, { pieces: 1 }, { pieces: 3 }]],
    [
      "aggregates",
      (stream) =>
        stream.countWindowAll(3).aggregate({
          sales: count(),
          total: sum(col("price").times(col("pieces"))),
          mean: avg(col("price").plus(1)),
          cents: sum(col("cents").times(2n)),
          dearest: max(col("price")),
          shop: first(col("shop")),
        }),
      [{ sales: 3, total: 24, mean: 19 / 3, cents: 42n, dearest: 10, shop: "a" }],
    ],
  ])("%s", async (_title, write, expected) => {
    expect(await write(sales()).executeAndCollect().toArray()).toEqual(expected);
  });

  test("a key that is a column is known as one; what is computed is asked of records", () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const stream = env.fromElements(...SALES);
    stream.keyBy(col("shop")).sum("price").name("by column");
    stream.keyBy(col("price").gt(1)).sum("price").name("by value");
    const keys = env.getStreamGraph().nodes.flatMap(({ keys: of }) => of ?? []);
    expect(keys.map(keyColumnOf)).toEqual(["shop", undefined]);
  });

  test("aggregates over expressions are told by explain", () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.fromElements(...SALES).countWindowAll(3).aggregate({ total: sum(col("price").times(2)), dearest: max(col("price")) }).print();
    expect(explain(buildJobGraph(env.getStreamGraph()))).toContain("total = sum(price * 2), dearest = max(price)");
  });
});

describe.each(SOURCES)("what goes wrong in streams of %s", (_form, sales) => {
  test.each<readonly [string, (stream: DataStream<Sale>) => DataStream<unknown>, string, object]>([
    ["in a filter", (stream) => stream.filter(col("cents").times(2n ** 62n).gt(0n)).name("rich"), "ARITHMETIC_OVERFLOW", { operator: "rich", record: expect.stringContaining('"5n"') }],
    ["in a projection", (stream) => stream.select(col("cents").dividedBy(0n).as("none")), "ARITHMETIC_OVERFLOW", { operator: "Select", record: expect.stringContaining('"a"') }],
    ["in an aggregate", (stream) => stream.countWindowAll(3).aggregate({ total: sum(col("cents").dividedBy(0n)) }), "ARITHMETIC_OVERFLOW", { operator: "CountWindow" }],
    ["where a null is summed", (stream) => stream.countWindowAll(3).aggregate({ total: sum(col("rebate").plus(1) as never) }), "INVALID_ARGUMENT", { operator: "CountWindow" }],
    ["where a key is null", (stream) => stream.keyBy(col("rebate").plus(1) as never).sum("price"), "INVALID_KEY", {}],
  ])("%s is told with its place", async (_title, write, code, place) => {
    const error = await write(sales()).executeAndCollect().toArray().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(JobError);
    expect({ code: (error as JobError).code, place: (error as JobError).place }).toMatchObject({ code, place });
  });

  test.each<readonly [string, (stream: DataStream<Sale>) => unknown, string]>([
    ["a select of nothing", (stream) => stream.select(), "select takes expressions with names, such as columnsOf<Flight>()"],
    ["a select of a name", (stream) => stream.select("shop" as never), 'but got "shop"'],
    ["a value without a name", (stream) => stream.select(col("price").plus(1) as never), "the value price + 1 of a projection has no name"],
    ["two values of one name", (stream) => stream.addOrReplaceColumns(...([col("price"), col("cents").as("price")] as NamedExpressions<Sale>)), 'two values of a projection are called "price"'],
    ["a sum of nothing", () => sum({} as never), "sum takes the name of a field, an expression or a function of the record, but got {}"],
  ])("%s is refused when the job is written", (_title, write, message) => {
    expect(() => write(sales())).toThrow(message);
  });
});
