import { expect, test } from "vitest";
import { columnsOf } from "../../core/data/expression.ts";
import { type AggregateSpec, count, sum } from "../../core/windows/aggregates.ts";
import { BuiltInAggregates } from "../../core/windows/built-in-aggregates.ts";
import { BatchReader } from "../../core/windows/kernel-batch.ts";
import { batchOf } from "../data/column-batches.ts";

interface Row {
  readonly key: string | null;
  readonly n: number | null;
}

test("columns with missing values are taken where no record that is left misses one", () => {
  const batch = batchOf([{ key: "a", n: 1.5 }, { key: null, n: 2 }, { key: "b", n: null }, { key: "c", n: 4 }] satisfies Row[]);
  const spec: AggregateSpec<never> = { count: count(), field: sum("n"), twice: sum(columnsOf<Row>()("n").times(2) as never) };
  const reader = new BatchReader({ column: "key", of: undefined }, new BuiltInAggregates(spec), 128);
  const read = (...rows: number[]): unknown => reader.read(batch.select(Int32Array.from(rows)), undefined);
  expect(read(0, 3)).toMatchObject({ keys: { kind: "string", validity: undefined }, rowEnd: 4 });
  expect(read(0, 1, 3)).toBeUndefined();
  expect(read(0, 2)).toBeUndefined();
  expect(reader.read(batch, undefined)).toBeUndefined();
});
