import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteInterner } from "../../core/data/byte-interner.ts";
import { DICTIONARY_STRINGS_MAX } from "../../core/data/dictionary.ts";

const encoder = new TextEncoder();

function idOf(interner: ByteInterner, text: string): number {
  const bytes = encoder.encode(`<${text}>`);
  return interner.idOfBytes(bytes, 1, bytes.length - 1);
}

test("equal texts have equal ids, whether they come as bytes or as strings", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ unit: "grapheme", maxLength: 3 }), fc.boolean())), (texts) => {
      const interner = new ByteInterner();
      const ids = texts.map(([text, asBytes]) => (asBytes ? idOf(interner, text) : interner.idOf(text)));
      expect(ids.map((id) => interner.dictionary.strings[id])).toEqual(texts.map(([text]) => text));
      expect(new Set(ids).size).toBe(new Set(texts.map(([text]) => text)).size);
    }),
  );
});

test("many texts, short and long, keep their ids while it grows", () => {
  const interner = new ByteInterner();
  const texts = Array.from({ length: 5_000 }, (_, index) => `${index},`.repeat(1 + (index % 9)));
  const ids = texts.map((text) => idOf(interner, text));
  expect(texts.map((text) => idOf(interner, text))).toEqual(ids);
  expect(ids).toEqual(texts.map((_, index) => index));
});

test("bytes that are not UTF-8 are the string that they decode to", () => {
  const interner = new ByteInterner();
  const damaged = [Uint8Array.of(0xff), Uint8Array.of(0xfe)].map((bytes) => interner.idOfBytes(bytes, 0, 1));
  expect(damaged).toEqual([0, 0]);
  expect(interner.idOf("\ufffd")).toBe(0);
});

test("a full dictionary is left between batches, and what hardly repeats does not pay", () => {
  const interner = new ByteInterner();
  const { dictionary } = interner;
  for (let index = 0; index < DICTIONARY_STRINGS_MAX; index += 1) idOf(interner, `text ${index}`);
  expect([dictionary.isFull, interner.pays, interner.dictionary === dictionary]).toEqual([true, false, true]);
  interner.startBatch();
  expect([interner.dictionary === dictionary, interner.dictionary.generation, idOf(interner, "text 7")]).toEqual([false, 1, 0]);
  for (let index = 0; index < 9; index += 1) idOf(interner, "text 7");
  expect(interner.pays).toBe(true);
});
