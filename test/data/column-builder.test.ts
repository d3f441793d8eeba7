import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ColumnBatch } from "../../core/data/column-batch.ts";
import { ColumnBuilder } from "../../core/data/column-builder.ts";
import { anyValue, batchOf, type Element, elementsOf, throughBuilder, timestamp, valueOfKind } from "./column-batches.ts";

const records = (...values: readonly unknown[]): Element[] => values.map((value, index) => ["record", value, index]);

function flat(sent: readonly (ColumnBatch | Element)[]): Element[] {
  return sent.flatMap((one) => (one instanceof ColumnBatch ? elementsOf(one) : [one]));
}

describe("a batch of records", () => {
  test.each([
    ["numbers", [{ a: 1, b: -0 }, { a: 2, b: NaN }], ["f64", "f64"]],
    ["bigints of 64 bits", [{ a: 2n ** 63n - 1n }, { a: -(2n ** 63n) }], ["i64"]],
    ["longer bigints", [{ a: 2n ** 63n }, { a: 1n }], ["object"]],
    ["booleans and strings", [{ a: true, b: "x" }, { a: false, b: "y" }, { a: false, b: "x" }], ["bool", "string"]],
    ["nulls first", [{ a: null }, { a: null }, { a: "x" }, { a: null }], ["string"]],
    ["undefined", [{ a: 1 }, { a: undefined }, { a: 3 }], ["f64"]],
    ["nothing but nulls", [{ a: null, b: undefined }, { a: null, b: undefined }], ["f64", "f64"]],
    ["nulls before objects", [{ a: undefined }, { a: [1] }, { a: null }], ["object"]],
    ["nested objects, dates, arrays", [{ a: { b: 1 }, c: new Date(5) }, { a: [2], c: "x" }], ["object", "object"]],
    ["scalars", [1, 2, null, 3], ["f64"]],
    ["strings by themselves", ["x", "y", "x"], ["string"]],
    ["objects without fields", [{}, {}], []],
    ["a field called __proto__", [JSON.parse('{"__proto__":1,"a":2}'), JSON.parse('{"__proto__":3,"a":4}')], ["f64", "f64"]],
    ["fields called by numbers", [{ 1: "a", 0: "b" }], ["string", "string"]],
  ])("holds %s", (_title, given, kinds) => {
    const batch = batchOf(given);
    expect(batch.columns.map(({ kind }) => kind)).toEqual(kinds);
    expect(elementsOf(batch)).toStrictEqual(records(...given));
    for (const [index, record] of given.entries()) {
      if (typeof record === "object" && record !== null) expect(Object.keys(batch.rowAt(index) as object)).toEqual(Object.keys(record));
    }
  });

  test("gives columns without copying and objects of one layout", () => {
    const batch = batchOf([{ delay: 5, carrier: "AA" }, { delay: 7, carrier: "DL" }, { delay: 9, carrier: "AA" }]);
    expect(batch.column("delay")!.values).toBe(batch.columns[0]!.values);
    expect([...(batch.column("carrier")!.values as Int32Array)]).toEqual([0, 1, 0]);
    expect(batch.column("none")).toBeUndefined();
    expect(batch.column("toString")).toBeUndefined();
  });

  test("means its selected rows, and every watermark at its place", () => {
    const builder = new ColumnBuilder(8);
    builder.addWatermark(1);
    for (let index = 0; index < 4; index += 1) {
      builder.add({ index }, 10 * index);
      builder.addWatermark(10 * index);
      builder.addWatermark(10 * index + 5);
    }
    const batch = builder.finish().select(Int32Array.of(0, 3));
    expect(elementsOf(batch)).toEqual([
      ["watermark", 1],
      ["record", { index: 0 }, 0],
      ["watermark", 0],
      ["watermark", 5],
      ["watermark", 10],
      ["watermark", 15],
      ["watermark", 20],
      ["watermark", 25],
      ["record", { index: 3 }, 30],
      ["watermark", 30],
      ["watermark", 35],
    ]);
    expect([batch.length, batch.rowCount]).toEqual([2, 4]);
  });

  test("stays what it was while the builder goes on", () => {
    const builder = new ColumnBuilder(4);
    const batches: ColumnBatch[] = [];
    for (let index = 0; index < 11; index += 1) {
      builder.add({ n: index, s: `s${index % 5}`, d: index % 3 === 0 ? null : index }, index);
      if (builder.isFull || index === 5) batches.push(builder.finish());
    }
    batches.push(builder.finish());
    expect(batches.map((batch) => batch.length)).toEqual([4, 2, 4, 1]);
    expect(batches.flatMap((batch) => elementsOf(batch))).toEqual(
      Array.from({ length: 11 }, (_, n) => ["record", { n, s: `s${n % 5}`, d: n % 3 === 0 ? null : n }, n]),
    );
    expect(new Set(batches.map((batch) => batch.layout)).size).toBe(1);
  });
});

class Point {
  x = 1;
}

describe("a layout breaks", () => {
  const symbol = { a: 1, [Symbol("s")]: 2 };
  const wide = Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`f${index}`, index]));
  test.each<readonly [string, readonly unknown[], string]>([
    ["a scalar of another kind", [1, 2, 3, "x"], 'records were numbers, and then came "x"'],
    ["a field of another kind", [{ a: 1 }, { a: "x" }], 'the field "a" held numbers, and then "x"'],
    ["a bigint among numbers", [{ a: 1 }, { a: 1n }], 'the field "a" held numbers, and then 1n'],
    ["a bigint beyond 64 bits", [{ a: 1n }, { a: 2n ** 63n }], 'the field "a" held bigints of 64 bits, and then 9223372036854775808n'],
    ["both null and undefined", [{ a: null }, { a: undefined }], 'the field "a" held null or undefined, one of them only, and then undefined'],
    ["a missing field", [{ a: 1, b: 2 }, { a: 1 }], 'the field "b" is missing in {"a":1}'],
    ["a new field", [{ a: 1 }, { a: 1, b: 2 }], 'the field "b" is new in {"a":1,"b":2}'],
    ["another order", [{ a: 1, b: 2 }, { b: 1, a: 2 }], 'the fields of {"b":1,"a":2} come in another order than before'],
    ["a scalar after objects", [{ a: 1 }, 5], "records were objects, and then came 5"],
    ["an object after scalars", [5, { a: 1 }], 'records were scalars, and then came an object, {"a":1}'],
    ["an instance", [{ x: 1 }, new Point()], '{"x":1} is no plain object'],
    ["an array", [[1, 2]], "[1,2] is no plain object"],
    ["an object without prototype", [Object.assign(Object.create(null), { a: 1 })], '{"a":1} is no plain object'],
    ["a symbol as a name", [symbol], "a record cannot be held in columns: $: the property named by Symbol(s) cannot be stored; use a string"],
    ["a dictionary", [wide], "an object with 129 fields is taken for a dictionary (more than 128)"],
    ["a function", [test], "[function"],
  ])("by %s, and no record is lost", (_title, given, reason) => {
    const { sent, builder } = throughBuilder(records(...given), 100);
    expect(flat(sent)).toStrictEqual(records(...given));
    expect(sent.at(-1)).toEqual(["record", given.at(-1), given.length - 1]);
    expect(sent.at(-1)).toHaveProperty([1], given.at(-1));
    expect(builder.fallback).toContain(reason);
  });

  test("and is tried anew after a while, with the field that changed its kind as it comes", () => {
    const given = records(...Array.from({ length: 5_000 }, (_, index) => ({ id: index % 2 === 0 ? index : `x${index}`, n: index })));
    const { sent } = throughBuilder(given, 1_000);
    expect(flat(sent)).toEqual(given);
    const batches = sent.filter((one) => one instanceof ColumnBatch);
    expect(batches.map(({ length }) => length)).toEqual([1, 1_000, 1_000, 1_000, 975]);
    expect(batches.at(-1)!.columns.map(({ kind }) => kind)).toEqual(["object", "f64"]);
  });

  test("more and more rarely, unless it holds", () => {
    const builder = new ColumnBuilder(10_000);
    const rowsAfter = (): number => {
      builder.add(1, 0);
      expect(builder.add("x", 0)).toBe(false);
      builder.finish();
      let rows = 1;
      while (!builder.add(1, 0)) rows += 1;
      builder.finish();
      return rows;
    };
    expect([rowsAfter(), rowsAfter(), rowsAfter()]).toEqual([1_024, 2_048, 4_096]);
    for (let batch = 0; batch < 14; batch += 1) {
      while (!builder.isFull) builder.add(1, 0);
      builder.finish();
    }
    expect(rowsAfter()).toBe(1_024);
  });
});

describe("strings", () => {
  const field = (index: number): object => ({ s: `key ${index}` });

  test("that repeat have ids in a dictionary that only grows, until it is full", () => {
    const builder = new ColumnBuilder(1_000);
    const batches: ColumnBatch[] = [];
    for (let index = 0; index < 280_000; index += 1) {
      builder.add(field(Math.floor(index / 4)), index);
      if (builder.isFull) batches.push(builder.finish());
    }
    const dictionaries = [...new Set(batches.map(({ columns: [column] }) => (column!.kind === "string" ? column!.dictionary : undefined)))];
    expect(dictionaries.map((dictionary) => [dictionary!.generation, dictionary!.strings.length])).toEqual([
      [0, 65_750],
      [1, 4_250],
    ]);
    expect(dictionaries[0]!.owner).toBe(dictionaries[1]!.owner);
    expect(batches[3]!.rowAt(7)).toEqual(field(Math.floor(3_007 / 4)));
    expect(batches.at(-1)!.rowAt(999)).toEqual(field(69_999));
  });

  test("that hardly repeat are kept as they are", () => {
    const builder = new ColumnBuilder(1_000);
    const kinds = new Set<string>();
    for (let index = 0; index < 70_000; index += 1) {
      builder.add(field(index), index);
      if (builder.isFull) kinds.add(builder.finish().columns[0]!.kind);
    }
    expect([...kinds]).toEqual(["string", "object"]);
    builder.add(field(1), 0);
    expect(builder.finish().rowAt(0)).toEqual(field(1));
  });
});

test("any stream goes through a builder unchanged", () => {
  const shape = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "__proto__", "0"), fc.nat(valueOfKind.length - 1)), { maxLength: 4 });
  const stream = shape.chain((fields) => {
    const kinds = Object.fromEntries(fields);
    const regular = fc.record(Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, fc.oneof({ weight: 9, arbitrary: valueOfKind[kind]! }, { weight: 1, arbitrary: fc.constant(null) })])));
    const record = fc.oneof({ weight: 40, arbitrary: regular }, { weight: 1, arbitrary: anyValue }, { weight: 1, arbitrary: fc.record({ a: anyValue }) });
    const element = fc.oneof<fc.Arbitrary<Element>[]>(fc.tuple(fc.constant("record" as const), record, timestamp), fc.tuple(fc.constant("watermark" as const), timestamp));
    return fc.array(element, { maxLength: 40 });
  });
  fc.assert(
    fc.property(stream, fc.integer({ min: 1, max: 9 }), (elements, rowsMax) => {
      const back = flat(throughBuilder(elements, rowsMax).sent);
      // Equal as Object.is has it, −0 and NaN included, with fields in their order.
      expect(back).toStrictEqual(elements);
      expect(JSON.stringify(back.map(keys))).toBe(JSON.stringify(elements.map(keys)));
    }),
    { numRuns: 500 },
  );
});

function keys(element: Element): readonly unknown[] {
  return typeof element[1] === "object" && element[1] !== null ? Object.keys(element[1]) : [typeof element[1]];
}
