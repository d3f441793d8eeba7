import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type KeyId, keyHash, keyId, keyValue, showKey } from "../../core/data/key.ts";
import { readKey, writeKey } from "../../core/data/key-codec.ts";
import { ByteReader, ByteWriter } from "../../core/lib/bytes.ts";
import { javaBytesHash } from "../../core/lib/hash.ts";

function stored(id: KeyId): KeyId {
  const writer = new ByteWriter();
  writeKey(writer, id);
  const reader = new ByteReader(writer.finish());
  const back = readKey(reader);
  expect(reader.remaining).toBe(0);
  return back;
}

describe("identity", () => {
  const same: ReadonlyArray<readonly [unknown, unknown]> = [
    [0, -0],
    [Number.NaN, 0 / 0],
    [5, 5n],
    [-(2 ** 53 - 1), BigInt(Number.MIN_SAFE_INTEGER)],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }],
    [[{ a: -0 }], [{ a: 0 }]],
    [[1n, Number.NaN], [1, Number.NaN]],
    [{ a: 1 }, Object.assign(Object.create(null) as object, { a: 1 })],
  ];
  test.each(same)("the keys of pair %# are one", (a, b) => {
    expect(new Map([[keyId(a), 1]]).has(keyId(b))).toBe(true);
    expect(keyHash(keyId(a))).toBe(keyHash(keyId(b)));
  });

  test("different keys have different identities", () => {
    const keys: readonly unknown[] = [
      ...["", "0", "1", "true", "\u0000", "\u0000\u0000", "\u0000a", "a\u0000", "\ud800", "\ufffd"],
      ...[0, 1, 1.5, 2 ** 53, -1, Infinity, -Infinity, Number.NaN, true, false],
      ...[[], [[]], [null], [0], ["0"], [1, 2], [2, 1], ["ab"], ["a", "b"], [true], [{ a: 1 }], ["\ud800"], ["\ufffd"]],
      ...[{}, { a: 1 }, { a: "1" }, { a: null }, { b: 1 }, { a: 1, b: 2 }, JSON.parse('{"__proto__": 1}')],
    ];
    expect(new Set(keys.map(keyId)).size).toBe(keys.length);
  });

  const refused: ReadonlyArray<readonly [string, unknown, string]> = [
    ["null", null, "null is no key; give records without a key one of their own"],
    ["undefined", undefined, "undefined is no key"],
    ["a function", () => 1, "is no key; return a string"],
    ["a symbol", Symbol("s"), "is no key"],
    ["a large bigint", 2n ** 53n, "9007199254740992n is no key: a bigint must be a safe integer"],
    ["a Date", new Date(0), "use its time in ms, date.getTime()"],
    ["a Map", new Map(), "use a string, or a plain object"],
    ["bytes", Uint8Array.of(1), "use a string, or a plain object"],
    ["undefined inside", { a: [1, undefined] }, "$.a[1]: undefined cannot be part of a key: leave it out, or use null"],
    ["a hole", [1, , 2], "$[1]: undefined"],
    ["a large bigint inside", [2n ** 64n], "$[0]: 18446744073709551616n cannot be part of a key"],
    ["a Date inside", { at: new Date(0) }, "$.at: "],
    ["a cycle", ((list: unknown[]) => (list.push(list), list))([]), "nests deeper than 32 levels, or contains itself"],
  ];
  test.each(refused)("%s is refused", (_name, key, message) => {
    expect(() => keyId(key)).toThrow(/INVALID_KEY/);
    expect(() => keyId(key)).toThrow(message);
    // A refusal leaves nothing behind.
    expect(keyValue(keyId({ a: [1] }))).toEqual({ a: [1] });
  });
});

describe("a key comes back from its identity, and from bytes", () => {
  const part = fc.letrec<{ part: unknown }>((tie) => ({
    part: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 5 }),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("part"), { maxLength: 4 }),
      fc.dictionary(fc.string({ maxLength: 3 }), tie("part"), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).part;

  test("for all keys", () => {
    fc.assert(
      fc.property(part, (key) => {
        fc.pre(key !== null);
        const id = keyId(key);
        expect(keyId(keyValue(id))).toBe(id);
        expect(stored(id)).toBe(id);
        expect(Number.isInteger(keyHash(id)) && keyHash(id) === (keyHash(id) | 0)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test("with its fields in canonical order", () => {
    const value = keyValue(keyId({ b: [1, null], "\uffff": 2, "😀": 3, a: { d: -0, c: "\u0000" } })) as object;
    expect(value).toStrictEqual({ a: { c: "\u0000", d: 0 }, b: [1, null], "😀": 3, "\uffff": 2 });
    // UTF-16 code units: the surrogate U+D83D sorts before U+FFFF, unlike the code point U+1F600.
    expect(Object.keys(value)).toEqual(["a", "b", "😀", "\uffff"]);
  });

  test.each([
    ["a", '"a"'],
    ["\u0000a", '"\\u0000a"'],
    [5n, "5"],
    [{ b: 1, a: [true] }, '{"a":[true],"b":1}'],
  ])("key %# is shown", (key, text) => expect(showKey(keyId(key))).toBe(text));
});

describe("hashes", () => {
  test.each<readonly [unknown, number]>([
    ["user-12345", 440384433],
    ["\u0000", 0],
    ["\u0000a", 97],
    [4294967296, 1],
    [-1, 0],
    [1.5, 1073217536],
    [Number.NaN, 2146959360],
    // Beyond the safe integers a number is a Double.
    [2 ** 53, 0x43400000],
    [true, 1231],
    [false, 1237],
    // The canonical bytes: an array (7) of 1 element, the integer (4) −1 in zigzag (1).
    [[-1], javaBytesHash(Uint8Array.of(7, 1, 4, 1))],
  ])("of key %#", (key, hash) => expect(keyHash(keyId(key))).toBe(hash));
});

describe("damaged bytes", () => {
  test.each([
    ["an unknown form", [9]],
    ["a cut string", [0, 6, 65]],
    ["an unescaped string", [0, 4, 0, 65]],
    ["a structured key of nothing", [5, 0]],
    ["a structured key with a rest", [5, 2, 1, 1]],
    ["a structured key with an unknown tag", [5, 1, 77]],
    ["endless nesting", [5, 80, ...new Array<number>(40).fill(7).flatMap((tag) => [tag, 1])]],
  ])("%s", (_name, bytes) => {
    expect(() => readKey(new ByteReader(Uint8Array.from(bytes)))).toThrow("CORRUPT_DATA");
  });
});
