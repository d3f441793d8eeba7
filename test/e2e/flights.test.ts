/** The main job, run as users run it, against what test/examples/recount-flights.mjs counted. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  buildJobGraph,
  CheckpointDriver,
  MemoryParts,
  LocalJob,
  SimulatedHost,
  type JobGraph,
  type JobOutcome,
  type RestorePoint,
} from "tamias/testing";
import { collectSink, StreamExecutionEnvironment } from "tamias";
import { afterAll, describe, expect, test } from "vitest";
import { analyzeFlights, readFlights, type Tally } from "../../examples/flights/delays.ts";
import type { FlightTable } from "../../examples/flights/flight-table.ts";
import { flightsFile, loadFlights } from "../../examples/flights/flights-input.ts";
import type { HourOfDelays } from "../../examples/flights/delays.ts";
import { startTamias, startTamiasInTerminal, tamias } from "./command-line.ts";
import { finalResults, type FinalResults } from "./flight-results.ts";

const JOB = "examples/flights.ts";
const SHOW_CURSOR = "\x1b[?25h";
const HIDE_CURSOR = "\x1b[?25l";

type Expected = Tally & { readonly results: FinalResults };
const expected = JSON.parse(readFileSync(new URL("../examples/flights-expected.json", import.meta.url), "utf8")) as Record<
  string,
  Expected
>;
const folder = mkdtempSync(join(tmpdir(), "flights-"));
afterAll(() => rmSync(folder, { recursive: true }));

function countsOf(file: string): Tally {
  const { results: _results, ...counts } = expected[file]!;
  return counts;
}

describe.each([
  { file: "flights-3m.parquet", parallelism: 1 },
  { file: "flights-20k.json", parallelism: 1 },
  { file: "flights-20k.json", parallelism: 2 },
])("$file at parallelism $parallelism", ({ file, parallelism }) => {
  test("--json prints one object, alone on the last line", async () => {
    const { code, stdout, stderr } = await tamias([
      "run",
      JOB,
      "--input",
      flightsFile(file),
      "--parallelism",
      String(parallelism),
      "--json",
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.endsWith("\n")).toBe(true);
    const { recordsPerSecond, ...counts } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as Tally & {
      recordsPerSecond: number;
    };
    expect(counts).toEqual(countsOf(file));
    expect(recordsPerSecond).toBeGreaterThan(0);
  });
});

describe.each([
  { file: "flights-3m.parquet", parallelism: 2 },
  { file: "flights-20k.json", parallelism: 3 },
])("final results of $file at parallelism $parallelism", ({ file, parallelism }) => {
  test("are those that were recounted, bit for bit", async () => {
    const output = join(folder, `${file}-${parallelism}`);
    const args = [
      "run",
      "test/e2e/jobs/flights-results.ts",
      "--input",
      flightsFile(file),
      "--parallelism",
      String(parallelism),
      "--output",
      output,
    ];
    expect(await tamias(args)).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(readFileSync(output, "utf8"))).toEqual(expected[file]);
  });
});

test("without --input the 3 M flights run: the first line comes soon, and Ctrl-C ends it between two lines", async () => {
  const run = startTamias(["run", JOB]);
  await run.printed("\n");
  run.process.kill("SIGINT");
  const { code, stdout, stderr } = await run.ended;
  expect({ code, stderr }).toEqual({ code: 130, stderr: "canceled\n" });
  for (const line of stdout.split("\n").slice(0, -1))
    expect(line).toMatch(/^ *\d+ % {2}2001-\d\d-\d\d \d\d:00 [A-Z]{3}: \d+ flights?, mean delay -?[\d.]+ min, worst -?\d+ min$/);
  expect(stdout.endsWith("\n")).toBe(true);
});

test("plain lines end with a summary", async () => {
  const { code, stdout } = await tamias(["run", JOB, "--input", flightsFile("flights-20k.json")]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ {2}0 % {2}2001-01-01 /);
  for (const part of ["20,000 flights, ", "17,256 windows", "1,004 re-firings", "269 later still", "5,079 flights"])
    expect(stdout).toContain(part);
});

describe("in a terminal", () => {
  test("a table, a progress bar and the summary are drawn, and the cursor comes back", async () => {
    const run = startTamiasInTerminal(["run", JOB, "--input", flightsFile("flights-20k.json")]);
    const { code, stdout } = await run.ended;
    expect(code).toBe(0);
    for (const part of ["mean delay", "█", "day 1 of event time", "17,256 windows"]) expect(stdout).toContain(part);
    expect(stdout.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(stdout.lastIndexOf(HIDE_CURSOR));
  });

  test("Ctrl-C in the middle leaves a clean terminal", async () => {
    const run = startTamiasInTerminal(["run", JOB]);
    await run.printed("of event time");
    run.process.stdin.write("\x03");
    const { code, stdout } = await run.ended;
    expect(code).toBe(130);
    expect(stdout.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(stdout.lastIndexOf(HIDE_CURSOR));
    expect(stdout).not.toContain("windows (origin and hour)");
  });
});

/** What reached whoever watches; a result that comes again after a restore replaces itself. */
interface Collected {
  readonly hours: HourOfDelays[];
  readonly summaries: Tally[];
}

/** As a new process would write it: functions and sinks are new with every attempt. */
function graphOf(flights: FlightTable, parallelism: number, collected: Collected): JobGraph {
  const env = StreamExecutionEnvironment.getExecutionEnvironment({ parallelism });
  const { hours, summary } = analyzeFlights(readFlights(env, flights));
  hours.sinkTo(collectSink(collected.hours)).setParallelism(1);
  summary.sinkTo(collectSink(collected.summaries)).setParallelism(1);
  return buildJobGraph(env.getStreamGraph());
}

/** One attempt, named by its seed, which is killed after `steps` turns with a checkpoint under way or done; undefined where it came to its end. */
function attempt(graph: JobGraph, parts: MemoryParts, seed: number, restore: RestorePoint | undefined, stepsMax: number): RestorePoint | undefined {
  const host = new SimulatedHost({ seed });
  let outcome: JobOutcome | undefined;
  const job = new LocalJob(graph, {
    host,
    attempt: seed,
    restore,
    freeze: true,
    turnRecordsMax: 100,
    channelCredits: 2,
    onEnd: (ended) => {
      outcome = ended;
    },
  });
  job.start();
  const driver = new CheckpointDriver(job, { parts, firstId: seed });
  for (let step = 0; step < stepsMax && outcome === undefined; step += 1) host.step();
  if (outcome === undefined) {
    driver.begin();
    while (driver.isPending && outcome === undefined) host.step();
    // What comes after the checkpoint is lost with the process.
    for (let step = 0; step < stepsMax / 4 && outcome === undefined; step += 1) host.step();
  }
  if (outcome?.status === "FAILED") throw outcome.error;
  if (outcome?.status === "FINISHED") return undefined;
  job.cancel();
  return driver.latest();
}

test.each([1, 2])("killed and restored again and again, it counts the same (parallelism %i)", async (parallelism) => {
  const flights = await loadFlights(flightsFile("flights-20k.json"));
  const collected: Collected = { hours: [], summaries: [] };
  const fresh = (): JobGraph => graphOf(flights, parallelism, collected);
  let kills = 0;
  const parts = new MemoryParts();
  let restore = attempt(fresh(), parts, 1, undefined, 20);
  while (restore !== undefined) {
    kills += 1;
    restore = attempt(fresh(), parts, kills + 1, restore, 20 + 7 * kills);
  }
  expect(kills).toBeGreaterThanOrEqual(3);
  // The last kill may come behind the summary, which is then emitted again, and the same.
  expect(collected.summaries.length).toBeGreaterThanOrEqual(1);
  for (const summary of collected.summaries) expect(summary).toEqual(countsOf("flights-20k.json"));
  expect(finalResults(collected.hours)).toEqual(expected["flights-20k.json"]!.results);
});
