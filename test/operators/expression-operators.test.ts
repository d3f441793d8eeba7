import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import { columnsOf } from "../../core/data/expression.ts";
import { JobError } from "../../core/lib/errors.ts";
import { rowsInto } from "../../core/operators/columns-output.ts";
import { expressionFilterFactory, projectionFactory } from "../../core/operators/expression-factories.ts";
import type { OperatorFactory, Output } from "../../core/operators/operator.ts";
import { type HarnessOutput, OperatorHarness } from "../../core/testing/operator-harness.ts";
import { type Element, selectionOf, throughBuilder, timestamp, valueOfKind } from "../data/column-batches.ts";
import { check } from "./play.ts";

interface Row {
  readonly n: number | null;
  readonly big: bigint;
  readonly s: string;
  readonly p: boolean | null;
}

const col = columnsOf<Row>();

const FACTORIES: readonly (readonly [string, () => OperatorFactory])[] = [
  ["filter(n > 0)", () => expressionFilterFactory(col("n").gt(0))],
  ["filter(p)", () => expressionFilterFactory(col("p"))],
  ['filter(s = "a" OR big / big > 0n)', () => expressionFilterFactory(col("s").eq("a").or(col("big").dividedBy(col("big")).gt(0n)))],
  ["select(s, n * 2, big + 1n)", () => projectionFactory("select", [col("s"), col("n").times(2).as("twice"), col("big").plus(1n).as("next")])],
  ["select(s = s)", () => projectionFactory("select", [col("s").eq(col("s")).as("same")])],
  ["addOrReplaceColumns(n + 1, big / big)", () => projectionFactory("addOrReplaceColumns", [col("n").plus(1).as("n"), col("big").dividedBy(col("big")).as("one")])],
];

/** What an operator did with its input, by whichever way it came. */
interface Outcome {
  readonly output: readonly HarnessOutput[];
  readonly counters: readonly number[];
  readonly failure: object | undefined;
}

function play(factory: OperatorFactory, batches: readonly ColumnBatch[], give: (harness: OperatorHarness, batch: ColumnBatch) => void): Outcome {
  const harness = new OperatorHarness(factory);
  harness.open();
  let failure: object | undefined;
  try {
    for (const batch of batches) give(harness, batch);
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    failure = { code: error.code, message: error.message, place: error.place };
  }
  const { recordsIn, recordsOut, currentWatermark } = harness.metrics;
  return { output: harness.takeOutput(), counters: [recordsIn, recordsOut, currentWatermark], failure };
}

const byColumns = (harness: OperatorHarness, batch: ColumnBatch): void => harness.columns(batch);

function byRows(harness: OperatorHarness, batch: ColumnBatch): void {
  const input: Output<unknown> = {
    processRecord: (record, time) => harness.element(record, time),
    processWatermark: (watermark) => harness.watermark(watermark),
    processIdleness: () => {},
  };
  rowsInto(input, batch);
}

describe("rows and columns give equal results, counters and errors", () => {
  const small = fc.oneof({ weight: 8, arbitrary: fc.bigInt({ min: -3n, max: 3n }) }, { weight: 1, arbitrary: fc.constantFrom(2n ** 63n - 1n) });
  const record = fc.record<Row>({ n: fc.option(valueOfKind[0]), big: small, s: valueOfKind[4], p: fc.option(fc.boolean()) }, { noNullPrototype: true });
  const elements = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.tuple(fc.constant("record" as const), record, timestamp) },
      { weight: 1, arbitrary: fc.nat(50).map((step): Element => ["watermark", step]) },
    ),
    { minLength: 1, maxLength: 30 },
  );

  test.each(FACTORIES)("%s", (_title, factory) => {
    fc.assert(
      fc.property(elements, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 255 }), (given, rowsMax, pattern) => {
        const { sent } = throughBuilder(ascending(given), rowsMax);
        const batches = sent.filter((part): part is ColumnBatch => !Array.isArray(part)).map((batch) => selectionOf(batch, pattern));
        expect(play(factory(), batches, byColumns)).toStrictEqual(play(factory(), batches, byRows));
      }),
      { numRuns: 300 },
    );
  });

  /** Watermarks only rise. */
  function ascending(given: readonly Element[]): Element[] {
    let watermark = 0;
    return given.map((element) => (element[0] === "watermark" ? ["watermark", (watermark += element[1] + 1)] : element));
  }
});

test("a filter keeps what is true, neither what is false nor what is null", () =>
  check({
    factory: () => expressionFilterFactory(col("n").gt(1)),
    steps: [
      [["record", { n: 2 }, 10], '{"n":2}@10'],
      [["record", { n: 1 }, 11]],
      [["record", { n: null }, 12]],
      [["record", {}, 13]],
      [["watermark", 13], "wm 13"],
      [["idle", true], "idle"],
      [["idle", false], "active"],
    ],
  }));

test("an error names operator, record and timestamp, and what came before it is out", () => {
  const factory = projectionFactory("select", [col("big").plus(1n).as("next")]);
  const { sent } = throughBuilder([["record", { big: 1n }, 5], ["watermark", 5], ["record", { big: 2n ** 63n - 1n }, 6]], 8);
  for (const give of [byColumns, byRows]) {
    const { output, counters, failure } = play(factory, sent as ColumnBatch[], give);
    expect(output).toEqual([{ kind: "record", value: { next: 2n }, timestamp: 5 }, { kind: "watermark", watermark: 5 }]);
    expect(counters).toEqual([2, 1, 5]);
    expect(failure).toMatchObject({ code: "ARITHMETIC_OVERFLOW", place: { operator: "operator", timestamp: 6, record: '{"big":"9223372036854775807n"}' } });
  }
});

test("what is computed stands in the details, which are JSON", () => {
  const details = [expressionFilterFactory(col("s").eq("AA")), FACTORIES[3]![1](), FACTORIES[5]![1]()].map((factory) => factory.details);
  expect(details).toEqual([{ condition: 's = "AA"' }, { fields: ["s", "twice = n * 2", "next = big + 1n"] }, { fields: ["n = n + 1", "one = big / big"] }]);
  expect(JSON.parse(JSON.stringify(details))).toEqual(details);
});
