/** The same command goes on where a run was ended, however it was. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Prng } from "../../core/lib/prng.ts";
import { nodeVictim, runArguments } from "../../scripts/kill/node.ts";
import { filesIn, newestRecord, resultsIn } from "../../scripts/kill/run-folder.ts";
import { problemsOf, randomKills, RESULTS } from "../../scripts/kill/victim.ts";
import { type Running, startTamias, tamias } from "./command-line.ts";

let folder = "";
let output = "";
let checkpoints = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tamias-"));
  [output, checkpoints] = [join(folder, "output"), join(folder, "checkpoints")];
  for (const path of [output, checkpoints]) mkdirSync(path);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Does something when a checkpoint is there; rejects where the process ends without one. */
async function atCheckpoint(run: Running, then: () => void): Promise<void> {
  let isDone = false;
  const look = (): void => {
    if (isDone || newestRecord(checkpoints)?.kind !== "checkpoint") return;
    isDone = true;
    then();
  };
  const watcher = watch(checkpoints, { recursive: true }, look);
  look();
  const ended = await run.ended;
  watcher.close();
  if (!isDone) throw new Error(`the process ended before its first checkpoint: ${JSON.stringify(ended)}`);
}

/** But a record that the job has ended; and a value that the kill may have cut in two, for an hour. */
function expectNothingKept(): void {
  expect(newestRecord(checkpoints)?.kind).toBe("end");
  expect(filesIn(checkpoints).filter((path) => !path.includes("/.unfinished-"))).toHaveLength(1);
}

test("killed at seeded moments, it has each result once in the end", async () => {
  const victim = nodeVictim();
  const { results: expected } = await victim.run([]);
  expect(new Set(expected).size).toBe(RESULTS);
  for (const seed of [1, 2, 3]) expect([seed, ...problemsOf(await victim.run(randomKills(new Prng(seed))), expected)]).toEqual([seed]);
});

test("what is lost, doubled or wrong is found", () => {
  expect(problemsOf({ results: ["a", "b", "b", "d"], kills: [], problems: [] }, ["a", "b", "c"])).toEqual([
    "1 lost, such as c",
    "1 doubled, such as b",
    "1 wrong, such as d",
    "it ended before it was killed",
  ]);
});

describe("Ctrl-C", () => {
  async function interrupted(): Promise<void> {
    const run = startTamias(["run", ...runArguments(output, checkpoints)]);
    await atCheckpoint(run, () => run.process.kill("SIGINT"));
    expect(await run.ended).toMatchObject({ code: 130, stderr: "canceled; the same command goes on from the last checkpoint\n" });
    expect(newestRecord(checkpoints)?.kind).toBe("checkpoint");
  }

  test("keeps the checkpoint: the same command goes on, and when the job has finished there is none any more", async () => {
    await interrupted();
    const before = resultsIn(output);
    expect(before.length).toBeLessThan(RESULTS);
    expect(await tamias(["run", ...runArguments(output, checkpoints)])).toMatchObject({ code: 0, stderr: "" });
    const after = resultsIn(output);
    expect(after).toEqual(expect.arrayContaining(before));
    expect([after.length, new Set(after).size]).toEqual([RESULTS, RESULTS]);
    expectNothingKept();
  });

  test("then --fresh: the job starts over", async () => {
    await interrupted();
    const again = join(folder, "again");
    expect(await tamias(["run", ...runArguments(again, checkpoints), "--fresh"])).toMatchObject({ code: 0, stderr: "" });
    expect(resultsIn(again)).toHaveLength(RESULTS);
    expectNothingKept();
  });
});

test("without --checkpoints nothing is stored", async () => {
  writeFileSync(join(folder, "count.ts"), 'export function job(env: import("tamias").StreamExecutionEnvironment): void { env.fromSequence(1, 1e12).print(); }');
  const before = readdirSync(folder, { recursive: true });
  const run = startTamias(["run", "count.ts"], { cwd: folder });
  await run.printed("1000\n");
  run.process.kill("SIGINT");
  expect(await run.ended).toMatchObject({ code: 130, stderr: "canceled\n" });
  expect(readdirSync(folder, { recursive: true })).toEqual(before);
});

test("the flights, killed and started again, end with the summary of a run that nobody kills", async () => {
  const command = ["run", "examples/flights.ts", "--json", "--checkpoints", `file:${checkpoints}`, "--checkpoint-interval", "200"];
  const run = startTamias(command);
  await atCheckpoint(run, () => run.process.kill("SIGKILL"));
  expect(await run.ended).toMatchObject({ signal: "SIGKILL", stdout: "" });
  const metrics = join(folder, "metrics.prom");
  const { code, stdout, stderr } = await tamias([...command, "--metrics", metrics]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { recordsPerSecond: _ofThisMachine, ...summary } = JSON.parse(stdout) as Record<string, number>;
  expect(summary).toEqual(flightsSummary());
  // What had been read was not read again.
  expect(recordsOfSource(readFileSync(metrics, "utf8"))).toBeLessThan(summary["records"]!);
  expectNothingKept();
});

function flightsSummary(): Record<string, number> {
  const expected = JSON.parse(readFileSync(new URL("../examples/flights-expected.json", import.meta.url), "utf8")) as Record<string, Record<string, number>>;
  const { results: _results, ...summary } = expected["flights-3m.parquet"]!;
  return summary;
}

function recordsOfSource(metrics: string): number {
  return Number(/^tamias_records_out_total\{.*operator="flights",.*\} (\d+)$/m.exec(metrics)![1]);
}
