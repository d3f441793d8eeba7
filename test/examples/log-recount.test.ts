/** The rules, put together without the engine, against what the independent recount says. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { LogGenerator, type LogGeneratorOptions } from "../../examples/log-analysis/log-generator.ts";
import { parseLogLine, type JsonRecord, type LogRecord } from "../../examples/log-analysis/log-line.ts";
import {
  anomalyOutput,
  malformedOutput,
  metricsOutput,
  securityOutput,
  type Output,
} from "../../examples/log-analysis/output.ts";
import {
  actionSlot,
  actionsOfMinute,
  isAnomaly,
  isFailedLogin,
  isSuccessfulLogin,
  judgeFailures,
  keyOf,
  metricsTimer,
  minuteOf,
  minuteOfTimer,
  OUT_OF_ORDERNESS_MS,
  sessionAfter,
  suspiciousAfter,
  type Session,
  type SuspiciousRecord,
} from "../../examples/log-analysis/rules.ts";
import { comparable, readLines } from "./comparable-outputs.ts";

const folder = mkdtempSync(join(tmpdir(), "log-analysis-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** All state of one key, as the job's keyed state holds it. */
interface KeyState {
  failures: readonly number[];
  lastLogin: number | undefined;
  session: Session | undefined;
  suspicious: readonly SuspiciousRecord[];
  readonly actions: Map<string, number>;
  readonly timers: Set<number>;
}

class Analysis {
  readonly output: Output[] = [];
  readonly #keys = new Map<string, KeyState>();
  #watermark = -Infinity;

  run(lines: readonly string[], year: number): readonly Output[] {
    const years = { year, newest: null };
    lines.forEach((line, index) => {
      const parsed = parseLogLine(line, years);
      if (parsed.kind === "malformed") this.output.push(malformedOutput(index + 1, parsed.reason, line));
      if (parsed.kind === "json" || parsed.kind === "sshd") this.#judge(parsed);
    });
    this.#advance(Infinity);
    return this.output;
  }

  #judge(record: LogRecord): void {
    const key = keyOf(record);
    let state = this.#keys.get(key);
    if (state === undefined) {
      state = { failures: [], lastLogin: undefined, session: undefined, suspicious: [], actions: new Map(), timers: new Set() };
      this.#keys.set(key, state);
    }
    if (record.kind === "json") this.#judgeEvent(state, record);
    else if (record.outcome === "accepted") state.failures = [];
    else this.#fail(state, record, record.count);
    this.#advance(record.timestamp - OUT_OF_ORDERNESS_MS - 1);
  }

  #judgeEvent(state: KeyState, record: JsonRecord): void {
    const { event, timestamp } = record;
    let alert: SuspiciousRecord["alert"] = null;
    const isFailed = isFailedLogin(event);
    if (isFailed && this.#fail(state, record, 1)) alert = "security";
    if (isSuccessfulLogin(event)) {
      state.failures = [];
      state.lastLogin = timestamp;
    }
    if (isAnomaly(event.action, timestamp, state.lastLogin)) {
      this.output.push(anomalyOutput(record, state.lastLogin ?? NaN));
      alert = "anomaly";
    }
    if (isFailed || alert !== null) {
      const suspicious = { timestamp, action: event.action, ipAddress: event.ip_address, alert };
      state.suspicious = suspiciousAfter(state.suspicious, suspicious);
    }
    state.session = sessionAfter(state.session, event.session_id, timestamp);
    const slot = actionSlot(minuteOf(timestamp), event.action);
    state.actions.set(slot, (state.actions.get(slot) ?? 0) + 1);
    state.timers.add(metricsTimer(minuteOf(timestamp)));
  }

  #fail(state: KeyState, record: LogRecord, count: number): boolean {
    const { failures, alerts } = judgeFailures(state.failures, record.timestamp, count);
    state.failures = failures;
    this.output.push(...alerts.map((alert) => securityOutput(record, alert)));
    return 0 < alerts.length;
  }

  #advance(watermark: number): void {
    if (watermark <= this.#watermark) return;
    this.#watermark = watermark;
    for (const [key, state] of this.#keys) {
      for (const timer of [...state.timers].filter((time) => time <= watermark)) this.#report(key, state, timer);
    }
  }

  #report(key: string, state: KeyState, timer: number): void {
    const minute = minuteOfTimer(timer);
    const actions = actionsOfMinute(state.actions, minute);
    for (const [action] of actions) state.actions.delete(actionSlot(minute, action));
    state.timers.delete(timer);
    if (state.session === undefined) throw new Error("a timer without a record");
    const { session, suspicious } = state;
    this.output.push(metricsOutput({ userId: key.slice("user ".length), minute, actions, session, suspicious }));
  }
}

function readBeside(name: string): string {
  return readFileSync(new URL(name, import.meta.url), "utf8");
}

const hasPython = spawnSync("python3", ["--version"]).status === 0;

function recount(file: string, year: number): unknown[] {
  const script = new URL("recount-log.py", import.meta.url).pathname;
  return readLines(execFileSync("python3", [script, file, "--year", String(year)], { encoding: "utf8", maxBuffer: 2 ** 28 }));
}

interface Case {
  readonly name: string;
  readonly lines: readonly string[];
  readonly expected: string;
  readonly year: number;
}

interface Sample {
  readonly name: string;
  readonly options: LogGeneratorOptions;
  readonly lines: number;
  readonly year: number;
}

const samples = (JSON.parse(readBeside("log-samples.json")) as Sample[]).map(({ name, options, lines, year }): Case => {
  const expected = `log-sample-${name}.expected.jsonl`;
  return { name: `sample "${name}"`, lines: [...new LogGenerator(options).lines(lines)], expected, year };
});
const fixtures = [["auth.log", "auth.expected.jsonl", 2025], ["auth-rfc3339.log", "auth-rfc3339.expected.jsonl", 2026]] as const;
const cases: Case[] = fixtures.map(([name, expected, year]) => ({ name, lines: readBeside(name).split("\n"), expected, year }));

describe.each([...cases, ...samples])("$name", ({ lines, expected, year }) => {
  test("gives what was recounted", () => {
    expect(comparable(new Analysis().run(lines, year))).toEqual(comparable(readLines(readBeside(expected))));
  });

  test.runIf(hasPython)("is recounted to what is committed (needs python3)", () => {
    const file = join(folder, expected);
    writeFileSync(file, lines.join("\n"));
    expect(recount(file, year)).toEqual(readLines(readBeside(expected)));
  });
});

test("the turn of the year, hostile names, repeated messages and cleared counts of auth.log", () => {
  const alerts = new Analysis().run(readBeside("auth.log").split("\n"), 2025).filter((output) => output.type === "security");
  expect(alerts).toEqual([
    {
      type: "security",
      source: "sshd",
      user_id: "root",
      ip_address: "203.0.113.77",
      timestamp: Date.UTC(2026, 0, 1, 0, 0, 2) / 1000,
      since: Date.UTC(2025, 11, 31, 23, 58, 12) / 1000,
      failures: 5,
    },
  ]);
});

test("the expected output holds every kind of line, and minutes that late records report again", () => {
  const outputs = readLines(readBeside("log-sample-mixed.expected.jsonl")) as Output[];
  expect(new Set(outputs.map((output) => output.type))).toEqual(new Set(["security", "anomaly", "metrics", "malformed"]));
  const sources = outputs.flatMap((output) => (output.type === "security" ? [output.source] : []));
  expect(new Set(sources)).toEqual(new Set(["json", "sshd"]));
  const late = readLines(readBeside("log-sample-late.expected.jsonl")) as Output[];
  const minutes = late.flatMap((output) => (output.type === "metrics" ? [`${output.user_id} ${output.minute_start}`] : []));
  expect(new Set(minutes).size).toBeLessThan(minutes.length);
});

test.runIf(hasPython)("larger samples are recounted alike (needs python3)", () => {
  for (const seed of [21, 22, 23]) {
    const syslogTime = seed % 2 === 0 ? "classic" : "rfc3339";
    const shares = { malformedShare: 0.02, attackShare: 0.2 };
    const options = { seed, format: "mixed", syslogTime, disorderMs: 30_000, ...shares } as const;
    const lines = [...new LogGenerator(options).lines(5_000)];
    const file = join(folder, `seed-${seed}.log`);
    writeFileSync(file, lines.join("\n"));
    expect(comparable(new Analysis().run(lines, 2026)), `seed ${seed}`).toEqual(comparable(recount(file, 2026)));
  }
});
