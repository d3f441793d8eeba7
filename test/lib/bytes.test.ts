import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader, ByteWriter } from "../../core/lib/bytes.ts";

/** Writes each value, reads it back, and expects nothing left. */
function check<T>(values: readonly T[], write: (writer: ByteWriter, value: T) => void, read: (reader: ByteReader) => T): void {
  const writer = new ByteWriter();
  for (const value of values) write(writer, value);
  const bytes = writer.finish();
  expect(bytes.length).toBe(writer.length);
  expect(bytes.buffer.byteLength).toBe(bytes.length);
  const reader = new ByteReader(bytes);
  for (const value of values) expect(read(reader)).toEqual(value);
  expect(reader.position).toBe(reader.end);
}

const naturals = [0, 1, 127, 128, 16383, 16384, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 32, 2 ** 49, Number.MAX_SAFE_INTEGER];
const strings = [
  "",
  "JFK",
  "ä",
  "日本語",
  "😀",
  "\ud800",
  "\udc00",
  "a\ud800b",
  "\udc00\ud800",
  "\ufeffbom",
  "\u0000",
  "x".repeat(47),
  "x".repeat(48),
  "x".repeat(49),
  "y".repeat(10_000),
  "é".repeat(5_000),
  "😀".repeat(3_000),
  "\ud83d".repeat(9_000),
];

describe("round trips", () => {
  test("varints", () => check(naturals, (writer, value) => writer.varint(value), (reader) => reader.varint()));

  test("zigzag integers", () => {
    const integers = naturals.flatMap((value) => (value === 0 ? [0] : [value, -value]));
    check(integers, (writer, value) => writer.zigzag(value), (reader) => reader.zigzag());
    const any = fc.array(fc.maxSafeInteger());
    fc.assert(fc.property(any, (values) => check(values, (w, value) => w.zigzag(value), (r) => r.zigzag())));
  });

  test("integers of 32 bits behind a byte, with the bytes of zigzag", () => {
    const edges = [0, -1, 63, -64, 64, 2 ** 31 - 1, -(2 ** 31)];
    fc.assert(
      fc.property(fc.array(fc.integer()), (integers) => {
        const [headed, plain] = [new ByteWriter(), new ByteWriter()];
        for (const value of [...edges, ...integers]) {
          headed.headedInt32(4, value);
          plain.u8(4);
          plain.zigzag(value);
        }
        expect(headed.finish()).toEqual(plain.finish());
      }),
    );
  });

  test("doubles, −0, NaN and the infinities included", () => {
    check([0, -0, Number.NaN, Infinity, -Infinity, 5e-324, Number.MAX_VALUE, 0.1], (w, value) => w.f64(value), (r) => r.f64());
    fc.assert(fc.property(fc.array(fc.double()), (values) => check(values, (w, value) => w.f64(value), (r) => r.f64())));
  });

  test("every NaN is written as the same bytes", () => {
    const odd = new Float64Array(new BigUint64Array([0xfff8000000000123n]).buffer)[0]!;
    const writer = new ByteWriter();
    writer.f64(odd);
    expect([...writer.finish()]).toEqual([0, 0, 0, 0, 0, 0, 0xf8, 0x7f]);
  });

  test("strings, lone surrogates included", () => {
    check(strings, (writer, value) => writer.string(value), (reader) => reader.string());
    const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    const anyString = fc.string({ unit, maxLength: 80 });
    fc.assert(fc.property(fc.array(anyString), (values) => check(values, (w, value) => w.string(value), (r) => r.string())));
    fc.assert(fc.property(fc.array(fc.string()), (values) => check(values, (w, value) => w.string(value), (r) => r.string())));
  });

  test("more short strings than the cache of a reader holds", () => {
    const many = Array.from({ length: 20_000 }, (_, index) => `key${index % 3_000}`);
    check(many, (writer, value) => writer.string(value), (reader) => reader.string());
  });

  test("bytes, and numbers of fixed width", () => {
    check([new Uint8Array(0), Uint8Array.of(1, 255)], (w, value) => w.bytes(value), (r) => r.bytes());
    check([0, 1, 2 ** 32 - 1], (w, value) => w.u32le(value), (r) => r.u32le());
    check([0, 255], (w, value) => w.u8(value), (r) => r.u8());
  });
});

describe("a writer", () => {
  test("patches, truncates, starts anew", () => {
    const writer = new ByteWriter();
    writer.u32le(0);
    writer.string("body");
    writer.patchU32(0, writer.length);
    expect(new ByteReader(writer.finish()).u32le()).toBe(9);
    writer.truncate(4);
    expect(writer.length).toBe(4);
    expect(() => writer.patchU32(1, 0)).toThrow("patched");
    expect(() => writer.truncate(5)).toThrow("less than it holds");
    writer.session = {};
    writer.reset();
    expect([writer.length, writer.session]).toEqual([0, undefined]);
  });

  test("gives a copy: what is written later does not change it", () => {
    const writer = new ByteWriter();
    writer.u8(1);
    const first = writer.finish();
    writer.reset();
    writer.u8(2);
    expect([...first]).toEqual([1]);
  });
});

describe("damaged bytes", () => {
  const reads: ReadonlyArray<readonly [string, (reader: ByteReader) => unknown]> = [
    ["u8", (reader) => reader.u8()],
    ["peekU8", (reader) => reader.peekU8()],
    ["u32le", (reader) => reader.u32le()],
    ["f64", (reader) => reader.f64()],
    ["varint", (reader) => reader.varint()],
    ["zigzag", (reader) => reader.zigzag()],
    ["bytes", (reader) => reader.bytes()],
    ["string", (reader) => reader.string()],
    ["count", (reader) => reader.count()],
    ["skip", (reader) => reader.skip(1_000)],
  ];
  const cases: ReadonlyArray<readonly [string, readonly number[], string]> = [
    ["u8", [], "1 more bytes are expected at byte 0, but 0 are left"],
    ["f64", [1, 2, 3], "8 more bytes"],
    ["varint", [0x80, 0x80], "1 more bytes"],
    ["varint", new Array<number>(8).fill(0xff).concat(0x7f), "beyond 2^53"],
    ["varint", new Array<number>(20).fill(0x80), "too long"],
    ["zigzag", new Array<number>(8).fill(0xff).concat(0x7f), "beyond 2^53"],
    ["bytes", [0xff, 0xff, 0xff, 0xff, 0x7f], "more bytes are expected"],
    ["string", [0xfe, 0xff, 0xff, 0xff, 0x7f], "more bytes are expected"],
    ["string", [0xfd, 0xff, 0xff, 0xff, 0x7f], "more bytes are expected"],
    ["string", [3, 65], "odd length"],
    ["string", [4, 0xc3, 0x28], "no UTF-8"],
    ["string", [6, 0xed, 0xa0, 0x80], "no UTF-8"],
    ["count", [5, 0], "5 values cannot lie in the 1 bytes left"],
  ];
  test.each(cases)("%s of %j", (name, bytes, message) => {
    const read = reads.find(([other]) => other === name)![1];
    expect(() => read(new ByteReader(Uint8Array.from(bytes)))).toThrow(/CORRUPT_DATA/);
    expect(() => read(new ByteReader(Uint8Array.from(bytes)))).toThrow(message);
  });

  test("any bytes are read or refused with CORRUPT_DATA, and no reader leaves its bounds", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(fc.constantFrom(...reads), { maxLength: 20 }), (bytes, sequence) => {
        const reader = new ByteReader(bytes, 0, Math.max(0, bytes.length - 2));
        try {
          for (const [, read] of sequence) read(reader);
        } catch (error) {
          expect(error).toMatchObject({ code: "CORRUPT_DATA" });
        }
        expect(reader.position).toBeLessThanOrEqual(reader.end);
      }),
    );
  });
});
