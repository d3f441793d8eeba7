import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type CaseResult, kindOf, runCaseFile } from "./run-files.ts";

const folder = new URL(".", import.meta.url).pathname;
const paths = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".json"))
  .sort();

/** Cases of features that are not built yet: triggers of the user's choice, evictors, broadcast state, async I/O. When one is, it must leave this list. */
const NOT_BUILT: readonly RegExp[] = [
  /^EvictingWindowOperatorTest#/,
  /^CoBroadcastWith(Non)?KeyedOperatorTest#/,
  /^AsyncWaitOperatorTest#/,
  /^WindowOperatorTest#.*(PurgingTrigger|ContinuousEventTimeTrigger)$/,
  /^WindowOperatorTest#(testContinuousWatermarkTrigger|testCountTrigger|testLateness|testCleanupTimerWithEmptyStateNoResultForTumblingWindows)$/,
];

/** Cases of kinds that are built, and yet cannot run: a timestamp is beyond ±2^53; when the outputs have no credit is not recorded. */
const KNOWN_GAPS: readonly RegExp[] = [/^window start .*"-9223372036854775803"/, /^TimestampsAndWatermarksOperatorTest#watermarksWithIdleness/];

describe("facts recorded from Apache Flink", () => {
  for (const path of paths) {
    const results = runCaseFile({ path, text: readFileSync(`${folder}${path}`, "utf8") });
    describe(path, () => results.forEach(check));
  }
});

function isNotBuilt({ outcome }: CaseResult): boolean {
  return outcome.kind === "skipped" && outcome.reason.endsWith("not built yet");
}

function check(result: CaseResult): void {
  const { id, outcome } = result;
  if (NOT_BUILT.some((waiting) => waiting.test(id))) {
    test(`${id} waits`, () => expect(isNotBuilt(result)).toBe(true));
    return;
  }
  const isGap = KNOWN_GAPS.some((gap) => gap.test(id));
  test(isGap ? `${id} is a known gap` : id, () => {
    if (isGap) expect(outcome.kind).toBe("skipped");
    else expect(outcome).toEqual({ kind: "passed" });
  });
}

test("files are told by their names", () => {
  expect(kindOf("a/b/assigners.json")?.name).toBe("assigners");
  expect(kindOf("window_operator_more.json")?.name).toBe("window_operator");
  expect(kindOf("something.json")).toBeUndefined();
});

test("a file that is broken or unknown, and a case that throws, do not pass", () => {
  expect(runCaseFile({ path: "assigners.json", text: "{" })[0]?.outcome.kind).toBe("failed");
  expect(runCaseFile({ path: "assigners.json", text: `[{"id": "no calls"}]` })[0]?.outcome.kind).toBe("failed");
  expect(runCaseFile({ path: "other.json", text: "[]" })[0]?.outcome.kind).toBe("skipped");
  const unknown = `[{"id": "x", "calls": [{"assigner": "Unheard", "config": {}, "windows": []}]}]`;
  expect(runCaseFile({ path: "assigners.json", text: unknown })[0]?.outcome.kind).toBe("skipped");
});

test("a wrong answer is found", () => {
  const steps = `[{"channel": 0, "watermark": 5, "out": [{"watermark": 6}]}]`;
  const [result] = runCaseFile({ path: "watermark_valve.json", text: `[{"id": "x", "channels": 1, "steps": ${steps}}]` });
  expect(result?.outcome).toEqual({ kind: "failed", reason: `step 1: expected [{"watermark":6}], but got [{"watermark":5}]` });
});
