import fc from "fast-check";
import { expect, test } from "vitest";
import { doubleText, integerText, KeyTextReader, stringText, varintText } from "../../core/data/key-text.ts";
import { ByteWriter } from "../../core/lib/bytes.ts";

/** The text is what `ByteWriter` writes, one character a byte, and is read back. */
function check<T>(value: T, text: string, write: (writer: ByteWriter) => void, read: (reader: KeyTextReader) => T): void {
  const writer = new ByteWriter();
  write(writer);
  expect(Array.from(text, (character) => character.charCodeAt(0))).toEqual([...writer.finish()]);
  const reader = new KeyTextReader(`before${text}`, "before".length);
  expect([read(reader), reader.remaining]).toEqual([value, 0]);
}

const anyString = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 60 });

test.each([
  ["counts", fc.maxSafeNat().map((n) => () => check(n, varintText(n), (writer) => writer.varint(n), (reader) => reader.varint()))],
  ["integers", fc.maxSafeInteger().map((n) => () => check(n, integerText(n), (writer) => writer.zigzag(n), (reader) => reader.integer()))],
  ["doubles", fc.double().map((n) => () => check(n, doubleText(n), (writer) => writer.f64(n), (reader) => reader.double()))],
  ["short integers", fc.integer({ min: -200, max: 200 }).map((n) => () => check(n, integerText(n), (writer) => writer.zigzag(n), (reader) => reader.integer()))],
  ["strings", fc.oneof(anyString, fc.string({ unit: "binary" }), fc.string()).map((s) => () => check(s, stringText(s), (writer) => writer.string(s), (reader) => reader.string()))],
])("%s are the same bytes", (_what, cases) => {
  fc.assert(fc.property(cases, (run) => run()));
});

test("long strings of every kind", () => {
  for (const unit of ["x", "é", "\ud800"]) {
    const text = unit.repeat(10_000);
    check(text, stringText(text), (writer) => writer.string(text), (reader) => reader.string());
  }
});
