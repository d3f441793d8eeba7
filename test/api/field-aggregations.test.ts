import { describe, expect, test } from "vitest";
import { extremeOf, extremeRecordOf, sumOf } from "../../core/api/field-aggregations.ts";
import type { ReduceFunction } from "../../core/state/aggregation.ts";

/** What the function makes of the records, taken in order. */
function check(fn: ReduceFunction<unknown>, records: readonly unknown[], expected: unknown): void {
  const before = structuredClone(records);
  expect(records.reduce((left, right) => fn.reduce(left, right))).toEqual(expected);
  expect(records, "records are never changed").toEqual(before);
}

const A = { id: "a", n: 3, s: "x" };
const B = { id: "b", n: 1, s: "y" };
const C = { id: "c", n: 3, s: "x" };

describe("fields", () => {
  test.each<[string, ReduceFunction<unknown>, readonly unknown[], unknown]>([
    ["sum keeps the other fields of the first record", sumOf("n"), [A, B, C], { id: "a", n: 7, s: "x" }],
    ["sum of bigints", sumOf("n"), [{ n: 2n }, { n: 40n }], { n: 42n }],
    ["sum of a position", sumOf(1), [["a", 1], ["b", 2]], ["a", 3]],
    ["sum of the records themselves", sumOf(0), [1, 2, 3], 6],
    ["min keeps the other fields of the first record", extremeOf("min", "n"), [A, B, C], { id: "a", n: 1, s: "x" }],
    ["max of strings", extremeOf("max", "s"), [A, B, C], { id: "a", n: 3, s: "y" }],
    ["min of -0 and 0", extremeOf("min", "n"), [{ n: 0 }, { n: -0 }], { n: -0 }],
    ["max with NaN", extremeOf("max", "n"), [{ n: 1 }, { n: NaN }, { n: 2 }], { n: NaN }],
    ["minBy gives the whole record", extremeRecordOf("min", "n", true), [A, B, C], B],
    ["maxBy: of several the first", extremeRecordOf("max", "n", true), [A, B, C], A],
    ["maxBy: of several the last", extremeRecordOf("max", "n", false), [A, B, C], C],
    ["minBy with a selector", extremeRecordOf("min", (record) => -(record as typeof A).n, true), [B, A, C], A],
  ])("%s", (_title, fn, records, expected) => check(fn, records, expected));
});

describe("values that cannot be added up or compared", () => {
  test.each<[string, ReduceFunction<unknown>, readonly unknown[], string]>([
    ["a missing field", sumOf("n"), [A, {}], '[INVALID_ARGUMENT] sum("n") needs a number, bigint or string in every record, but found undefined'],
    ["strings", sumOf("s"), [A, B], '[INVALID_ARGUMENT] sum("s") adds up numbers, or bigints, but found "x" and "y"'],
    ["numbers and bigints", sumOf("n"), [{ n: 1 }, { n: 1n }], '[INVALID_ARGUMENT] sum("n") adds up numbers, or bigints, but found 1 and 1n'],
    ["64 bits", sumOf("n"), [{ n: 2n ** 63n - 1n }, { n: 1n }], '[ARITHMETIC_OVERFLOW] sum("n") leaves the range of 64-bit integers: 9223372036854775807n + 1n'],
    ["two types", extremeOf("max", "n"), [{ n: 1 }, { n: "2" }], '[INVALID_ARGUMENT] max compares values of one type, but found 1 and "2"'],
    ["objects", extremeRecordOf("max", () => ({}) as never, true), [A, B], "[INVALID_ARGUMENT] maxBy needs a number, bigint or string in every record, but found {}"],
    ["a scalar has no fields", extremeOf("max", "n"), [1, 2], '[INVALID_ARGUMENT] max("n") needs a number, bigint or string in every record, but found undefined'],
  ])("%s", (_title, fn, records, message) => {
    expect(() => records.reduce((left, right) => fn.reduce(left, right))).toThrow(expect.objectContaining({ message }));
  });
});
