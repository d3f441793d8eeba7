/** The log analysis, run as users run it, against what test/examples/recount-log.py found. */
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { LogGenerator, type LogGeneratorOptions } from "../../examples/log-analysis/log-generator.ts";
import type { Output } from "../../examples/log-analysis/output.ts";
import { comparable, readLines, sortedJson } from "../examples/comparable-outputs.ts";
import { startTamias, tamias, type Ended } from "./command-line.ts";

const JOB = "examples/log-analysis.ts";
const folder = mkdtempSync(join(tmpdir(), "log-analysis-"));
afterAll(() => rmSync(folder, { recursive: true }));

function readBeside(name: string): string {
  return readFileSync(new URL(`../examples/${name}`, import.meta.url), "utf8");
}

interface Sample {
  readonly name: string;
  readonly options: LogGeneratorOptions;
  readonly lines: number;
  readonly year: number;
}

interface Case {
  readonly name: string;
  readonly text: string;
  readonly expected: unknown[];
  readonly year: number;
}

const cases: readonly Case[] = [
  { name: "auth", text: readBeside("auth.log"), expected: readLines(readBeside("auth.expected.jsonl")), year: 2025 },
  {
    name: "auth-rfc3339",
    text: readBeside("auth-rfc3339.log"),
    expected: readLines(readBeside("auth-rfc3339.expected.jsonl")),
    year: 2026,
  },
  ...(JSON.parse(readBeside("log-samples.json")) as Sample[]).map(({ name, options, lines, year }) => ({
    name: `sample-${name}`,
    text: `${[...new LogGenerator(options).lines(lines)].join("\n")}\n`,
    expected: readLines(readBeside(`log-sample-${name}.expected.jsonl`)),
    year,
  })),
];

/** Malformed lines come by a channel of their own, so that only the order among them, and among the alerts, is given. */
function byChannel(given: readonly unknown[]): unknown {
  const { inOrder, metrics } = comparable(given);
  const isMalformed = (output: unknown): boolean => (output as Output).type === "malformed";
  return { alerts: inOrder.filter((output) => !isMalformed(output)), malformed: inOrder.filter(isMalformed), metrics };
}

/** A file of its own for each text. */
let files = 0;
function fileOf(text: string | Buffer): string {
  files += 1;
  const path = join(folder, `${files}.log`);
  writeFileSync(path, text);
  return path;
}

/** Standard output as JSON, of a run that must have gone well. */
function outputs({ code, stdout, stderr }: Ended): Output[] {
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return readLines(stdout) as Output[];
}

describe.each(cases)("$name", ({ text, expected, year }) => {
  const args = ["run", JOB, "--json", "--year", String(year)];

  test("from a file", async () => {
    expect(byChannel(outputs(await tamias([...args, "--input", fileOf(text)])))).toEqual(byChannel(expected));
  });

  test("from standard input, with CRLF and without an end of the last line", async () => {
    const stdin = text.replaceAll("\n", "\r\n").trimEnd();
    expect(byChannel(outputs(await tamias(args, { stdin })))).toEqual(byChannel(expected));
  });

  test("at parallelism 2, users in any order", async () => {
    const given = outputs(await tamias([...args, "--parallelism", "2", "--input", fileOf(text)]));
    expect(given.map(sortedJson).sort()).toEqual(expected.map(sortedJson).sort());
  });
});

test("for a person each output is a sentence on a line", async () => {
  const { text, expected, year } = cases[2]!;
  const { code, stdout } = await tamias(["run", JOB, "--year", String(year), "--input", fileOf(text)]);
  expect(code).toBe(0);
  const lines = stdout.split("\n").slice(0, -1);
  expect(lines).toHaveLength(expected.length);
  for (const line of lines)
    expect(line).toMatch(/^(\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? .*(SECURITY|ANOMALY|metrics) |line \d+ {2}malformed: )/);
});

function attack(time: (second: number) => string): string {
  return Array.from(
    { length: 5 },
    (_, second) => `${time(second)} host sshd[1]: Failed password for root from 192.0.2.1 port 22 ssh2\n`,
  ).join("");
}

describe("the year of times without one", () => {
  const text = attack((second) => `Feb 29 12:00:0${second}`);

  test("is that of the file's modification", async () => {
    const path = fileOf(text);
    utimesSync(path, new Date("2024-06-01T00:00:00Z"), new Date("2024-06-01T00:00:00Z"));
    expect(outputs(await tamias(["run", JOB, "--json", "--input", path]))).toMatchObject([
      { type: "security", timestamp: Date.UTC(2024, 1, 29, 12, 0, 4) / 1000 },
    ]);
  });

  test("is the current one on standard input", async () => {
    const before = new Date().getUTCFullYear();
    const [alert] = outputs(await tamias(["run", JOB, "--json"], { stdin: attack((second) => `Mar  1 12:00:0${second}`) }));
    expect(alert?.type).toBe("security");
    const year = alert?.type === "security" ? new Date(alert.timestamp * 1000).getUTCFullYear() : NaN;
    expect([before, new Date().getUTCFullYear()]).toContain(year);
  });
});

describe("input that no log should hold", () => {
  const alert = attack((second) => `2026-02-01T12:00:0${second}+01:00`);

  test("an empty file", async () => {
    expect(outputs(await tamias(["run", JOB, "--json", "--input", fileOf("")]))).toEqual([]);
  });

  test("malformed lines and binary garbage between good ones", async () => {
    const garbage = Buffer.from([0x00, 0xff, 0xfe, 0x1b, 0x5b, 0x32, 0x4a, 0xc3, 0x28, 0x0a]);
    const input = fileOf(Buffer.concat([garbage, Buffer.from('{"user_id":\nhello\n'), Buffer.from(alert), garbage]));
    const given = outputs(await tamias(["run", JOB, "--json", "--input", input]));
    expect(given.flatMap((output) => (output.type === "malformed" ? [output.line] : []))).toEqual([1, 2, 3, 9]);
    expect(given.filter((output) => output.type === "security")).toHaveLength(1);
  });

  test("a line longer than any reader holds is one more malformed line", async () => {
    const given = outputs(await tamias(["run", JOB, "--json", "--input", fileOf(`${"x".repeat(17 * 1024 * 1024)}\n${alert}`)]));
    expect(given.map(({ type }) => type).sort()).toEqual(["malformed", "security"]);
  });

  test("escape sequences of strangers do not reach the terminal", async () => {
    const { stdout } = await tamias(["run", JOB, "--input", fileOf("\x1b[2Jhello\n")]);
    expect(stdout).toContain("\\u{1b}[2Jhello");
    expect(stdout).not.toContain("\x1b");
  });
});

test("lines of standard input are judged while it is open", async () => {
  const run = startTamias(["run", JOB, "--json"], {
    stdin: attack((second) => `2026-02-01T12:00:0${second}Z`),
    keepStdinOpen: true,
  });
  await run.printed('"type":"security"');
  run.process.stdin.end();
  expect((await run.ended).code).toBe(0);
});

test("Ctrl-C while standard input is open ends the job", async () => {
  const run = startTamias(["run", JOB, "--json"], { stdin: "hello\n", keepStdinOpen: true });
  await run.printed('"type":"malformed"');
  run.process.kill("SIGINT");
  expect(await run.ended).toMatchObject({ code: 130, stderr: "canceled\n" });
});
