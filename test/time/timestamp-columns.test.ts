import fc from "fast-check";
import { expect, test } from "vitest";
import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../../core/data/column-batch.ts";
import { f64Column } from "../../core/data/column.ts";
import { columnsOf } from "../../core/data/expression.ts";
import { TimestampColumns } from "../../core/time/timestamp-columns.ts";
import { BoundedOutOfOrdernessWatermarks } from "../../core/time/watermark-generator.ts";

const SEED = 20_260_301;
const layout = new BatchLayout(["time"]);
const expression = columnsOf<{ readonly time: number }>()("time");

function batchOf(values: readonly number[]): ColumnBatch {
  const column = Float64Array.from(values);
  const timestamps = new Float64Array(values.length).fill(-Infinity);
  return new ColumnBatch({ layout, rowCount: values.length, columns: [f64Column(column, undefined, null)], timestamps, watermarks: NO_WATERMARKS, selection: undefined });
}

/** Asked one by one, as a source asks: throws where there is none, and knows no −0. */
function timestampOf(record: unknown): number {
  const { time } = record as { readonly time: number };
  if (!Number.isFinite(time)) throw new Error(`no timestamp: ${time}`);
  return time + 0;
}

function check(values: readonly number[]): void {
  const { timestamps, times, failure } = new TimestampColumns(timestampOf, expression as never).assign(batchOf(values));
  const bad = values.findIndex((value) => !Number.isFinite(value));
  expect(failure?.index).toBe(bad < 0 ? undefined : bad);
  const good = bad < 0 ? values : values.slice(0, bad);
  expect([...timestamps.subarray(0, good.length)]).toEqual(good.map((value) => value + 0));
  if (times === undefined) return void expect(bad < 0 && values.every((value) => !Object.is(value, -0))).toBe(false);
  expect(times.earliest).toBe(Math.min(...values));
  expect(times.latest).toBe(Math.max(...values));
  expect(times.rising).toEqual(values.flatMap((value, row) => (values.slice(0, row).every((before) => before < value) ? [row] : [])));

  const [known, asked] = [new BoundedOutOfOrdernessWatermarks(3, true), new BoundedOutOfOrdernessWatermarks(3, true)];
  known.restore(5);
  asked.restore(5);
  const batch = new ColumnBatch({ ...batchOf(values), timestamps });
  for (let round = 0; round < 2; round += 1) expect(known.watermarksIn(new ColumnBatch({ ...batch, times }))).toEqual(asked.watermarksIn(batch));
  expect(known.snapshot()).toBe(asked.snapshot());
}

test("one pass says of all timestamps what asking each would", () => {
  const common = fc.integer({ min: 0, max: 30 }).map((ms) => ms - 5);
  const value = fc.oneof({ weight: 40, arbitrary: common }, fc.constantFrom(-0, 0, NaN, Infinity, -Infinity, Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324, 0.5));
  fc.assert(fc.property(fc.oneof(fc.array(common, { maxLength: 40 }), fc.array(value, { maxLength: 40 })), check), { seed: SEED, numRuns: 2_000 });
});

for (const odd of [-0, NaN, Infinity, -Infinity]) {
  for (const row of [0, 1, 2, 3, 4, 7, 8, 9]) {
    test(`${Object.is(odd, -0) ? "−0" : odd} is found in row ${row}`, () => check([...Array.from({ length: row }, (_, at) => at % 3), odd, 2, 1]));
  }
}
