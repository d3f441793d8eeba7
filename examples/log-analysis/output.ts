/**
 * What the log analysis prints: with `--json` one of these objects a line, else a sentence. Times are in seconds since the
 * epoch, as in the input, with fractions down to the ms.
 *
 * Metrics are about users of JSON events; sshd lines raise security alerts only, because the users in them are whatever
 * strangers type. A record at time t belongs to the minute of event time that t lies in. When the watermark reaches the last
 * ms of a minute, every user with a record in it gets one metrics line: the minute's own actions, and session and suspicious
 * records as they are at that point of the stream. A late record, whose minute was reported before it came, is judged as any
 * other; its minute is reported once more as soon as the watermark moves again, with the late records' actions alone. So
 * actions add up over all lines to what was read.
 */
import { formatMinute, formatSecond } from "../civil-time.ts";
import type { JsonRecord, LogRecord } from "./log-line.ts";
import type { ActionCount, FailureAlert, Session, SuspiciousRecord } from "./rules.ts";

/** Five failed logins of one user (`source` json) or one address (`source` sshd) within five minutes. */
export interface SecurityOutput {
  readonly type: "security";
  readonly source: "json" | "sshd";
  /** The user of the last failure; with sshd the name that was tried. */
  readonly user_id: string;
  /** The address of the last failure. */
  readonly ip_address: string;
  /** Time of the last failure. */
  readonly timestamp: number;
  /** Time of the first of the failures in stream order. */
  readonly since: number;
  readonly failures: number;
}

/** A view, purchase or download more than 24 hours after the user's last login. */
export interface AnomalyOutput {
  readonly type: "anomaly";
  readonly user_id: string;
  readonly session_id: string;
  readonly action: string;
  readonly ip_address: string;
  readonly timestamp: number;
  readonly last_login: number;
}

/** What a user did in one minute of event time. */
export interface MetricsOutput {
  readonly type: "metrics";
  readonly user_id: string;
  readonly minute_start: number;
  /** The full minute at which this is reported; no part of the minute. */
  readonly minute_end: number;
  /** How often the user did what in that minute, sorted by action. */
  readonly actions: Readonly<Record<string, number>>;
  readonly session_id: string;
  /** Last minus first timestamp of the current session so far. */
  readonly session_duration: number;
  /** The last ten failed logins and records that raised an alert, in stream order, of any minute. */
  readonly suspicious: readonly SuspiciousOutput[];
}

export interface SuspiciousOutput {
  readonly timestamp: number;
  readonly action: string;
  readonly ip_address: string;
  readonly alert: "security" | "anomaly" | null;
}

export interface MalformedOutput {
  readonly type: "malformed";
  /** Counted from 1, over all lines of the input. */
  readonly line: number;
  readonly reason: string;
  /** The start of the line. */
  readonly text: string;
}

export type Output = SecurityOutput | AnomalyOutput | MetricsOutput | MalformedOutput;

const TEXT_CHARACTERS_MAX = 120;

export function securityOutput(record: LogRecord, alert: FailureAlert): SecurityOutput {
  return {
    type: "security",
    source: record.kind,
    user_id: record.kind === "json" ? record.event.user_id : record.user,
    ip_address: record.kind === "json" ? record.event.ip_address : record.address,
    timestamp: record.timestamp / 1000,
    since: alert.since / 1000,
    failures: alert.failures,
  };
}

export function anomalyOutput({ event, timestamp }: JsonRecord, lastLogin: number): AnomalyOutput {
  const { user_id, session_id, action, ip_address } = event;
  return { type: "anomaly", user_id, session_id, action, ip_address, timestamp: timestamp / 1000, last_login: lastLogin / 1000 };
}

export interface MinuteMetrics {
  readonly userId: string;
  /** Start of the minute, ms since the epoch. */
  readonly minute: number;
  readonly actions: readonly ActionCount[];
  readonly session: Session;
  readonly suspicious: readonly SuspiciousRecord[];
}

export function metricsOutput({ userId, minute, actions, session, suspicious }: MinuteMetrics): MetricsOutput {
  return {
    type: "metrics",
    user_id: userId,
    minute_start: minute / 1000,
    minute_end: minute / 1000 + 60,
    // fromEntries, because an action named __proto__ must be a field like any other.
    actions: Object.fromEntries(actions),
    session_id: session.sessionId,
    session_duration: (session.last - session.first) / 1000,
    suspicious: suspicious.map(({ timestamp, action, ipAddress, alert }) => {
      return { timestamp: timestamp / 1000, action, ip_address: ipAddress, alert };
    }),
  };
}

export function malformedOutput(line: number, reason: string, text: string): MalformedOutput {
  return { type: "malformed", line, reason, text: text.slice(0, TEXT_CHARACTERS_MAX) };
}

/**
 * The output as a sentence for a terminal. Whatever comes from the log is made harmless: a user's name may hold escape
 * sequences.
 */
export function describeOutput(output: Output): string {
  switch (output.type) {
    case "security":
      return describeSecurity(output);
    case "anomaly":
      return describeAnomaly(output);
    case "metrics":
      return describeMetrics(output);
    case "malformed":
      return `line ${output.line}  malformed: ${output.reason}: ${printable(output.text)}`;
  }
}

function describeAnomaly({ user_id, action, timestamp, last_login }: AnomalyOutput): string {
  const hours = ((timestamp - last_login) / 3600).toFixed(1);
  return `${second(timestamp)}  ANOMALY   user ${printable(user_id)}: ${printable(action)} ${hours} h after the last login`;
}

function describeMetrics({ user_id, minute_start, actions, session_id, session_duration, suspicious }: MetricsOutput): string {
  const counts = Object.entries(actions).map(([action, count]) => `${printable(action)} ${count}`);
  const session = `session ${printable(session_id)} ${session_duration} s`;
  const parts = [counts.join(", "), session, ...(suspicious.length === 0 ? [] : [`${suspicious.length} suspicious`])];
  return `${formatMinute(minute_start * 1000)}     metrics   user ${printable(user_id)}: ${parts.join("; ")}`;
}

function describeSecurity({ source, user_id, ip_address, timestamp, failures, since }: SecurityOutput): string {
  const who = source === "json" ? `user ${printable(user_id)}` : `address ${printable(ip_address)}`;
  const last = source === "json" ? `from ${printable(ip_address)}` : `as ${printable(user_id)}`;
  return `${second(timestamp)}  SECURITY  ${who}: ${failures} failed logins since ${second(since)}, the last ${last}`;
}

function second(seconds: number): string {
  return formatSecond(seconds * 1000);
}

/** Control characters, and those that turn the direction of writing, as `\u{…}`. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, (character) => {
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}
