import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dynamicType, writeWhole } from "../../core/data/dynamic-type.ts";
import { SHAPES_MAX } from "../../core/data/dynamic-format.ts";
import { decodeValue, encodeValue } from "../../core/data/value-bytes.ts";
import { ByteReader, ByteWriter } from "../../core/lib/bytes.ts";

function roundTrip(value: unknown): unknown {
  return decodeValue(dynamicType, encodeValue(dynamicType, value));
}

/** What a value is, seen deeper than `toEqual` looks: prototypes, field order, −0, holes. */
function check(value: unknown): void {
  const back = roundTrip(value);
  expect(isDeepStrictEqual(back, value)).toBe(true);
  expect(anatomy(back)).toBe(anatomy(value));
}

function anatomy(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "string") return [...value].map((character) => character.codePointAt(0)).join(",");
  if (typeof value !== "object" || value === null) return `${typeof value} ${String(value)}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  const name = prototype === null ? "null" : (prototype as object).constructor.name;
  if (value instanceof Date) return `Date ${value.getTime()}`;
  if (value instanceof ArrayBuffer) return `ArrayBuffer ${new Uint8Array(value).join(",")}`;
  if (ArrayBuffer.isView(value)) return `${name} ${new Uint8Array(value.buffer, value.byteOffset, value.byteLength).join(",")}`;
  if (value instanceof Map) return `Map ${[...value].map(([key, held]) => `${anatomy(key)}=>${anatomy(held)}`).join(";")}`;
  if (value instanceof Set) return `Set ${[...value].map(anatomy).join(";")}`;
  const fields = Object.keys(value).map((key) => `${key}:${anatomy(Object.getOwnPropertyDescriptor(value, key)!.value)}`);
  return `${name} {${fields.join(";")}}`;
}

function withoutPrototype(fields: object): object {
  return Object.assign(Object.create(null) as object, fields);
}

describe("values round-trip exactly", () => {
  const values: ReadonlyArray<readonly [string, unknown]> = [
    ["undefined", undefined],
    ["null", null],
    ["booleans", [true, false]],
    ["small integers", [0, 1, 127, 128, -1, -128, 2 ** 31 - 1, -(2 ** 31)]],
    ["other numbers", [-0, Number.NaN, Infinity, -Infinity, 0.1, 5e-324, 2 ** 31, 2 ** 53, Number.MAX_VALUE, -1e-7]],
    ["bigints", [0n, -1n, 2n ** 53n, -(2n ** 53n), 2n ** 64n - 1n, -(2n ** 200n), BigInt(Number.MAX_SAFE_INTEGER)]],
    ["strings", ["", "JFK", "é", "日本", "😀", "\ud800", "a\udc00b", "x".repeat(63), "x".repeat(64), "x".repeat(5_000)]],
    ["dates", [new Date(0), new Date(-1), new Date(Number.NaN), new Date(8.64e15)]],
    ["arrays", [[], [[]], [undefined, null], [1, "a", [2, ["b"]]]]],
    ["objects", [{}, { a: 1 }, { b: 2, a: 1 }, { a: undefined }, { "": 1, "not a name": 2 }, { 2: "x", 1: "y", b: 0 }]],
    ["an own field __proto__", JSON.parse('{"__proto__": {"admin": true}, "a": 1}')],
    ["an own field __proto__ twice", JSON.parse('[{"a": 0, "__proto__": 1}, {"a": 1, "__proto__": [2]}]')],
    ["fields of Object.prototype", [1, 2].map((value) => ({ constructor: value, toString: value, hasOwnProperty: value }))],
    ["objects without prototype", [{ a: 1, b: [2] }, {}, { ["__proto__"]: 1 }].map(withoutPrototype)],
    ["maps", new Map<unknown, unknown>([["a", 1], [Number.NaN, new Map([[{ k: 1 }, undefined]])], [null, []]])],
    ["sets", new Set<unknown>([1, "a", null, new Set([{}])])],
    ["an ArrayBuffer", Uint8Array.of(1, 2, 3).buffer],
    [
      "typed arrays",
      [
        Int8Array.of(-1),
        Uint8Array.of(1, 2),
        Uint8ClampedArray.of(255),
        Int16Array.of(-300),
        Uint16Array.of(65535),
        Int32Array.of(-70000),
        Uint32Array.of(2 ** 32 - 1),
        Float32Array.of(1.5, -0),
        Float64Array.of(0.1, Number.NaN),
        BigInt64Array.of(-1n),
        BigUint64Array.of(2n ** 64n - 1n),
        new Float64Array(0),
        new Int16Array(Uint8Array.of(1, 2, 3, 4, 5, 6).buffer, 2, 1),
      ],
    ],
    ["the same shape in and beside itself", [{ v: 1, next: { v: 2, next: { v: 3, next: null } } }, { v: 4, next: null }]],
    ["more fields than a shape may have", Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`f${index}`, index]))],
    ["more fields than are unrolled", Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`f${index}`, index]))],
    ["more shapes than a session keeps", Array.from({ length: SHAPES_MAX + 50 }, (_, index) => ({ [`user${index}`]: index }))],
    ["the same again", Array.from({ length: 3_000 }, (_, index) => ({ [`user${index % 1_500}`]: index }))],
    ["one object in two places", ((shared) => [shared, { shared }])({ a: 1 })],
  ];
  test.each(values)("%s", (_name, value) => check(value));

  test("nesting up to the bound", () => {
    let value: unknown = 1;
    for (let depth = 0; depth < 256; depth += 1) value = depth % 2 === 0 ? [value] : { value };
    check(value);
    expect(() => roundTrip([value])).toThrow("nested more than 256 levels deep (not a cycle)");
  });

  test("whatever fast-check thinks of", () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withTypedArray: true,
      key: fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom("a", "b", "__proto__", "constructor", "1", "\ud800")),
    });
    fc.assert(fc.property(anything, check), { numRuns: 1_000 });
  });
});

describe("what could not come back is refused with its path and a remedy", () => {
  class Money {
    readonly cents = 5;
  }
  class Bag extends Map {}
  const cycle: { self?: unknown; list: unknown[] } = { list: [] };
  cycle.self = cycle;
  const far = { a: { b: [new Map<string, unknown>()] } };
  far.a.b[0]!.set("k", far.a);
  const extra = Object.assign([1, 2], { extra: true });
  // The types of ES2023 do not know the second argument yet.
  const resizable = Reflect.construct(ArrayBuffer, [1, { maxByteLength: 2 }]) as ArrayBuffer;
  const swapped = Object.assign(new Array<number>(2), { extra: true });
  swapped[1] = 5;
  const cases: ReadonlyArray<readonly [string, unknown, string, string]> = [
    ["a function", { user: { tags: [1, 2, 3, () => 1] } }, "$.user.tags[3]", "a function"],
    ["a symbol", [Symbol("s")], "$[0]", "Symbol(s)"],
    ["an instance", { price: new Money() }, "$.price", "an instance of Money"],
    ["a subclass of Map", new Bag(), "$", "an instance of Bag"],
    ["a Buffer", { b: Buffer.from("x") }, "$.b", "an instance of Buffer"],
    ["a RegExp", { "not a name": /x/ }, '$["not a name"]', "an instance of RegExp"],
    ["an Error", new Error("x"), "$", "types.custom"],
    ["a Promise", { p: Promise.resolve(1) }, "$.p", "an instance of Promise"],
    ["a WeakMap", new WeakMap(), "$", "an instance of WeakMap"],
    ["a DataView", new DataView(new ArrayBuffer(1)), "$", "an instance of DataView"],
    ["a boxed number", Object(1), "$", "an instance of Number"],
    ["shared memory", { s: new SharedArrayBuffer(1) }, "$.s", "an instance of SharedArrayBuffer"],
    ["an array over shared memory", new Uint8Array(new SharedArrayBuffer(1)), "$", "shared memory"],
    ["a resizable buffer", resizable, "$", "resizable"],
    ["holes", { h: [1, , 3] }, "$.h[1]", "holes"],
    ["an array with an extra property", { e: extra }, "$.e", "besides its elements"],
    ["a hole made up for by an extra property", swapped, "$[0]", "holes"],
    ["a match of a RegExp", { m: "abc".match(/b/) }, "$.m", "besides its elements"],
    ["a getter", { g: { get x() { return 1; } } }, "$.g.x", "getter"],
    ["a hidden property", Object.defineProperty({}, "x", { value: 1, enumerable: false }), "$.x", "not enumerable"],
    ["a symbol property", { a: { [Symbol("s")]: 1 } }, "$.a", "Symbol(s)"],
    ["Math", { Math }, "$.Math.abs", "not enumerable"],
    ["a Map with a property", Object.assign(new Map(), { x: 1 }), "$", "extra properties"],
    ["a Date with a property", Object.assign(new Date(), { x: 1 }), "$", "extra properties"],
    ["a key of a Map", { m: new Map([[{ f: () => 1 }, 1]]) }, "$.m.keys()[0].f", "a function"],
    ["a value in a Map", { m: new Map([["k", () => 1]]) }, '$.m.get("k")', "a function"],
    ["a value in a Set", new Set([1, () => 1]), "$.values()[1]", "a function"],
    ["a Map in disguise", Object.setPrototypeOf({}, Map.prototype), "$", "the value cannot be read"],
    ["a cycle", cycle, "$.self", "a cycle, back to $,"],
    ["a longer cycle", far, '$.a.b[0].get("k")', "a cycle, back to $.a,"],
  ];
  test.each(cases)("%s", (_name, value, path, message) => {
    let thrown: unknown;
    try {
      encodeValue(dynamicType, value);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "NOT_SERIALIZABLE" });
    const { reason } = thrown as { reason: string };
    expect(reason.slice(0, reason.indexOf(": "))).toBe(path);
    expect(reason).toContain(message);
  });

  test("a deep path is shortened in its middle", () => {
    let value: unknown = () => 1;
    for (let depth = 0; depth < 200; depth += 1) value = { field: value };
    expect(() => encodeValue(dynamicType, value)).toThrow(/^\[NOT_SERIALIZABLE\] \$\.field.{0,200}…[^…]*\.field: a function/);
  });
});

describe("a session", () => {
  const rows = Array.from({ length: 100 }, (_, index) => ({ origin: "JFK", at: { lat: index, lon: -index }, index }));

  test("writes the names of equal rows once", () => {
    const writer = new ByteWriter();
    for (const row of rows) dynamicType.write(writer, row);
    const bytes = writer.finish();
    expect(new TextDecoder("latin1").decode(bytes).split("origin")).toHaveLength(2);
    const reader = new ByteReader(bytes);
    for (const row of rows) expect(dynamicType.read(reader)).toStrictEqual(row);
  });

  test("can be started anew in the middle, and read from there", () => {
    const writer = new ByteWriter();
    for (const row of rows.slice(0, 50)) dynamicType.write(writer, row);
    writer.startSession();
    const middle = writer.length;
    for (const row of rows.slice(50)) dynamicType.write(writer, row);
    const reader = new ByteReader(writer.finish(), middle);
    for (const row of rows.slice(50)) expect(dynamicType.read(reader)).toStrictEqual(row);
    expect(reader.remaining).toBe(0);
  });

  test("takes back what a refused value has written, new shapes included", () => {
    const writer = new ByteWriter();
    const refused = { fresh: { shape: 1 }, bad: () => 1 };
    expect(() => writeWhole(dynamicType, writer, refused)).toThrow("$.bad");
    expect(writer.length).toBe(0);
    writeWhole(dynamicType, writer, { known: 1 });
    expect(() => writeWhole(dynamicType, writer, refused)).toThrow("$.bad");
    const values = [{ fresh: { shape: 2 }, bad: 0 }, { shape: 3 }, { known: 4 }];
    for (const value of values) writeWhole(dynamicType, writer, value);
    const reader = new ByteReader(writer.finish());
    expect([{ known: 1 }, ...values].map(() => dynamicType.read(reader))).toStrictEqual([{ known: 1 }, ...values]);
    expect(reader.remaining).toBe(0);
  });
});

describe("damaged bytes", () => {
  const sample = encodeValue(dynamicType, {
    rows: [{ a: 1, b: "text" }, { a: 2, b: "\ud800" }],
    map: new Map([["k", new Set([1n, 2n ** 70n])]]),
    buffer: Float64Array.of(1, 2),
    date: new Date(5),
  });

  test("every cut is refused", () => {
    for (let length = 0; length < sample.length; length += 1) {
      expect(() => decodeValue(dynamicType, sample.subarray(0, length))).toThrow("CORRUPT_DATA");
    }
  });

  test("every change of bytes gives a value or CORRUPT_DATA", () => {
    const change = fc.tuple(fc.nat(sample.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const bytes = sample.slice();
        for (const [index, byte] of changes) bytes[index] = byte;
        try {
          decodeValue(dynamicType, bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: "CORRUPT_DATA" });
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([
    ["another version", [99, 0], "version"],
    ["an unknown tag", [1, 31], "31 at byte 1 is no tag"],
    ["an unknown shape", [1, 0x25], "no shape 5"],
    ["endless nesting", [1, ...new Array<number>(5_000).fill(9).flatMap((tag) => [tag, 1])], "deeper than 256"],
    ["a huge array", [1, 9, 0xff, 0xff, 0xff, 0xff, 0x7f], "cannot lie"],
    ["a bad typed array", [1, 17, 8, 3, 0, 0, 0], "no typed array"],
  ])("%s", (_name, bytes, message) => {
    expect(() => decodeValue(dynamicType, Uint8Array.from(bytes))).toThrow(message);
  });
});
