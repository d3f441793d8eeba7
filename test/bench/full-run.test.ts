import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Results } from "../../bench/results.ts";

/** The benchmark's command line, on few events and in a folder of its own. */

const MAIN = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tamias-bench-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `onOutput` sees everything written so far, and how to send a signal. */
function bench(
  words: readonly string[],
  onOutput?: (out: string, kill: () => void) => void,
  path = process.env["PATH"],
): Promise<Ended> {
  const env = { ...process.env, PATH: path, TAMIAS_BENCH_EVENTS: "20000", TAMIAS_BENCH_FOLDER: folder };
  const child = spawn(process.execPath, [MAIN, ...words], { env, stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    onOutput?.(out, () => child.kill("SIGINT"));
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

function results(): Results {
  return JSON.parse(readFileSync(join(folder, "last-full-run.json"), "utf8")) as Results;
}

function measuredOf(work: string): string[] {
  return Object.keys(results().figures[work] ?? {}).sort();
}

test("a run that is interrupted keeps what it has measured, goes on with --resume, and writes the page", async () => {
  const words = ["--runs", "1", "--only", "process, ", "--write"];
  const interrupted = await bench(words, (out, kill) => {
    if (out.includes("process, plain-map: ")) kill();
  });
  expect(interrupted.code).toBe(130);
  expect(interrupted.err).toContain("--resume goes on");
  expect(measuredOf("process")).toContain("plain-map");
  expect(measuredOf("process")).not.toContain("rxjs");

  const resumed = await bench([...words, "--resume"]);
  expect(resumed.out).toMatch(/^\d of 5 are known from before$/m);
  expect(resumed.out).not.toContain("FAULT");
  expect(resumed.code).toBe(0);
  expect(measuredOf("process")).toEqual(["plain-arrays", "plain-map", "rxjs", "tamias-rows", "tamias-rows-alone"]);

  const page = readFileSync(join(folder, "performance.md"), "utf8");
  expect(page).toMatch(/^Measured on \d{4}-\d\d-\d\d, on a machine with \d+ cores/m);
  expect(page).toMatch(/^\| keyed process with ValueState +\| +[\d.]+ \| +[\d.]+ \| +[\d.]+ \|/m);
  expect(page).toContain("running total  [keyedProcess]");
  expect(page).toMatch(/^\| rows, tumbling +\| +2 × Flink \| not measured \|/m);
});

test("a second occasion measures anew what is asked for and says when the rest was measured", async () => {
  const { code, out } = await bench(["--runs", "2", "--only", "process, plain", "--write"]);
  expect(out).toContain("process, plain-map: ");
  expect(code).toBe(0);
  expect(measuredOf("process")).toHaveLength(5);
  const page = readFileSync(join(folder, "performance.md"), "utf8");
  expect(page).toContain("But on other occasions:");
  expect(page).toMatch(/median of 2 runs; .*: process, plain-map; process, plain-arrays\.$/m);
});

test("a run of clusters alone leaves everything else as it was, and comes to stand beside it", async () => {
  const before = results();
  const { code, out } = await bench(["--runs", "1", "--only", "clusters, speed-up", "--write"]);
  expect(out).not.toContain("FAULT");
  expect(code).toBe(0);
  const after = results();
  expect(after.figures).toEqual(before.figures);
  expect(Object.keys(after.amounts)).toEqual(["speedUpChained Node", "speedUpExchanging Node"]);
  const page = readFileSync(join(folder, "performance.md"), "utf8");
  expect(page).toMatch(/^\| tumbling, columns \+ kernel, Node: two workers to one with all in one chain +\| +[\d.]+ × \(/m);
  expect(page).toMatch(/^\| two workers to one with the same exchange, Node +\| +1.6 × \| +[\d.]+ × \|/m);
});

test("begins nothing that will not fit into the time, and says what is left and how to go on", async () => {
  const { code, out } = await bench(["--minutes", "0.000001", "--only", "sessions"]);
  expect(code).toBe(0);
  expect(out).toContain("There was no time for 2 more: nothing of --only is kept without --write.");
  expect(out).toContain("Left: sessions, plain-map; sessions, tamias-rows.");
  expect(out.trimEnd().split("\n").at(-1)).toMatch(/^worst ratio: /);

  const kept = await bench(["--minutes", "0.000001", "--only", "process, plain", "--write"]);
  expect(kept.out).toMatch(/^2 to measure: about \d+ s$/m);
  expect(kept.out).toContain("There was no time for 2 more: the same command with --resume goes on.");
  expect(kept.out).toMatch(/^Left: process, plain-map \(about \d+ s\); process, plain-arrays \(about \d+ s\)\.$/m);
});

test.each([
  [["--help"], 0, "npm run bench -- --quick"],
  [["--runs", "none"], 2, '--runs takes a whole number from 1, but got "none"'],
  [["--fast"], 2, "--fast"],
  [["--only", "tumblin, rxjs"], 2, '--only: nothing is called "tumblin, rxjs".'],
  [["--only", "sesions"], 2, 'Did you mean "sessions"?'],
  [["--only", "process, flink"], 2, "is measured with --flink or --browsers only"],
  [["--profile", "tumbing"], 2, 'Did you mean "tumbling"?'],
  [["--profile", "tumbling", "--variant", "tamias-row"], 2, 'Did you mean "tamias-rows"?'],
  [["--profile", "sessions", "--variant", "rxjs"], 2, "rxjs does not do sessions: merging groups would be a loop by hand"],
  [["--variant", "rxjs"], 2, "--variant goes with --profile"],
  [["--quick", "--only", "sessions"], 2, "it takes no --only"],
])("%s", async (words, code, text) => {
  const ended = await bench(words);
  expect(ended.code).toBe(code);
  expect(ended.out + ended.err).toContain(text);
});

test("--flink says all that is missing where there is neither Java nor Maven", async () => {
  const { code, err } = await bench(["--flink"], undefined, folder);
  expect([code, err]).toEqual([2, expect.stringContaining('Flink needs a JDK 17 or later, and there is no "java" on the PATH')]);
  expect(err).toContain('and there is no "mvn" on the PATH; without --flink the benchmark runs all else');
});
