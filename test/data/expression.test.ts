import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatchCursor } from "../../core/data/batch-cursor.ts";
import { BufferBuilder, BufferReader } from "../../core/data/channel-buffer.ts";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import type { BinaryNode, Comparison, ExpressionNode } from "../../core/data/expression-node.ts";
import { compileFilter } from "../../core/data/expression-program.ts";
import { compileAddition, compileProjection } from "../../core/data/expression-projection.ts";
import { columnsOf, Expression, literal } from "../../core/data/expression.ts";
import { JobError } from "../../core/lib/errors.ts";
import { batchOf, elementsOf, selectionOf, valueOfKind } from "./column-batches.ts";

interface Row {
  n: number | null;
  m: number;
  b: bigint | null;
  c: bigint;
  s: string | null;
  t: string;
  p: boolean | null;
  q: boolean;
  u: number | undefined;
}

const col = columnsOf<Row>();
const base: Row = { n: 1, m: 2, b: 3n, c: 4n, s: "s", t: "t", p: true, q: false, u: undefined };

/** The value that an expression has for a record, by rows and by columns. */
function valueOf(expression: Expression<Row, unknown>, row: Partial<Row> = {}): unknown {
  const record = { ...base, ...row };
  const program = compileProjection([expression.as("value")]);
  const byRow = program.row(record)["value"];
  const { value: byColumn } = program.columns(batchOf([record])).rowAt(0) as { value: unknown };
  expect(byColumn).toBe(byRow);
  return byRow;
}

describe("an expression", () => {
  test.each<readonly [string, Expression<Row, unknown>, unknown]>([
    ["m + 1", col("m").plus(1), 3],
    ["m - 0.5", col("m").minus(0.5), 1.5],
    ["m * m", col("m").times(col("m")), 4],
    ["m / 0", col("m").dividedBy(0), Infinity],
    ["(m - 2) * -1", col("m").minus(2).times(-1), -0],
    ["c / -3n", col("c").dividedBy(-3n), -1n],
    ["(c + 1n) * b", col("c").plus(1n).times(col("b")), 15n],
    ["m > 1", col("m").gt(1), true],
    ["m >= n", col("m").ge(col("n")), true],
    ["m < NaN", col("m").lt(NaN), false],
    ["m <= 2", col("m").le(2), true],
    ["c < b", col("c").lt(col("b")), false],
    ['t = "t"', col("t").eq("t"), true],
    ['t <> "t"', col("t").ne("t"), false],
    ['t > "T"', col("t").gt("T"), true],
    ["t < s", col("t").lt(col("s")), false],
    ["q = false", col("q").eq(false), true],
    ["NOT q", col("q").not(), true],
    ["(m > 1) AND (NOT q)", col("m").gt(1).and(col("q").not()), true],
    ["(m > 1) OR p", col("m").gt(1).or(col("p")), true],
    ["n IS NULL", col("n").isNull(), false],
    ["NOT (u IS NULL)", col("u").isNotNull(), false],
    ["IFNULL(n, 5)", col("n").ifNull(5), 1],
    ["IFNULL(n, m) + 1", col("n").ifNull(col("m")).plus(1), 2],
    ["NOT IFNULL(p, q)", col("p").ifNull(col("q")).not(), false],
    ['IFNULL(s, t) = "s"', col("s").ifNull(col("t")).eq("s"), true],
    ["1 = m", literal(1).eq(2), false],
  ])("%s", (text, expression, value) => {
    if (text !== "1 = m") expect(String(expression)).toBe(text);
    expect(valueOf(expression)).toBe(value);
  });

  test.each<readonly [string, Expression<Row, unknown>, Partial<Row>, unknown]>([
    ["null + 1", col("n").plus(1), { n: null }, null],
    ["undefined + 1", col("u").plus(1), { u: undefined }, null],
    ["null = null", col("n").eq(col("u")), { n: null }, null],
    ["null <> 1", col("n").ne(1), { n: null }, null],
    ["null AND false", col("p").and(col("q")), { p: null, q: false }, false],
    ["null AND true", col("p").and(col("q")), { p: null, q: true }, null],
    ["false AND null", col("q").and(col("p")), { p: null, q: false }, false],
    ["null OR true", col("p").or(col("q")), { p: null, q: true }, true],
    ["null OR false", col("p").or(col("q")), { p: null, q: false }, null],
    ["true OR null", col("q").or(col("p")), { p: null, q: true }, true],
    ["NOT null", col("p").not(), { p: null }, null],
    ["null IS NULL", col("s").isNull(), { s: null }, true],
    ["(null + 1) IS NULL", col("n").plus(1).isNull(), { n: null }, true],
    ["(null AND true) IS NULL", col("p").and(true).isNull(), { p: null }, true],
    ['null < "x"', col("s").lt("x"), { s: null }, null],
    ["NaN = NaN", col("n").eq(col("m")), { n: NaN, m: NaN }, false],
    ["NaN <> NaN", col("n").ne(col("m")), { n: NaN, m: NaN }, true],
    ["-0 = 0", col("n").eq(0), { n: -0 }, true],
    ["null / 0n", col("b").dividedBy(0n), { b: null }, null],
    ["UTF-16 order", col("s").lt("\uffff"), { s: "\u{1f600}" }, true],
    ["a literal null", col("n").eq(literal(null)), {}, null],
    ["IFNULL(null, 5)", col("n").ifNull(5), { n: null }, 5],
    ["IFNULL(undefined, 5)", col("u").ifNull(5), { u: undefined }, 5],
    ["IFNULL(NaN, 5)", col("n").ifNull(5), { n: NaN }, NaN],
    ["IFNULL(null, -0)", col("n").ifNull(-0), { n: null }, -0],
    ["IFNULL(null, null)", col("n").ifNull(col("u")), { n: null, u: undefined }, null],
    ["IFNULL(null, 7n)", col("b").ifNull(7n), { b: null }, 7n],
    ["IFNULL(null, true)", col("p").ifNull(true), { p: null }, true],
    ['IFNULL(null, "none")', col("s").ifNull("none"), { s: null }, "none"],
    ["IFNULL(null + 1, 0)", col("n").plus(1).ifNull(0), { n: null }, 0],
    ["a value that needs no other", col("b").ifNull(col("c").dividedBy(0n)), { b: 3n }, 3n],
  ])("%s is as in SQL", (_text, expression, row, value) => {
    expect(valueOf(expression, row)).toBe(value);
  });

  test.each<readonly [string, Expression<Row, unknown>, Partial<Row>, string]>([
    ["of a sum", col("c").plus(1n), { c: 2n ** 63n - 1n }, "[ARITHMETIC_OVERFLOW] c + 1n leaves the range of 64-bit integers: the operands are 9223372036854775807n and 1n"],
    ["of a difference", col("c").minus(1n), { c: -(2n ** 63n) }, "[ARITHMETIC_OVERFLOW] c - 1n leaves"],
    ["of a product", col("c").times(col("c")), { c: 2n ** 32n }, "[ARITHMETIC_OVERFLOW] c * c leaves"],
    ["of a quotient", col("c").dividedBy(-1n), { c: -(2n ** 63n) }, "[ARITHMETIC_OVERFLOW] c / -1n leaves"],
    ["by zero", col("c").dividedBy(0n), {}, "[ARITHMETIC_OVERFLOW] c / 0n divides 4n by zero"],
    ["of kinds", col("m").plus(1), { m: "x" as never }, '[INVALID_ARGUMENT] m + 1 cannot be computed with "x" and 1: arithmetic takes two numbers or two bigints'],
    ["of a bigint and a number", col("m").lt(1), { m: 1n as never }, "what is compared must be two numbers, two bigints or two strings"],
    ["of booleans in order", new Expression<Row, boolean>({ op: "lt", left: col("q").node, right: col("q").node }, undefined), {}, "what is compared must be"],
    ["of logic", new Expression<Row, boolean>({ op: "and", left: col("m").node, right: col("q").node }, undefined), {}, "logic takes booleans"],
    ["of negation", new Expression<Row, boolean>({ op: "not", operand: col("m").node }, undefined), {}, "logic takes booleans"],
  ])("refuses what goes wrong %s, by rows and by columns", (_title, expression, row, message) => {
    const record = { ...base, ...row };
    const program = compileProjection([expression.as("value")]);
    expect(() => program.row(record)).toThrow(message);
    expect(() => program.columns(batchOf([record]))).toThrow(message);
  });

  test.each<readonly [string, () => unknown]>([
    ["a longer bigint", () => col("c").plus(2n ** 63n)],
    ["a date", () => col("n").plus(new Date(0) as never)],
    ["undefined", () => col("n").eq(undefined as never)],
    ["two values of one name", () => compileProjection([col("n"), col("m").as("n")])],
    ["a value without a name", () => compileProjection([col("n").plus(1) as never])],
    ["a projection without values", () => compileAddition([])],
  ])("refuses %s when it is built", (_title, build) => {
    expect(build).toThrow("INVALID_ARGUMENT");
  });

  test("guards its right side by its left side", () => {
    const safe = col("c").ne(0n).and(literal(12n).dividedBy(col("c")).gt(3n));
    const unsafe = col("c").eq(0n).or(literal(12n).dividedBy(col("c")).gt(3n));
    const records = [0n, 2n, 4n, 0n, 12n].map((c) => ({ ...base, c }));
    for (const [expression, values] of [[safe, [false, true, false, false, false]], [unsafe, [true, true, false, true, false]]] as const) {
      const program = compileProjection([expression.as("value")]);
      const batch = program.columns(batchOf(records));
      expect(records.map((record) => program.row(record)["value"])).toEqual(values);
      expect(elementsOf(batch).map(([, value]) => (value as { value: boolean }).value)).toEqual(values);
    }
  });
});

describe("a filter", () => {
  const records: Row[] = [30, null, 31, 45, 5, NaN].map((n, index) => ({ ...base, n, t: index % 2 === 0 ? "AA" : "DL" }));

  test("takes only what is true, and keeps watermarks and timestamps where they are", () => {
    const filter = compileFilter(col("n").gt(30));
    const batch = batchOf(records);
    expect(records.map(filter.row)).toEqual([false, false, true, true, false, false]);
    const late = filter.columns(batch);
    expect([...late.selection!]).toEqual([2, 3]);
    expect([late.columns === batch.columns, late.timestamps === batch.timestamps, late.watermarks === batch.watermarks]).toEqual([true, true, true]);
    expect([...compileFilter(col("t").eq("DL")).columns(late).selection!]).toEqual([3]);
  });

  test("that all rows pass gives the batch itself", () => {
    const batch = batchOf(records);
    expect(compileFilter(col("m").eq(2)).columns(batch)).toBe(batch);
  });

  test("computes only selected rows where others would fail", () => {
    const batch = batchOf(records.map((record, index) => ({ ...record, c: BigInt(index) })));
    const filter = compileFilter(literal(1n).dividedBy(col("c")).ge(0n));
    expect(() => filter.columns(batch)).toThrow("ARITHMETIC_OVERFLOW");
    expect(filter.columns(batch.select(Int32Array.of(1, 3))).length).toBe(2);
  });

  test("goes on when columns change their kinds, or a field is missing", () => {
    const filter = compileFilter(col("n").gt(30));
    const of = (...given: readonly object[]): number => filter.columns(batchOf(given)).length;
    expect([of({ n: 31 }), of({ n: null }), of({ x: 1, n: 40 }), of({ x: 1 }), of({ n: 31 })]).toEqual([1, 0, 1, 0, 1]);
    expect(() => of({ n: "x" })).toThrow("INVALID_ARGUMENT");
    expect(() => filter.row({ n: "x" })).toThrow("INVALID_ARGUMENT");
  });
});

test("a projection passes columns on and computes others, in rows and in columns", () => {
  const program = compileProjection([col("t"), col("u").as("as it was"), col("m").times(2).as("twice")]);
  const batch = batchOf([base, { ...base, m: 5 }]);
  expect(program.row(base)).toStrictEqual({ t: "t", "as it was": undefined, twice: 4 });
  const projected = program.columns(batch);
  expect(projected.rowAt(1)).toStrictEqual({ t: "t", "as it was": undefined, twice: 10 });
  expect(projected.columns[0]).toBe(batch.column("t"));
  const again = program.columns(batchOf([{ ...base, m: 7 }]));
  expect([projected.rowAt(0), again.rowAt(0)]).toMatchObject([{ twice: 4 }, { twice: 14 }]);
});

test("an addition keeps fields and their order, and replaces those of its names", () => {
  const program = compileAddition([col("m").times(2).as("m"), col("t").as("copy"), col("n").isNull().as("none")]);
  const expected = { ...base, m: 4, copy: "t", none: false };
  const row = program.row(base);
  expect(row).toStrictEqual(expected);
  const batch = batchOf([base]);
  const added = program.columns(batch);
  expect(added.rowAt(0)).toStrictEqual(expected);
  expect([Object.keys(row), added.layout.names]).toEqual([Object.keys(expected), Object.keys(expected)]);
  expect([added.column("n"), added.column("copy")]).toEqual([batch.column("n"), batch.column("t")]);
  // Another layout, then the first again.
  expect(program.columns(batchOf([{ m: 1, t: "t", n: null }])).rowAt(0)).toStrictEqual({ m: 2, t: "t", n: null, copy: "t", none: true });
  expect(program.columns(batch).rowAt(0)).toStrictEqual(expected);
  expect(() => program.row(5)).toThrow("[INVALID_ARGUMENT] columns are added to records with fields, but this one is 5");
  expect(() => program.columns(batchOf([5]))).toThrow("[INVALID_ARGUMENT] columns are added to records with fields, but this one is 5");
});

test("two expressions have one text only where they are the same", () => {
  const any = columnsOf<{ "a b": string; true: string; "`": string; größe: string }>();
  const texts = [any("a b").eq("a b"), any("true").eq("true"), any("`").isNull(), any("größe").ne("x".repeat(300)), literal(true)].map(String);
  expect(texts).toEqual(['`a b` = "a b"', '`true` = "true"', "```` IS NULL", `größe <> "${"x".repeat(300)}"`, "true"]);
});

describe("rows and columns agree bit for bit", () => {
  const column = (name: keyof Row): ExpressionNode => ({ op: "column", name });
  const constant = (value: number | bigint | string | boolean): ExpressionNode => ({ op: "literal", value });
  const pair = <O extends string>(ops: readonly O[], of: fc.Arbitrary<ExpressionNode>): fc.Arbitrary<ExpressionNode> =>
    fc.tuple(fc.constantFrom(...ops), of, of).map(([op, left, right]) => ({ op, left, right }) as unknown as BinaryNode<Comparison>);
  const arithmetic = ["plus", "minus", "times", "dividedBy"] as const;
  const comparisons = ["eq", "ne", "lt", "le", "gt", "ge"] as const;
  const { condition } = fc.letrec<{ condition: ExpressionNode; numbers: ExpressionNode; bigints: ExpressionNode }>((tie) => {
    const numbers = fc.oneof({ maxDepth: 3 }, fc.constantFrom(column("n"), column("m"), column("u")), valueOfKind[0].map(constant), pair([...arithmetic, "ifNull"], tie("numbers")));
    const bigints = fc.oneof({ maxDepth: 2 }, fc.constantFrom(column("b"), column("c")), fc.bigInt({ min: -3n, max: 3n }).map(constant), pair([...arithmetic, "ifNull"], tie("bigints")));
    const someStrings = fc.oneof(fc.constantFrom(column("s"), column("t")), valueOfKind[4].map(constant));
    const strings = fc.oneof({ weight: 3, arbitrary: someStrings }, pair(["ifNull"], someStrings));
    const atoms = fc.oneof(
      pair(comparisons, tie("numbers")),
      pair(comparisons, tie("bigints")),
      pair(comparisons, strings),
      fc.oneof(tie("numbers"), tie("bigints"), strings, fc.constantFrom(column("p"))).map((operand): ExpressionNode => ({ op: "isNull", operand })),
      fc.constantFrom(column("p"), column("q"), constant(true), constant(false)),
    );
    const compound = fc.oneof(pair(["and", "or", "eq", "ne", "ifNull"], tie("condition")), tie("condition").map((operand): ExpressionNode => ({ op: "not", operand })));
    return { numbers, bigints, condition: fc.oneof({ maxDepth: 3 }, atoms, compound) };
  });
  const small = fc.bigInt({ min: -4n, max: 4n });
  const int64 = fc.oneof({ weight: 6, arbitrary: small }, { weight: 1, arbitrary: valueOfKind[2] });
  const records = fc.array(
    fc.record<Row>({
      n: fc.option(valueOfKind[0]),
      m: valueOfKind[1],
      b: fc.option(int64),
      c: int64,
      s: fc.option(valueOfKind[4]),
      t: valueOfKind[4],
      p: fc.option(fc.boolean()),
      q: fc.boolean(),
      u: fc.option(valueOfKind[0], { nil: undefined }),
    }, { noNullPrototype: true }),
    { minLength: 1, maxLength: 20 },
  );

  const outcome = (compute: () => unknown): unknown => {
    try {
      return compute();
    } catch (error) {
      if (error instanceof JobError) return error.code;
      throw error;
    }
  };

  function sent(batch: ColumnBatch): ColumnBatch {
    const builder = new BufferBuilder();
    builder.addFrom(new BatchCursor(batch), batch.length);
    return new BufferReader(builder.finish()).takeBatch()!;
  }

  test.each([
    ["as built", (batch: ColumnBatch): ColumnBatch => batch],
    ["as received", sent],
  ])("on batches %s", (_title, arrive) => {
    fc.assert(
      fc.property(condition, condition, records, fc.integer({ min: 1, max: 255 }), (first, second, given, pattern) => {
        const filter = compileFilter(new Expression<Row, boolean>(first, undefined));
        const projection = compileProjection([new Expression<Row, unknown>(second, undefined).as("value"), ...values(first)]);
        const batch = selectionOf(arrive(batchOf(given)), pattern);
        const selected = given.filter((_, row) => ((pattern >> (row % 8)) & 1) === 1);
        const passed = outcome(() => selected.filter(filter.row));
        expect(outcome(() => recordsOf(filter.columns(batch)))).toStrictEqual(passed);
        const made = outcome(() => selected.map(projection.row));
        expect(outcome(() => recordsOf(projection.columns(batch)))).toStrictEqual(made);
        const addition = compileAddition([new Expression<Row, unknown>(first, undefined).as("q"), new Expression<Row, unknown>(second, undefined).as("value")]);
        expect(outcome(() => recordsOf(addition.columns(batch)))).toStrictEqual(outcome(() => selected.map(addition.row)));
        // Programs keep memory from batch to batch; nothing of it may show.
        expect(outcome(() => recordsOf(projection.columns(batch)))).toStrictEqual(made);
      }),
      { numRuns: 1_500 },
    );
  });

  /** The operands of a condition as values of their own: numbers and bigints are compared bit for bit this way. */
  function values(node: ExpressionNode): Expression<Row, unknown, string>[] {
    if (!("left" in node)) return [];
    return [node.left, node.right].map((operand, index) => new Expression<Row, unknown, string>(operand, `operand ${index}`));
  }

  function recordsOf(batch: ColumnBatch): unknown[] {
    return elementsOf(batch).map(([, record]) => record);
  }
});
