import { afterAll, expect, test } from "vitest";
import { loadKernelModule } from "../../node/kernel-module.ts";
import { type ColumnCase, columnCases } from "./column-case.ts";
import { runCase, runWithCrashes, type Seen, type Way } from "./column-run.ts";
import { checkLaw, IS_DEFAULT_RUN } from "./law.ts";

const module = await loadKernelModule();
const MEANING: Way = { travel: "alone", panes: "meaning", module: undefined };
const ROWS_HEAP: Way = { travel: "alone", panes: "heap", module: undefined };
const ROWS_JS: Way = { travel: "alone", panes: "kernel", module: undefined };
const ROWS_WASM: Way = { travel: "alone", panes: "kernel", module };
const COLUMNS_HEAP: Way = { travel: "columns", panes: "heap", module: undefined };
const COLUMNS_JS: Way = { travel: "columns", panes: "kernel", module: undefined };
const COLUMNS_WASM: Way = { travel: "columns", panes: "kernel", module };
const TOGETHER_HEAP: Way = { travel: "together", panes: "heap", module: undefined };
const TOGETHER_JS: Way = { travel: "together", panes: "kernel", module: undefined };
const TOGETHER_WASM: Way = { travel: "together", panes: "kernel", module };
/** Each case goes in all of these, and in one of the others. */
const ALWAYS: readonly Way[] = [COLUMNS_JS, COLUMNS_WASM, TOGETHER_WASM];
const IN_TURN: readonly Way[] = [ROWS_HEAP, ROWS_JS, ROWS_WASM, COLUMNS_HEAP, TOGETHER_HEAP, TOGETHER_JS];

const seen = { results: 0, late: 0, failed: 0, restored: 0 };

afterAll(() => console.log(`saw ${Object.entries(seen).map(([what, times]) => `${what} ${times}`).join(", ")}`));

/** A sink knows no watermark before the first one after a restore. */
function withoutWatermarks(results: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  return new Map([...results].map(([name, lines]) => [name, lines.map((line) => line.slice(0, line.lastIndexOf(", after ")))]));
}

/** Where a job fails, a batch may have been counted upstream as a whole, and other subtasks may have come to any place. */
function comparable(seen: Seen, { parallelism }: ColumnCase): unknown {
  const { error, results } = seen;
  if (error === undefined) return seen;
  return parallelism === 1 ? { error, results } : "failed";
}

test("rows, columns and both kernels give the same results, errors and counters, in the same order", () => {
  checkLaw("rows = columns = kernels", columnCases, 1_000, (given) => {
    const expected = runCase(given, MEANING);
    seen.failed += expected.error === undefined ? 0 : 1;
    for (const [name, lines] of expected.results) seen[name.startsWith("late") ? "late" : "results"] += lines.length;
    for (const way of [...ALWAYS, IN_TURN[given.seed % IN_TURN.length]!]) {
      expect(comparable(runCase(given, way), given), JSON.stringify({ ...way, module: way.module !== undefined })).toEqual(comparable(expected, given));
    }
  });
  if (IS_DEFAULT_RUN) for (const [what, least] of [["results", 10_000], ["late", 1_000], ["failed", 20]] as const) expect(seen[what], what).toBeGreaterThan(least);
});

test("a job that crashes goes on from its checkpoint in another way, with the same results", () => {
  const ways = [COLUMNS_WASM, ROWS_HEAP, TOGETHER_JS, COLUMNS_JS, ROWS_WASM, TOGETHER_WASM, MEANING, COLUMNS_WASM];
  checkLaw("restored in another way", columnCases, 300, (given) => {
    const expected = runCase(given, MEANING);
    if (expected.error !== undefined || given.mode === "BATCH") return;
    const restored = runWithCrashes(given, ways);
    seen.restored += restored.restores;
    expect(withoutWatermarks(restored.results)).toEqual(withoutWatermarks(expected.results));
  });
  if (IS_DEFAULT_RUN) expect(seen.restored).toBeGreaterThan(200);
});
