import { expect, test } from "vitest";
import { valueAt } from "../../core/data/column.ts";
import { columnsOf } from "../../core/data/expression.ts";
import { aggregateColumns } from "../../core/windows/aggregate-columns.ts";
import { type AggregateSpec, avg, count, first, max, sum } from "../../core/windows/aggregates.ts";
import { BuiltInAggregates } from "../../core/windows/built-in-aggregates.ts";
import { batchOf } from "../data/column-batches.ts";

interface Row {
  readonly n: number | null;
  readonly big: bigint;
}

const col = columnsOf<Row>();

function aggregatesOf(spec: AggregateSpec<never>): BuiltInAggregates<never, unknown> {
  return new BuiltInAggregates(spec);
}

test("fields are columns, expressions become columns, and one expression is computed once", () => {
  const twice = col("n").times(2);
  const fn = aggregatesOf({
    count: count(),
    field: sum("n"),
    column: max(col("big")),
    sum: sum(twice as never),
    avg: avg(col("n").times(2) as never),
    function: first((row: Row) => row.n),
    missing: sum("other"),
  });
  const rows: Row[] = [{ n: 1.5, big: 2n }, { n: null, big: 3n }];
  const batch = batchOf(rows);
  const columns = aggregateColumns(fn.aggregates)(batch);
  expect(columns.map((column) => column?.kind)).toEqual([undefined, "f64", "i64", "f64", "f64", undefined, undefined]);
  expect(columns[1]).toBe(batch.column("n"));
  expect(columns[2]).toBe(batch.column("big"));
  expect(columns[4]).toBe(columns[3]);
  // What the selectors say of records.
  for (const [index, column] of columns.entries()) {
    if (column !== undefined) expect(rows.map((_row, at) => valueAt(column, at))).toEqual(rows.map((row) => fn.selectors[index]!(row)));
  }
});

test("an expression that fails for a record gives no column, unless the record is not selected", () => {
  const { aggregates } = aggregatesOf({ sum: sum(col("big").plus(1n)) });
  const columnsFor = aggregateColumns(aggregates);
  const batch = batchOf([{ n: 1, big: 1n }, { n: 1, big: 2n ** 63n - 1n }]);
  expect(columnsFor(batch)).toEqual([undefined]);
  expect(valueAt(columnsFor(batch.select(Int32Array.of(0)))[0]!, 0)).toBe(2n);
});
