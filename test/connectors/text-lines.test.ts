import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TextLines } from "../../core/connectors/text-lines.ts";

interface Line {
  readonly line: string;
  readonly number: number;
  readonly at: number;
  readonly isCut: boolean;
}

/** Splits the bytes into chunks of the given sizes, then whatever is left. */
function split(bytes: Uint8Array, sizes: readonly number[], lineBytesMax = 1_000): Line[] {
  const lines = new TextLines({ lineBytesMax });
  const found: Line[] = [];
  const drain = (): void => {
    while (lines.next()) found.push({ line: lines.line, number: lines.lineNumber, at: lines.linePosition, isCut: lines.isCut });
  };
  let offset = 0;
  for (const size of [...sizes, bytes.length]) {
    // A Buffer that is used again for the next chunk, as readers of files do.
    const chunk = Buffer.from(bytes.subarray(offset, offset + size));
    lines.push(chunk);
    offset = Math.min(bytes.length, offset + size);
    drain();
    chunk.fill(0);
  }
  lines.end();
  drain();
  expect(lines.position).toBe(bytes.length);
  return found;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each<[string, readonly [string, number][]]>([
  ["", []],
  ["a", [["a", 0]]],
  ["a\n", [["a", 0]]],
  [
    "a\nb",
    [
      ["a", 0],
      ["b", 2],
    ],
  ],
  [
    "a\r\n\r\nb\r\n",
    [
      ["a", 0],
      ["", 3],
      ["b", 5],
    ],
  ],
  [
    "\n\n",
    [
      ["", 0],
      ["", 1],
    ],
  ],
  ["a\rb\n", [["a\rb", 0]]],
  ["a\r", [["a", 0]]],
  [
    "\uFEFFkäse\n日本\n",
    [
      ["käse", 0],
      ["日本", 9],
    ],
  ],
  [
    "a\n\uFEFFb",
    [
      ["a", 0],
      ["\uFEFFb", 2],
    ],
  ],
])("%j", (text, expected) => {
  const bytes = utf8(text);
  for (let size = 1; size <= bytes.length + 1; size += 1) {
    const sizes = Array.from({ length: bytes.length }, () => size);
    expect(split(bytes, sizes).map(({ line, at }) => [line, at])).toEqual(expected);
  }
});

test("a line that is too long is cut and the next one is whole", () => {
  const bytes = utf8("123456\n12345\r\n1234567890\nok");
  for (let size = 1; size <= bytes.length; size += 1) {
    const lines = split(
      bytes,
      Array.from({ length: bytes.length }, () => size),
      5,
    );
    expect(lines.map(({ line, isCut }) => [line, isCut])).toEqual([
      ["12345", true],
      ["12345", false],
      ["12345", true],
      ["ok", false],
    ]);
    expect(lines.map(({ at }) => at)).toEqual([0, 7, 14, 25]);
  }
});

test("chunk borders change nothing, and every position is one to start from", () => {
  const seed = 20_240_607;
  console.log(`fast-check seed ${seed}`);
  const text = fc
    .array(fc.constantFrom("a", "é", "日", "😀", "\n", "\r\n", "\r"), { maxLength: 40 })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, fc.array(fc.nat(7), { maxLength: 40 }), (content, sizes) => {
      const bytes = utf8(content);
      const whole = split(bytes, []);
      expect(split(bytes, sizes)).toEqual(whole);
      for (const [index, { at }] of whole.entries()) {
        expect(split(bytes.subarray(at), sizes).map(({ line }) => line)).toEqual(whole.slice(index).map(({ line }) => line));
      }
    }),
    { seed },
  );
});
