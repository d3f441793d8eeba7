import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { type Type, type TypeOf, types } from "../../core/data/type.ts";
import { decodeValue, encodeValue } from "../../core/data/value-bytes.ts";
import type { JobError } from "../../core/lib/errors.ts";

class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}

const money = types.custom<Money>({
  name: "money/1",
  write(writer, value) {
    if (!(value instanceof Money)) throw new TypeError("no money");
    writer.zigzag(value.cents);
  },
  read: (reader) => new Money(reader.zigzag()),
});

const event = types.object({
  id: types.int,
  user: types.object({ name: types.string, tags: types.array(types.string) }),
  price: types.nullable(types.number),
  note: types.optional(types.string),
  when: types.date,
  extra: types.dynamic,
});

const animal = types.union(
  types.object({ kind: types.literal("cat"), lives: types.int }),
  types.object({ kind: types.literal("dog"), name: types.string }),
);

describe("inference", () => {
  test("builders give the types that one would write by hand", () => {
    expectTypeOf<TypeOf<typeof event>>().toEqualTypeOf<{
      id: number;
      user: { name: string; tags: string[] };
      price: number | null;
      when: Date;
      extra: unknown;
      note?: string | undefined;
    }>();
    expectTypeOf<TypeOf<typeof animal>>().toEqualTypeOf<{ kind: "cat"; lives: number } | { kind: "dog"; name: string }>();
    const tuple = types.tuple(types.string, types.map(types.string, types.set(types.bigint)));
    expectTypeOf(tuple).toEqualTypeOf<Type<[string, Map<string, Set<bigint>>]>>();
    expectTypeOf(types.literal("a", 1, null)).toEqualTypeOf<Type<"a" | 1 | null>>();
    expectTypeOf(types.optional(types.boolean)).toExtend<Type<boolean | undefined>>();
    expectTypeOf<TypeOf<typeof money>>().toEqualTypeOf<Money>();
  });
});

describe("names describe the structure", () => {
  test.each<readonly [Type<unknown>, string]>([
    [types.object({ a: types.string, "b c": types.optional(types.number) }), 'object{a:string,"b c"?:f64}'],
    [types.array(types.nullable(types.int)), "array(nullable(int))"],
    [types.tuple(types.bytes, types.date), "tuple(bytes,date)"],
    [types.map(types.string, types.set(types.bigint)), "map(string,set(bigint))"],
    [types.union(types.literal("a", 1), types.boolean), 'union(literal("a"|1)|boolean)'],
    [types.array(types.optional(types.dynamic)), "array(optional(dynamic))"],
    [money, "custom(money/1)"],
  ])("%#", (type, name) => expect(type.name).toBe(name));
});

describe("values round-trip", () => {
  const sample = { id: 1, user: { name: "a", tags: ["x", ""] }, price: -0, when: new Date(5), extra: { any: [1] } };
  const cases: ReadonlyArray<readonly [string, Type<unknown>, unknown]> = [
    ["string", types.string, "\ud800"],
    ["number", types.number, -0],
    ["NaN", types.number, Number.NaN],
    ["int", types.int, -Number.MAX_SAFE_INTEGER],
    ["boolean", types.boolean, false],
    ["bigint", types.bigint, -(2n ** 80n)],
    ["invalid date", types.date, new Date(Number.NaN)],
    ["bytes", types.bytes, Uint8Array.of(1, 2)],
    ["literal", types.literal("a", undefined, -0), -0],
    ["object", event, { ...sample, note: "n" }],
    ["optional absent", event, sample],
    ["optional undefined", event, { ...sample, note: undefined }],
    ["object __proto__", types.object({ ["__proto__"]: types.int }), JSON.parse('{"__proto__": 1}')],
    ["object of nothing", types.object({}), {}],
    ["object of one field", types.object({ a: types.int }), { a: 1 }],
    ["many fields", types.object(fieldsOf(20, () => types.int)), fieldsOf(20, (index) => index)],
    ["array of what takes no bytes", types.array(types.object({})), [{}, {}, {}]],
    ["map of what takes no bytes", types.map(types.tuple(), types.object({})), new Map([[[], {}]])],
    ["union", animal, { kind: "dog", name: "Rex" }],
    ["union of scalars", types.array(types.union(types.string, types.int, types.number)), ["a", 1, 1.5]],
    ["union of custom", types.union(money, types.string), "not money"],
    ["custom", types.array(money), [new Money(5)]],
    ["set of tuples", types.set(types.tuple(types.int, types.string)), new Set([[1, "a"]])],
    ["undefined in an array", types.array(types.optional(types.int)), [1, undefined]],
  ];
  test.each(cases)("%s", (_name, type, value) => {
    const back = decodeValue(type, encodeValue(type, value));
    expect(back).toStrictEqual(value);
    if (typeof value === "object" && value !== null) expect(Object.getPrototypeOf(back)).toBe(Object.getPrototypeOf(value));
  });

  test("any value of a type comes back", () => {
    const arbitrary = fc.record(
      {
        id: fc.maxSafeInteger(),
        user: fc.record({ name: fc.string(), tags: fc.array(fc.string()) }, { noNullPrototype: true }),
        price: fc.option(fc.double()),
        note: fc.string(),
        when: fc.date({ noInvalidDate: false }),
        extra: fc.jsonValue(),
      },
      { requiredKeys: ["id", "user", "price", "when", "extra"], noNullPrototype: true },
    );
    fc.assert(
      fc.property(arbitrary, (value) => {
        expect(decodeValue<unknown>(event, encodeValue<unknown>(event, value))).toEqual({ ...value, id: value.id + 0 });
      }),
    );
  });

  test("fields come back in the order of the type", () => {
    const type = types.object({ b: types.int, a: types.int });
    expect(Object.keys(decodeValue(type, encodeValue(type, { a: 1, b: 2 })))).toEqual(["b", "a"]);
  });
});

function fieldsOf<T>(count: number, make: (index: number) => T): Record<string, T> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, make(index)]));
}

describe("what does not fit is refused with its path", () => {
  const ok = { id: 1, user: { name: "a", tags: [] as unknown[] }, price: 1, when: new Date(0), extra: 0 };
  const cases: ReadonlyArray<readonly [string, Type<unknown>, unknown, string]> = [
    ["a string", types.string, 5, "$: a string is expected, but got 5"],
    ["a number", types.number, "5", '$: a number is expected, but got "5"'],
    ["an int", types.int, 1.5, "$: a safe integer"],
    ["a boolean", types.boolean, 0, "$: a boolean is expected"],
    ["a bigint", types.bigint, 1, "$: a bigint is expected"],
    ["a Date", types.date, 0, "$: a Date is expected"],
    ["bytes", types.bytes, Buffer.from("x"), "$: a Uint8Array (not a subclass"],
    ["a literal", types.literal("a", "b"), "c", '$: "a"|"b" is expected, but got "c"'],
    ["nested", event, { ...ok, user: { name: "a", tags: ["x", 1] } }, "$.user.tags[1]: a string is expected, but got 1"],
    ["dynamic inside", event, { ...ok, extra: { f: () => 1 } }, "$.extra.f: a function"],
    ["a missing field", event, { ...ok, id: undefined }, "$.id: a safe integer"],
    ["a missing dynamic field", types.object({ a: types.dynamic }), {}, "$.a: the field is missing"],
    ["an unknown field", event, { ...ok, more: 1 }, "$.more: the type has no such field"],
    ["an instance for an object", types.object({ cents: types.int }), new Money(5), "$: a plain object is expected"],
    ["an optional of another type", event, { ...ok, note: 1 }, "$.note: a string is expected"],
    ["a tuple too long", types.tuple(types.int), [1, 2], "$: an array of 1 elements is expected"],
    ["holes", types.array(types.dynamic), [1, , 2], "$[1]: an array with holes"],
    ["a map value", types.map(types.string, types.int), new Map([["k", "v"]]), '$.get("k"): a safe integer'],
    ["a map key", types.map(types.string, types.int), new Map([[1, 1]]), "$.keys()[0]: a string"],
    ["a set element", types.set(types.int), new Set([1, "a"]), "$.values()[1]: a safe integer"],
    ["a member of a union, told by its literal", animal, { kind: "dog", name: 1 }, "$.name: a string is expected"],
    ["no member of a union", animal, { kind: "cow" }, '$: {"kind":"cow"} fits no member'],
    ["what a codec throws", types.array(money), [5], '$[0]: the codec "money/1" could not write 5: "no money"'],
  ];
  test.each(cases)("%s", (_name, type, value, message) => {
    let thrown: JobError | undefined;
    try {
      encodeValue(type, value);
    } catch (error) {
      thrown = error as JobError;
    }
    expect(thrown?.code).toBe("NOT_SERIALIZABLE");
    expect(thrown?.reason.slice(0, message.length)).toBe(message);
  });
});

describe("damaged bytes", () => {
  const sets = types.map(types.string, types.set(types.bigint));
  const type = types.tuple(event, animal, sets, types.array(types.object({})), types.boolean);
  const bytes = encodeValue(type, [
    { id: 1, user: { name: "a", tags: ["x"] }, price: 1, note: "n", when: new Date(0), extra: { a: [1] } },
    { kind: "cat", lives: 9 },
    new Map([["k", new Set([1n])]]),
    [{}, {}],
    true,
  ]);

  test("every cut is refused, and so is what is left over", () => {
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeValue(type, bytes.subarray(0, length))).toThrow("CORRUPT_DATA");
    }
    expect(() => decodeValue(type, Uint8Array.of(...bytes, 0))).toThrow("1 bytes are left");
  });

  test("every change of a byte gives a value or CORRUPT_DATA, and soon", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (index, byte) => {
        const damaged = bytes.slice();
        damaged[index] = byte;
        try {
          decodeValue(type, damaged);
        } catch (error) {
          expect(error).toMatchObject({ code: "CORRUPT_DATA" });
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("a huge count of what takes no bytes is refused", () => {
    expect(() => decodeValue(types.array(types.object({})), Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x7f))).toThrow("cannot lie");
  });
});
