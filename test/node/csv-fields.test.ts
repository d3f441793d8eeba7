import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";
import { fieldsOf } from "../../node/files/csv-format.ts";

function linesUpTo(length: number): string[] {
  const shorter = length === 0 ? [] : linesUpTo(length - 1);
  return length === 0 ? [""] : [...new Set([...shorter, ...shorter.flatMap((line) => ["a", '"', ","].map((next) => line + next))])];
}

test("quoted fields are what the parser says they are, or refused as it refuses them", () => {
  let refused = 0;
  for (const line of linesUpTo(8)) {
    if (!line.includes('"')) continue;
    let expected: string[] | undefined;
    try {
      expected = (parse(line, { relax_column_count: true }) as string[][])[0];
    } catch {
      refused += 1;
      expect(() => fieldsOf(line, ",")).toThrow();
      continue;
    }
    expect([line, fieldsOf(line, ",")]).toEqual([line, expected ?? []]);
  }
  expect(refused).toBeGreaterThan(1_000);
});
