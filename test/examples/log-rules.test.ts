import { describe, expect, test } from "vitest";
import type { LogEvent, LogRecord } from "../../examples/log-analysis/log-line.ts";
import { describeOutput, malformedOutput, metricsOutput, printable, securityOutput } from "../../examples/log-analysis/output.ts";
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
  sessionAfter,
  suspiciousAfter,
  type Session,
  type SuspiciousRecord,
} from "../../examples/log-analysis/rules.ts";

const event: LogEvent = { user_id: "1.2.3.4", session_id: "s", action: "login", timestamp: 1, ip_address: "::1", user_agent: "" };

describe("failures", () => {
  type Pair = readonly [number, number];

  /** Failures at these seconds, `[second, count]` for repeated ones, raise alerts `[since, second]` and leave what counts on. */
  function check(failures: readonly (number | Pair)[], alerts: readonly Pair[], left: readonly number[]): void {
    let state: readonly number[] = [];
    const raised: Pair[] = [];
    for (const failure of failures) {
      const [second, count] = typeof failure === "number" ? [failure, 1] : failure;
      const judgement = judgeFailures(state, second * 1000, count);
      state = judgement.failures;
      raised.push(...judgement.alerts.map(({ since }) => [since / 1000, second] as const));
    }
    expect({ raised, left: state.map((time) => time / 1000) }).toEqual({ raised: alerts, left });
  }

  test("five within five minutes are an alert, and the count starts again", () => {
    check([0, 1, 2, 3], [], [0, 1, 2, 3]);
    check([0, 1, 2, 3, 299.999], [[0, 299.999]], []);
    check([0, 1, 2, 3, 300], [], [1, 2, 3, 300]);
    check([0, 1, 2, 3, 300, 300.999], [[1, 300.999]], []);
    check([0, 0, 0, 0, 0, 0, 0, 0, 0], [[0, 0]], [0, 0, 0, 0]);
    check([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [[0, 0], [0, 0]], []);
  });

  test("a line may stand for many", () => {
    check([[7, 5]], [[7, 7]], []);
    check([1, [7, 4]], [[1, 7]], []);
    check([[1, 3], [7, 9]], [[1, 7], [7, 7]], [7, 7]);
  });

  test("in stream order: an earlier one that comes late counts, one that has expired is forgotten", () => {
    check([100, 95, 94, 93, 92], [[100, 92]], []);
    check([0, 1, 2, 301.5, 299], [], [2, 301.5, 299]);
  });
});

test("what is a failed login, and what a successful one", () => {
  for (const action of ["login_failed", "failed_login", "login_failure"]) expect(isFailedLogin({ ...event, action })).toBe(true);
  expect(isFailedLogin({ ...event, metadata: { success: false } })).toBe(true);
  expect(isSuccessfulLogin({ ...event, metadata: { success: false } })).toBe(false);
  expect(isSuccessfulLogin(event)).toBe(true);
  expect(isSuccessfulLogin({ ...event, metadata: { success: true } })).toBe(true);
  expect(isFailedLogin({ ...event, action: "view", metadata: { success: false } })).toBe(false);
  expect(isSuccessfulLogin({ ...event, action: "view" })).toBe(false);
});

test("an anomaly is more than 24 hours after a login that was seen", () => {
  const day = 86_400_000;
  for (const action of ["view", "purchase", "download"]) {
    expect(isAnomaly(action, day, 0)).toBe(false);
    expect(isAnomaly(action, day + 1, 0)).toBe(true);
    expect(isAnomaly(action, day + 1, null)).toBe(false);
    expect(isAnomaly(action, day + 1, undefined)).toBe(false);
  }
  expect(isAnomaly("logout", day + 1, 0)).toBe(false);
});

const sshd: LogRecord = {
  kind: "sshd",
  timestamp: 1500,
  outcome: "failed",
  method: "password",
  user: "ro\u001b[2Jot",
  invalidUser: true,
  address: "1.2.3.4",
  port: 22,
  count: 1,
};

test("users and addresses never share a key", () => {
  expect(keyOf({ kind: "json", timestamp: 1, event })).not.toBe(keyOf(sshd));
});

test("sessions", () => {
  const trace: readonly (readonly [string, number, Session])[] = [
    ["a", 100, { sessionId: "a", first: 100, last: 100 }],
    ["a", 105, { sessionId: "a", first: 100, last: 105 }],
    ["a", 98, { sessionId: "a", first: 98, last: 105 }],
    ["b", 104, { sessionId: "b", first: 104, last: 104 }],
    ["a", 103, { sessionId: "b", first: 104, last: 104 }],
    ["b", 110, { sessionId: "b", first: 104, last: 110 }],
    ["a", 111, { sessionId: "a", first: 111, last: 111 }],
  ];
  let session: Session | undefined;
  for (const [id, time, expected] of trace) {
    session = sessionAfter(session, id, time);
    expect(session).toEqual(expected);
  }
});

test("the last ten suspicious records are kept", () => {
  let records: readonly SuspiciousRecord[] = [];
  for (let timestamp = 0; timestamp < 12; timestamp++) {
    records = suspiciousAfter(records, { timestamp, action: "login_failed", ipAddress: "::1", alert: null });
  }
  expect(records.map((record) => record.timestamp)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test("minutes", () => {
  expect(minuteOf(119_999)).toBe(60_000);
  expect(minuteOf(-1)).toBe(-60_000);
  expect(metricsTimer(60_000)).toBe(119_999);
  expect(minuteOfTimer(119_999)).toBe(60_000);
  const slots: [string, number][] = [
    [actionSlot(60_000, "view"), 2],
    [actionSlot(60_000, "a b"), 1],
    [actionSlot(6_000, "view"), 9],
    [actionSlot(120_000, "view"), 9],
    [actionSlot(60_000, "__proto__"), 3],
  ];
  expect(actionsOfMinute(slots, 60_000)).toEqual([["__proto__", 3], ["a b", 1], ["view", 2]]);
});

describe("output", () => {
  test("names an action __proto__ like any other", () => {
    const session = { sessionId: "s", first: 1_500, last: 4_000 };
    const metrics = metricsOutput({ userId: "u", minute: 60_000, actions: [["__proto__", 3]], session, suspicious: [] });
    expect(JSON.stringify(metrics)).toBe(
      '{"type":"metrics","user_id":"u","minute_start":60,"minute_end":120,"actions":{"__proto__":3},' +
        '"session_id":"s","session_duration":2.5,"suspicious":[]}',
    );
    expect(describeOutput(metrics)).toBe("1970-01-01 00:01     metrics   user u: __proto__ 3; session s 2.5 s");
  });

  test("for a terminal holds no control characters of the log", () => {
    const security = securityOutput(sshd, { since: 0, failures: 5 });
    expect(security).toEqual({
      type: "security",
      source: "sshd",
      user_id: "ro\u001b[2Jot",
      ip_address: "1.2.3.4",
      timestamp: 1.5,
      since: 0,
      failures: 5,
    });
    expect(describeOutput(security)).toBe(
      "1970-01-01 00:00:01  SECURITY  address 1.2.3.4: 5 failed logins since 1970-01-01 00:00:00, the last as ro\\u{1b}[2Jot",
    );
    expect(printable("a\u202Eb\u009Bc\nd é 😀")).toBe("a\\u{202e}b\\u{9b}c\\u{a}d é 😀");
    expect(malformedOutput(3, "why", "x".repeat(500)).text).toHaveLength(120);
  });
});
