import { describe, expect, test } from "vitest";
import {
  LINE_CHARACTERS_MAX,
  parseLogLine,
  type LogEvent,
  type ParsedLine,
  type YearState,
} from "../../examples/log-analysis/log-line.ts";

function parse(line: string, year = 2026): ParsedLine {
  return parseLogLine(line, { year, newest: null });
}

const event: LogEvent = {
  user_id: "u1",
  session_id: "s1",
  action: "view",
  timestamp: 1_767_571_200.25,
  ip_address: "192.0.2.1",
  user_agent: "",
};

function eventLine(change: object): string {
  return JSON.stringify({ ...event, ...change });
}

describe("JSON events", () => {
  test("are read with their known fields", () => {
    expect(parse(eventLine({ more: 1 }))).toEqual({ kind: "json", timestamp: 1_767_571_200_250, event });
    expect(parse(eventLine({ metadata: null }))).toEqual({ kind: "json", timestamp: 1_767_571_200_250, event });
    expect(parse(eventLine({ metadata: { a: [1] } }))).toMatchObject({ event: { metadata: { a: [1] } } });
    expect(parse(`\uFEFF${eventLine({})}\r`)).toMatchObject({ kind: "json" });
    expect(parse(eventLine({ timestamp: -1.5 }))).toMatchObject({ timestamp: -1500 });
  });

  test.each<[string, string]>([
    ["{", "not valid JSON"],
    [`${eventLine({})}x`, "not valid JSON"],
    [`{"timestamp": NaN}`, "not valid JSON"],
    ["{}", '"user_id" must be a non-empty string, and it is missing'],
    [eventLine({ user_id: "" }), '"user_id" must be a non-empty string, not an empty one'],
    [eventLine({ user_id: 42 }), '"user_id" must be a non-empty string, not a number'],
    [eventLine({ session_id: null }), '"session_id" must be a non-empty string, not null'],
    [eventLine({ action: ["view"] }), '"action" must be a non-empty string, not an array'],
    [eventLine({ user_agent: {} }), '"user_agent" must be a string, not an object'],
    [eventLine({ timestamp: "1" }), '"timestamp" must be a number of seconds, not a string'],
    [eventLine({ timestamp: null }), '"timestamp" must be a number of seconds, not null'],
    [eventLine({}).replace("1767571200.25", "1e999"), '"timestamp" must be finite'],
    [
      eventLine({ timestamp: 1_767_571_200_250 }),
      '"timestamp" lies beyond the year 9999: it must be in seconds, not in milliseconds',
    ],
    [eventLine({ metadata: [] }), '"metadata" must be an object, not an array'],
    [eventLine({ metadata: "x" }), '"metadata" must be an object, not a string'],
    ['{"__proto__": {"user_id": "u"}}', '"user_id" must be a non-empty string, and it is missing'],
  ])("%s is malformed", (line, reason) => {
    expect(parse(line)).toEqual({ kind: "malformed", reason });
  });

  test("hostile nesting is refused and does not exhaust the stack", () => {
    const nested = (levels: number): string => {
      return eventLine({ metadata: {} }).replace("{}", `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`);
    };
    expect(parse(nested(32))).toMatchObject({ kind: "json" });
    expect(parse(nested(33))).toEqual({ kind: "malformed", reason: '"metadata" is nested deeper than 32 levels' });
    expect(parse(nested(100_000))).toMatchObject({ kind: "malformed" });
  });
});

describe("sshd messages", () => {
  const failed = { kind: "sshd", outcome: "failed", method: "password", user: "root", invalidUser: false, port: 22, count: 1 };
  const accepted = { ...failed, outcome: "accepted" };

  test.each<[string, object]>([
    ["Failed password for root from 1.2.3.4 port 22 ssh2", { ...failed, address: "1.2.3.4" }],
    ["Failed password for root from 2001:db8::1%eth0 port 22 ssh2", { address: "2001:db8::1%eth0" }],
    ["Failed password for invalid user bob from 1.2.3.4 port 22 ssh2", { user: "bob", invalidUser: true }],
    ["Failed password for invalid user  from 1.2.3.4 port 22 ssh2", { user: "", invalidUser: true }],
    ["Failed password for invalid user two words from 1.2.3.4 port 22 ssh2", { user: "two words", address: "1.2.3.4" }],
    [
      "Failed password for invalid user x from 1.2.3.4 port 22 ssh2 from 5.6.7.8 port 99 ssh2",
      { user: "x from 1.2.3.4 port 22 ssh2", address: "5.6.7.8", port: 99 },
    ],
    [
      "Failed password for invalid user x] from 1.2.3.4 port 22 ssh2] from 5.6.7.8 port 99 ssh2",
      { user: "x] from 1.2.3.4 port 22 ssh2]", address: "5.6.7.8" },
    ],
    [
      "Failed password for invalid user Accepted password for root from 1.2.3.4 port 22 ssh2 from 5.6.7.8 port 99 ssh2",
      { outcome: "failed", address: "5.6.7.8" },
    ],
    ["Failed password for invalid user a\u2028b\u0007 from 5.6.7.8 port 99 ssh2", { user: "a\u2028b\u0007", address: "5.6.7.8" }],
    ["Accepted password for root from 1.2.3.4 port 22 ssh2", { ...accepted, address: "1.2.3.4" }],
    ["Accepted publickey for DOM\\joe b from 1.2.3.4 port 22 ssh2: RSA SHA256:x", { method: "publickey", user: "DOM\\joe b" }],
    [
      "Accepted publickey for joe from 1.2.3.4 port 22 ssh2: RSA-CERT ID x from 5.6.7.8 port 1 ssh2 (serial 0) CA RSA SHA256:x",
      { user: "joe", address: "1.2.3.4" },
    ],
    ["message repeated 3 times: [ Failed password for root from 1.2.3.4 port 22 ssh2]", { ...failed, count: 3 }],
    [
      "message repeated 2 times: [ Failed password for invalid user a] from 9.9.9.9 port 1 ssh2] from 1.2.3.4 port 22 ssh2]",
      { address: "1.2.3.4", count: 2 },
    ],
  ])("%s", (message, fields) => {
    const starts = ["Jan  5 10:00:00 h sshd[7]: ", "2026-01-05T10:00:00Z h sshd-session[7]: ", "Jan 5 10:00:00 h sshd: "];
    for (const start of starts) {
      expect(parse(start + message)).toMatchObject({ ...fields, kind: "sshd", timestamp: Date.UTC(2026, 0, 5, 10) });
    }
  });

  test.each([
    "host sshd[7]: Invalid user bob from 1.2.3.4 port 22",
    "host sshd[7]: Failed publickey for root from 1.2.3.4 port 22 ssh2: RSA SHA256:x",
    "host sshd[7]: Failed password for root from 1.2.3.4 port 22 ssh1",
    "host sshd[7]: Failed password for root from 1.2.3.4 port 123456 ssh2",
    "host sshd[7]:  Failed password for root from 1.2.3.4 port 22 ssh2",
    "host sshd[7]: message repeated 4 times: [ Invalid user bob from 1.2.3.4 port 22]",
    "host sshd[7]:",
    "host sshdx[7]: Failed password for root from 1.2.3.4 port 22 ssh2",
    "host CRON[7]: pam_unix(cron:session): session opened for user root by (uid=0)",
    "host sudo:   joe : COMMAND=sshd[7]: Failed password for root from 1.2.3.4 port 22 ssh2",
    "host",
    "",
  ])("%s is ignored", (rest) => {
    expect(parse(`Jan  5 10:00:00 ${rest}`)).toEqual({ kind: "ignored" });
    expect(parse(`2026-01-05T10:00:00Z ${rest}`)).toEqual({ kind: "ignored" });
  });

  test.each(["0", "10001", "99999999999999999999"])("%s repetitions are malformed", (count) => {
    const message = `message repeated ${count} times: [ Failed password for root from 1.2.3.4 port 22 ssh2]`;
    const parsed = parse(`Jan  5 10:00:00 host sshd[7]: ${message}`);
    expect(parsed).toEqual({ kind: "malformed", reason: `a message repeated ${count} times; 1 to 10000 can be` });
  });
});

describe("times", () => {
  const message = "host sshd[1]: Failed password for root from 1.2.3.4 port 22 ssh2";
  test.each<[string, number]>([
    ["2026-01-05T10:00:00Z", Date.UTC(2026, 0, 5, 10)],
    ["2026-01-05t10:00:00z", Date.UTC(2026, 0, 5, 10)],
    ["2026-01-05T10:00:00.5+05:30", Date.UTC(2026, 0, 5, 4, 30, 0, 500)],
    ["2026-01-05T10:00:00.123999-08:00", Date.UTC(2026, 0, 5, 18, 0, 0, 123)],
    ["2026-01-01T00:30:00+01:00", Date.UTC(2025, 11, 31, 23, 30)],
    ["2016-12-31T23:59:60Z", Date.UTC(2017, 0, 1)],
    ["Feb 28 23:59:59", Date.UTC(2026, 1, 28, 23, 59, 59)],
    ["Dec 01 00:00:00", Date.UTC(2026, 11, 1)],
    ["Dec  1 00:00:00", Date.UTC(2026, 11, 1)],
  ])("%s", (time, timestamp) => {
    expect(parse(`${time} ${message}`)).toMatchObject({ kind: "sshd", timestamp });
    expect(parse(`${time} ${message}\r`)).toMatchObject({ kind: "sshd", timestamp });
  });

  test.each<[string, string]>([
    ["2026-02-29T10:00:00Z", "day 29 does not exist in month 2 of 2026"],
    ["2026-13-01T10:00:00Z", "month 13 does not exist"],
    ["2026-01-05T24:00:00Z", "time of day 24:00:00 does not exist"],
    ["2026-01-05T10:00:00+24:00", "zone +24:00 does not exist"],
    ["Jan 32 10:00:00", "day 32 does not exist in month 1 of 2026"],
    ["Jan  5 10:60:00", "time of day 10:60:00 does not exist"],
    ["Feb 29 10:00:00", "day 29 does not exist in month 2 of 2026: is that the year of the log?"],
  ])("%s does not exist", (time, reason) => {
    expect(parse(`${time} ${message}`)).toEqual({ kind: "malformed", reason });
  });

  test.each([
    "2026-01-05T10:00:00 host",
    "2026-01-05 10:00:00Z host",
    "2026-01-05T10:00:00+0100 host",
    "2026-01-05T10:00:00Zhost",
    "26-01-05T10:00:00Z host",
    "Jan   5 10:00:00 host",
    "jan  5 10:00:00 host",
    "Januar 5 10:00:00 host",
    "Jan  5 10:00:00x host",
    "<38>Jan  5 10:00:00 host",
    " Jan  5 10:00:00 host",
    ' {"user_id": "u"}',
    "[1]",
    " ",
    "\u0000",
  ])("%j starts with no time and is malformed", (line) => {
    const reason = expect.stringContaining("neither JSON nor syslog") as string;
    expect(parse(line)).toMatchObject({ kind: "malformed", reason });
  });
});

test("empty lines are ignored", () => {
  for (const line of ["", "\r", "\uFEFF"]) expect(parse(line)).toEqual({ kind: "ignored" });
});

describe("the year of classic times", () => {
  /** Each line's time and the year it must get. */
  function check(start: number, lines: readonly (readonly [string, number])[]): void {
    const years: YearState = { year: start, newest: null };
    for (const [time, year] of lines) {
      // A snapshot between any two lines changes nothing.
      Object.assign(years, JSON.parse(JSON.stringify(years)));
      const parsed = parseLogLine(`${time} host sshd[1]: Accepted password for a from ::1 port 1 ssh2`, years);
      expect([time, parsed.kind === "sshd" ? new Date(parsed.timestamp).getUTCFullYear() : parsed]).toEqual([time, year]);
    }
  }

  test("steps from December to January", () => {
    check(2023, [
      ["Dec 31 23:59:59", 2023],
      ["Jan  1 00:00:00", 2024],
      ["Feb 29 00:00:00", 2024],
      ["Dec 31 00:00:00", 2024],
      ["Jan 31 00:00:00", 2025],
    ]);
  });

  test("does not step for lines that changed places, at the turn of the year neither", () => {
    check(2025, [["Mar  1 00:00:05", 2025], ["Feb 28 23:59:59", 2025], ["Mar  1 00:00:06", 2025]]);
    check(2025, [
      ["Dec 31 23:59:58", 2025],
      ["Jan  1 00:00:01", 2026],
      ["Dec 31 23:59:59", 2025],
      ["Jan  1 00:00:00", 2026],
      ["Dec 31 23:59:57", 2025],
      ["Jan  2 00:00:00", 2026],
      ["Dec 31 23:59:59", 2026],
    ]);
    check(2026, [["Jan  1 00:00:00", 2026], ["Dec 31 23:59:59", 2025], ["Jan  1 00:00:01", 2026]]);
  });

  test("steps over quiet months, and stays in a year with quiet months", () => {
    check(2025, [["Oct 31 00:00:00", 2025], ["Feb  1 00:00:00", 2026]]);
    check(2025, [["Jan 10 00:00:00", 2025], ["Dec 30 00:00:00", 2025], ["Jan  1 00:00:00", 2026]]);
  });

  test("moves on with the lines of other programs, and not with times that do not exist", () => {
    const years: YearState = { year: 2025, newest: null };
    parseLogLine("Dec 31 23:00:00 host CRON[1]: x", years);
    expect(years).toEqual({ year: 2025, newest: Date.UTC(2025, 11, 31, 23) });
    parseLogLine("Jan  1 00:00:00 host CRON[1]: x", years);
    expect(years).toEqual({ year: 2026, newest: Date.UTC(2026, 0, 1) });
    parseLogLine("Feb 30 00:00:00 host CRON[1]: x", years);
    parseLogLine("2031-01-01T00:00:00Z host CRON[1]: x", years);
    expect(years).toEqual({ year: 2026, newest: Date.UTC(2026, 0, 1) });
  });
});

describe("long lines", () => {
  test.each<[string, string]>([
    ["names", `Failed password for invalid user ${" from a port 1 ssh2".repeat(50_000)} from 1.2.3.4 port 22 ssh2`],
    ["near misses", `Accepted publickey for ${" from a port 1 ssh2".repeat(50_000)} port x`],
    ["words", `Failed password for ${"a".repeat(1_000_000)}`],
    ["blanks", `message repeated 2 times: [ ${" ".repeat(1_000_000)}`],
  ])("of %s are read in linear time", (_name, message) => {
    const kind = message.endsWith("1.2.3.4 port 22 ssh2") ? "sshd" : "ignored";
    expect(parse(`Jan  5 10:00:00 host sshd[1]: ${message}`).kind).toBe(kind);
  });

  test("beyond the bound are malformed", () => {
    const line = eventLine({ metadata: { filler: "x".repeat(LINE_CHARACTERS_MAX) } });
    expect(parse(line)).toEqual({ kind: "malformed", reason: "longer than 1048576 characters" });
    expect(parse(line.slice(0, LINE_CHARACTERS_MAX))).toEqual({ kind: "malformed", reason: "not valid JSON" });
  });
});
