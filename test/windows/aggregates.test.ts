import { describe, expect, expectTypeOf, test } from "vitest";
import { ByteReader, ByteWriter } from "../../core/lib/bytes.ts";
import { JobError } from "../../core/lib/errors.ts";
import {
  type AggregateResult,
  type AggregateSpec,
  avg,
  count,
  first,
  last,
  max,
  min,
  stddevPop,
  stddevSamp,
  sum,
  varPop,
  varSamp,
} from "../../core/windows/aggregates.ts";
import { BuiltInAggregates } from "../../core/windows/built-in-aggregates.ts";

interface Row {
  readonly n: number;
  readonly big: bigint;
  readonly text: "x" | "y" | "z";
  readonly at: Date;
  readonly maybe?: number;
}

/** As `aggregate` of a windowed stream is typed. */
function aggregate<T, const S extends AggregateSpec<T>>(
  _records: readonly T[],
  spec: S,
): BuiltInAggregates<T, AggregateResult<T, S>> {
  return new BuiltInAggregates(spec);
}

const ROWS: readonly Row[] = [];

const MANY = {
  count: count(),
  sum: sum("n"),
  avg: avg("n"),
  min: min("n"),
  max: max("n"),
  varPop: varPop("n"),
  varSamp: varSamp("n"),
  stddevPop: stddevPop("n"),
  stddevSamp: stddevSamp("n"),
  first: first("n"),
  last: last("n"),
};

type Numbers = { readonly n: number };

/** Parts of numbers, each accumulated by itself, then merged in order, as slices are; each part through its stored form. */
function resultOf(...parts: readonly (readonly number[])[]): { readonly [name: string]: number } {
  const fn = new BuiltInAggregates<Numbers, { [name: string]: number }>(MANY);
  let total = fn.createAccumulator();
  for (const part of parts) {
    let slots = fn.createAccumulator();
    for (const n of part) slots = fn.add({ n }, slots);
    const writer = new ByteWriter();
    fn.accumulatorType.write(writer, slots);
    total = fn.merge(total, fn.accumulatorType.read(new ByteReader(writer.finish())));
  }
  return fn.getResult(total);
}

function check(parts: readonly (readonly number[])[], expected: { readonly [name: string]: number }): void {
  const result = resultOf(...parts);
  for (const [name, value] of Object.entries(expected)) expect(result[name], name).toBe(value);
}

describe("numbers", () => {
  test("one after the other", () =>
    check([[1, 4, 2, 2]], {
      count: 4,
      sum: 9,
      avg: 2.25,
      min: 1,
      max: 4,
      varPop: 1.1875,
      varSamp: 4.75 / 3,
      stddevPop: Math.sqrt(1.1875),
      first: 1,
      last: 2,
    }));

  test("in parts", () =>
    check([[1, 4], [], [2, 2]], {
      count: 4,
      sum: 9,
      avg: 2.25,
      min: 1,
      max: 4,
      varPop: 1.1875,
      varSamp: 4.75 / 3,
      first: 1,
      last: 2,
    }));

  test("add up within a part from left to right, then part by part", () => {
    check([[1, 1e16, -1e16]], { sum: 0 });
    check([[1], [1e16, -1e16]], { sum: 1 });
    check([[0.1, 0.2], [0.3]], { sum: 0.1 + 0.2 + 0.3 });
    check([[0.1], [0.2, 0.3]], { sum: 0.1 + (0.2 + 0.3) });
  });

  test("a sum starts at +0", () => check([[-0], [-0]], { sum: 0, min: -0, max: -0 }));

  test("−0 is less than 0", () => {
    check([[0, -0]], { min: -0, max: 0 });
    check([[-0], [0]], { min: -0, max: 0 });
  });

  test("NaN wins, whenever it comes", () => {
    check([[NaN, 1]], { sum: NaN, avg: NaN, min: NaN, max: NaN, varPop: NaN });
    check([[1], [NaN]], { sum: NaN, min: NaN, max: NaN });
  });

  test("one record has no spread as a sample", () => check([[5]], { varPop: 0, varSamp: NaN, stddevSamp: NaN }));

  test("the variance of close numbers far from zero is exact", () =>
    check(
      [
        [1e9 + 4, 1e9 + 7],
        [1e9 + 13, 1e9 + 16],
      ],
      { varPop: 22.5, varSamp: 30 },
    ));
});

describe("bigints", () => {
  const fn = aggregate(ROWS, { s: sum("big"), a: avg("big"), m: max("big") });
  const row = (big: bigint | number): Row => ({ big }) as unknown as Row;
  const of = (...values: readonly (bigint | number)[]) =>
    values.reduce((slots, big) => fn.add(row(big), slots), fn.createAccumulator());

  test("add up as 64-bit integers", () => {
    expect(fn.getResult(of(2n ** 62n, 3n))).toEqual({ s: 2n ** 62n + 3n, a: Number(2n ** 62n + 3n) / 2, m: 2n ** 62n });
    const writer = new ByteWriter();
    fn.accumulatorType.write(writer, of(5n));
    expect(fn.getResult(fn.merge(of(1n), fn.accumulatorType.read(new ByteReader(writer.finish()))))).toEqual({
      s: 6n,
      a: 3,
      m: 5n,
    });
  });

  test("whose sum overflows are refused, in a record or in a merge", () => {
    expect(codeOf(() => of(2n ** 63n - 1n, 1n))).toBe("ARITHMETIC_OVERFLOW");
    expect(codeOf(() => of(2n ** 63n))).toBe("ARITHMETIC_OVERFLOW");
    expect(codeOf(() => fn.merge(of(-(2n ** 63n)), of(-1n)))).toBe("ARITHMETIC_OVERFLOW");
    expect(fn.getResult(of(-(2n ** 63n))).s).toBe(-(2n ** 63n));
  });

  test("do not mix with numbers", () => {
    expect(codeOf(() => of(1n, 1))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => of(1, 1n))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => fn.merge(of(1), of(1n)))).toBe("INVALID_ARGUMENT");
  });
});

describe("first and last", () => {
  const fn = aggregate(ROWS, { first: first("n"), last: last("n") });
  const of = (...records: readonly (readonly [n: number, timestamp: number])[]) =>
    records.reduce((slots, [n, timestamp]) => fn.add({ n } as Row, slots, timestamp), fn.createAccumulator());

  test("go by timestamp, ties by arrival", () => {
    expect(fn.getResult(of([1, 20], [2, 10], [3, 10], [4, 20], [5, 15]))).toEqual({ first: 2, last: 4 });
    expect(fn.getResult(fn.merge(of([1, 10]), of([2, 10], [3, 5])))).toEqual({ first: 3, last: 2 });
  });

  test("go by arrival without timestamps", () => {
    expect(fn.getResult(of([1, -Infinity], [2, -Infinity]))).toEqual({ first: 1, last: 2 });
  });
});

test("strings compare by code unit", () => {
  const fn = aggregate(ROWS, { low: min((row) => row.text as string), high: max("text") });
  const slots = ["y", "x", "\u{1F600}"].reduce(
    (total, text) => fn.add({ text } as unknown as Row, total),
    fn.createAccumulator(),
  );
  expect(fn.getResult(slots)).toEqual({ low: "x", high: "\u{1F600}" });
});

test("a merge leaves the later part as it is, and an empty part changes nothing", () => {
  const fn = new BuiltInAggregates<Numbers, unknown>(MANY);
  const later = fn.add({ n: 3 }, fn.createAccumulator());
  const before = structuredClone(later);
  const merged = fn.merge(fn.createAccumulator(), later);
  fn.add({ n: 4 }, merged);
  expect(later).toEqual(before);
  expect(fn.merge(later, fn.createAccumulator())).toEqual(before);
});

test("values that an aggregate does not take are refused", () => {
  for (const spec of [{ x: sum("n") }, { x: avg("n") }, { x: min("n") }, { x: varPop("n") }]) {
    const fn = new BuiltInAggregates<Numbers, unknown>(spec);
    for (const n of [undefined, null, "1", new Date(0)].slice(0, spec.x.kind === "min" ? 2 : 4)) {
      expect(
        codeOf(() => fn.add({ n: n as unknown as number }, fn.createAccumulator())),
        `${spec.x.kind} of ${String(n)}`,
      ).toBe("INVALID_ARGUMENT");
    }
  }
});

test("a null is refused with what to do about it", () => {
  const add = (spec: AggregateSpec<Numbers>, n: unknown) => () => {
    const fn = new BuiltInAggregates<Numbers, unknown>(spec);
    fn.add({ n: n as number }, fn.createAccumulator());
  };
  const advice = "leave such records out before, with filter(col(…).isNotNull()) or a function, or say what stands for null with ifNull(…)";
  expect(add({ x: avg("n") }, null)).toThrow(`avg("n") takes numbers or bigints, but in this record it is null; ${advice}`);
  expect(add({ x: max("n") }, undefined)).toThrow(`it is undefined; is the field spelt right? Otherwise ${advice}`);
  expect(add({ x: avg("n") }, "1")).toThrow('it is "1"; filter such records before, or convert them');
});

test("wrong specifications are refused", () => {
  expect(codeOf(() => new BuiltInAggregates({}))).toBe("INVALID_ARGUMENT");
  expect(codeOf(() => new BuiltInAggregates({ x: 5 as never }))).toBe("INVALID_ARGUMENT");
  expect(codeOf(() => sum(undefined as never))).toBe("INVALID_ARGUMENT");
});

test("what is aggregated is data", () => {
  const fn = aggregate(ROWS, { flights: count(), mean: avg("n"), long: sum((row) => row.n) });
  expect(fn.aggregates).toEqual([
    { kind: "count", field: undefined, output: "flights" },
    { kind: "avg", field: "n", output: "mean" },
    { kind: "sum", field: undefined, output: "long" },
  ]);
});

test("types follow from the record", () => {
  const fn = aggregate(ROWS, {
    count: count(),
    sum: sum("n"),
    bigSum: sum("big"),
    mean: avg("big"),
    low: min("text"),
    at: last("at"),
    maybe: first("maybe"),
    computed: max((row) => row.n * 2),
    doubled: sum((row) => row.big * 2n),
  });
  expectTypeOf(fn.getResult).returns.toEqualTypeOf<{
    readonly count: number;
    readonly sum: number;
    readonly bigSum: bigint;
    readonly mean: number;
    readonly low: "x" | "y" | "z";
    readonly at: Date;
    readonly maybe: number | undefined;
    readonly computed: number;
    readonly doubled: bigint;
  }>();
  // @ts-expect-error there is no such field
  aggregate(ROWS, { x: sum("nn") });
  // @ts-expect-error there is no such field
  aggregate(ROWS, { x: last("nn") });
  // @ts-expect-error a text has no sum
  aggregate(ROWS, { x: sum("text") });
  // @ts-expect-error a field that may be missing has no mean
  aggregate(ROWS, { x: avg("maybe") });
  // @ts-expect-error dates have no order here
  aggregate(ROWS, { x: min("at") });
});

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
  } catch (error) {
    if (error instanceof JobError) return error.code;
    throw error;
  }
  return undefined;
}
