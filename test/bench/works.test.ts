import { expect, test } from "vitest";
import * as plain from "../../bench/plain.ts";
import type { PlainLoop } from "../../bench/plain-run.ts";
import { Tally, type Results } from "../../bench/tally.ts";
import { loadKernelModule } from "../../node/kernel-module.ts";
import { type Form, JOBS, prepared } from "../../bench/tamias-run.ts";
import { variant as dbIvm } from "../../bench/variants/db-ivm.ts";
import { variant as plainArrays } from "../../bench/variants/plain-arrays.ts";
import { variant as plainMap } from "../../bench/variants/plain-map.ts";
import { variant as rxjs } from "../../bench/variants/rxjs.ts";
import { type Work, WORKS, workNamed } from "../../bench/works.ts";

/** What the benchmark compares does the same work: every variant gives the results of the job on the engine. */

/** 0.2 s of dense events and 2 s of sparse ones. */
const EVENTS = 20_000;
/** The same programs as for fewer keys, with much memory. */
const LEFT_OUT = new Set(["tumbling-1m"]);
/** RxJS holds a group for each key of each open window: a few events show as much. */
const RXJS_SLIDING_EVENTS = 1_000;

const kernel = await loadKernelModule();

test.each(WORKS.filter(({ name }) => !LEFT_OUT.has(name)))("$name: all variants agree", async (work) => {
  const rxjsEvents = work.slideMs < work.sizeMs ? RXJS_SLIDING_EVENTS : EVENTS;
  for (const { variants, events } of [
    { variants: [plainMap, plainArrays, dbIvm], events: EVENTS },
    { variants: [rxjs], events: rxjsEvents },
  ]) {
    const expected = await prepared("rows", undefined, work, events).run();
    expect(expected.results).toBeGreaterThan(0);
    for (const form of Object.keys(JOBS) as Form[]) {
      if (JOBS[form][work.kind] === undefined) continue;
      for (const module of [undefined, kernel])
        expect({ [form]: await prepared(form, module, work, events).run() }).toEqual({ [form]: expected });
    }
    for (const variant of variants) {
      if (variant.refuses(work) !== undefined) continue;
      const run = await variant.prepare(work, events);
      expect({ [variant.name]: await run.run() }).toEqual({ [variant.name]: expected });
    }
  }
});

test("15 of 100 events are late, and none too late", () => {
  const results = resultsOf(plain.windowsWithMaps, workNamed("tumbling-late"), 1_000_000);
  const onTime = resultsOf(plain.windowsWithMaps, { ...workNamed("tumbling-late"), hasLate: false }, 1_000_000);
  const refirings = results.results - onTime.results;
  expect(refirings).toBeGreaterThan(140_000);
  expect(refirings).toBeLessThan(160_000);
  expect(results.late).toBe(0);
});

/** Not in the benchmark, but the loops say that they know it; the first is the plainest. */
test.each([
  [1_000, plain.windowsWithMaps],
  [1_000, plain.tumblingWithArrays],
  [2_000, plain.slidingWithMaps],
  [2_000, plain.slidingWithArrays],
] as const)("windows of %s ms: every loop drops the same events as too late", (sizeMs, loop) => {
  const work: Work = { ...workNamed("tumbling-late"), sizeMs, allowedLatenessMs: 0 };
  const results = resultsOf(loop, work, 500_000);
  expect(results).toEqual(resultsOf(plain.windowsWithMaps, work, 500_000));
  expect(results.late).toBeGreaterThan(0);
});

function resultsOf(loop: PlainLoop, work: Work, events: number): Results {
  const tally = new Tally();
  loop(work, events, tally);
  return tally.taken();
}
