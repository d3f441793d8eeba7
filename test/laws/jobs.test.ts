import * as fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { checkRescaledRun, checkRun } from "./checks.ts";
import { addCoverage, type Coverage, noCoverage, PLACES } from "./coverage.ts";
import { executions, jobs, rescaledJobs, type ExecutionSpec, type JobSpec, type SourceSpec, type StageSpec } from "./job-spec.ts";
import { checkLaw, IS_DEFAULT_RUN } from "./law.ts";
import { type FinishedRun, runJob } from "./simulated-run.ts";

/** How often the default run comes through each place, at the least. */
const COVERAGE_MIN = 50;

const coverage: Coverage = noCoverage();
const rescaledCoverage: Coverage = noCoverage();

afterAll(() => {
  console.log(`came through ${PLACES.map((place) => `${place} ${coverage[place]}`).join(", ")}`);
});

test("every operator gives what its model gives, each record counts once, nothing is left: whatever crashes, whatever the order of turns", () => {
  checkLaw("oracle, checkpoint transparency, progress, boundedness", jobs, 600, (spec) => addCoverage(coverage, checkRun(runJob(spec))));
  if (IS_DEFAULT_RUN) for (const place of PLACES.filter((each) => each !== "restored at another parallelism")) expect(coverage[place], place).toBeGreaterThanOrEqual(COVERAGE_MIN);
});

/** Neither crashes nor checkpoints. */
const UNDISTURBED: JobSpec["faults"] = { checkpointEvery: 0, patience: 0, crashes: 0, rewrites: false, parallelisms: [] };

/** Whether nothing but the rows decides what a stage gives. */
function isTimeless(stage: StageSpec): boolean {
  if (stage.kind === "process") return !stage.clock;
  return stage.kind !== "window" || stage.assigner.kind !== "clock";
}

/** One source whose order and watermarks depend on its rows alone. */
function asOrdered(source: SourceSpec): SourceSpec {
  return { ...source, kind: source.kind === "splits" ? "generator" : source.kind, idleAfterMs: undefined };
}

/** What came to each sink, in order. */
function sinkInputs(run: FinishedRun): ReadonlyMap<string, readonly string[]> {
  const inputs = new Map<string, readonly string[]>();
  for (const [name, logs] of run.recorder.logs) {
    if (!name.startsWith("sink")) continue;
    inputs.set(name, logs.flatMap((log) => log.elements.filter(({ kind }) => kind === "record").map(({ value, time }) => `${value}@${time}`)));
  }
  return inputs;
}

test("buffers, turns, credits and chains may cut the input anywhere: at parallelism 1 the results are the same, in order", () => {
  const cases = fc.tuple(jobs, executions).filter(([{ first, second }]) => isTimeless(first) && (second === undefined || isTimeless(second)));
  checkLaw("partition of input", cases, 60, ([given, other]) => {
    const spec: JobSpec = { ...given, sources: [asOrdered(given.sources[0]!)], faults: UNDISTURBED };
    const results = (execution: ExecutionSpec): unknown => sinkInputs(runJob({ ...spec, seed: spec.seed + execution.turnRecords, execution: { ...execution, parallelism: 1 } }));
    const wholesale = { ...spec.execution, turnRecords: 1_000, credits: 3, firePanesPerTurn: 1_000, bufferTimeoutMs: 10, sinkDelayMs: 0 };
    const expected = results(wholesale);
    expect(results(spec.execution)).toEqual(expected);
    expect(results(other)).toEqual(expected);
  });
});

test("at another parallelism after each crash, each record counts once, each window fires once, nothing is left", () => {
  checkLaw("rescaling, exactly once", rescaledJobs(jobs), 300, (spec) => addCoverage(rescaledCoverage, checkRescaledRun(runJob(spec))));
  if (IS_DEFAULT_RUN) expect(rescaledCoverage["restored at another parallelism"]).toBeGreaterThanOrEqual(COVERAGE_MIN);
});

test("the results are the same at parallelism 1, 2 and 3, and at any after each crash, late records included, where one source decides the order", () => {
  const cases = rescaledJobs(jobs.filter(({ first }) => isTimeless(first)));
  checkLaw("rescaling", cases, 60, (given) => {
    const [source] = given.sources;
    const watermarks = source!.watermarks === "bounded by an operator" ? "bounded" : source!.watermarks;
    const alone: SourceSpec = { ...asOrdered(source!), kind: "collection", alone: true, watermarks, steps: [] };
    const results = (parallelism: number, faults = UNDISTURBED): readonly string[] => {
      const spec: JobSpec = { ...given, sources: [alone], second: undefined, faults, execution: { ...given.execution, parallelism } };
      const run = runJob(spec);
      if (faults === UNDISTURBED) checkRun(run);
      else checkRescaledRun(run);
      return [...run.committed.rows].sort();
    };
    const expected = results(1);
    expect(results(2)).toEqual(expected);
    expect(results(3)).toEqual(expected);
    expect(results(given.execution.parallelism, given.faults)).toEqual(expected);
  });
});

test("one seed, one fingerprint", () => {
  const seen = new Set<string>();
  let runs = 0;
  checkLaw("replay", jobs, 50, (spec) => {
    const { fingerprint } = runJob(spec);
    expect(runJob(spec).fingerprint).toBe(fingerprint);
    runs += 1;
    seen.add(fingerprint);
    seen.add(runJob({ ...spec, seed: spec.seed + 1 }).fingerprint);
  });
  // Another seed is another run.
  expect(seen.size).toBeGreaterThan(runs);
});
