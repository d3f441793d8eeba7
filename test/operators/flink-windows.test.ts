import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type FlinkGoldenCase, comparable } from "./flink-window-case.ts";
import { EXECUTIONS, type Execution, answerOf } from "./flink-window-run.ts";

/** Answers of Apache Flink 2.3.0, recorded by `npm run fuzz:flink -- --record FILE`. */
const CASES = readFileSync(new URL("../golden/flink-windows.jsonl", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as FlinkGoldenCase);

describe("window cases answered by Apache Flink", () => {
  test("are enough, and of every assigner", () => {
    expect(CASES.length).toBe(500);
    expect(new Set(CASES.map(({ assigner }) => assigner.type)).size).toBe(8);
  });

  for (const execution of EXECUTIONS) {
    test(`give equal rows and watermarks: ${execution.name}`, () => {
      for (const input of CASES) check(input, execution);
    });
  }
});

function check(input: FlinkGoldenCase, execution: Execution): void {
  const { out, error } = answerOf(input, execution);
  const answer = { rows: comparable(out), isRefused: error !== undefined };
  expect(answer, JSON.stringify(input)).toEqual({ rows: comparable(input.out), isRefused: input.error !== undefined });
}
