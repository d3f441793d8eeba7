/**
 * What the log analysis decides, as functions over plain data; the job keeps the data in keyed state. Records are judged in
 * stream order: none waits for an earlier one that may still come.
 */
import { DAY_MS, MINUTE_MS } from "../civil-time.ts";
import type { LogEvent, LogRecord } from "./log-line.ts";

export const FAILURES_TO_ALERT = 5;
export const FAILURE_WINDOW_MS = 5 * MINUTE_MS;
export const ANOMALY_AFTER_MS = DAY_MS;
export const OUT_OF_ORDERNESS_MS = 10_000;
export const SUSPICIOUS_MAX = 10;

const FAILED_LOGINS: readonly string[] = ["login_failed", "failed_login", "login_failure"];
const WATCHED_ACTIONS: readonly string[] = ["view", "purchase", "download"];

/** Whose failures are counted together: a user of the application, or a source address of sshd. The two never mix. */
export function keyOf(record: LogRecord): string {
  return record.kind === "json" ? `user ${record.event.user_id}` : `address ${record.address}`;
}

/**
 * Application logs have no one word for a failed login: `login_failed`, `failed_login`, `login_failure`, or a `login` whose
 * metadata says `success: false`.
 */
export function isFailedLogin(event: LogEvent): boolean {
  return FAILED_LOGINS.includes(event.action) || (event.action === "login" && event.metadata?.["success"] === false);
}

export function isSuccessfulLogin(event: LogEvent): boolean {
  return event.action === "login" && !isFailedLogin(event);
}

/** The last of the failures that together are an alert happened with the record at hand. */
export interface FailureAlert {
  /** Time of the first of them in stream order, ms since the epoch. */
  readonly since: number;
  readonly failures: number;
}

export interface FailureJudgement {
  /** Times of the failures that count on, in stream order: what state holds from now on, at most four. */
  readonly failures: readonly number[];
  readonly alerts: readonly FailureAlert[];
}

/**
 * Adds `count` failures at `time` to those that still count. One counts while `time − failure < 5 min` and is forgotten
 * afterwards; five of them are an alert, after which the count starts again, so that a line which stands for many failures
 * may raise several alerts.
 */
export function judgeFailures(failures: readonly number[], time: number, count = 1): FailureJudgement {
  let counting = failures.filter((failure) => time - failure < FAILURE_WINDOW_MS);
  const alerts: FailureAlert[] = [];
  for (let i = 0; i < count; i++) {
    counting.push(time);
    if (counting.length < FAILURES_TO_ALERT) continue;
    alerts.push({ since: counting[0]!, failures: FAILURES_TO_ALERT });
    counting = [];
  }
  return { failures: counting, alerts };
}

/**
 * Whether an action comes too long after the user's last login. `lastLogin` is undefined where none was seen: then nothing
 * is known.
 */
export function isAnomaly(action: string, time: number, lastLogin: number | null | undefined): boolean {
  if (lastLogin === null || lastLogin === undefined || !WATCHED_ACTIONS.includes(action)) return false;
  return ANOMALY_AFTER_MS < time - lastLogin;
}

/** The session a user is in. Times are ms since the epoch. */
export interface Session {
  readonly sessionId: string;
  readonly first: number;
  readonly last: number;
}

/**
 * The current session after a record of the user. A record of another session begins that session, unless it is from before
 * the current one: then it is a straggler of the last session, and the current one stays.
 */
export function sessionAfter(current: Session | null | undefined, sessionId: string, time: number): Session {
  if (current === null || current === undefined) return { sessionId, first: time, last: time };
  if (current.sessionId !== sessionId) return time < current.first ? current : { sessionId, first: time, last: time };
  return { sessionId, first: Math.min(current.first, time), last: Math.max(current.last, time) };
}

/** A failed login, or a record that raised an alert. */
export interface SuspiciousRecord {
  /** ms since the epoch. */
  readonly timestamp: number;
  readonly action: string;
  readonly ipAddress: string;
  readonly alert: "security" | "anomaly" | null;
}

/** The last ten suspicious records, in stream order. */
export function suspiciousAfter(records: readonly SuspiciousRecord[], record: SuspiciousRecord): readonly SuspiciousRecord[] {
  return [...records, record].slice(-SUSPICIOUS_MAX);
}

/** Start of the minute of event time that a record belongs to. */
export function minuteOf(time: number): number {
  return Math.floor(time / MINUTE_MS) * MINUTE_MS;
}

/** When the minute's metrics are due: at its last timestamp, as a window's results are. */
export function metricsTimer(minute: number): number {
  return minute + MINUTE_MS - 1;
}

/** The minute whose metrics are due at that timer. */
export function minuteOfTimer(timer: number): number {
  return timer - MINUTE_MS + 1;
}

/**
 * The name under which state counts an action in a minute: records of the next minute may come before the minute's metrics
 * are due.
 */
export function actionSlot(minute: number, action: string): string {
  return `${minute} ${action}`;
}

export type ActionCount = readonly [action: string, count: number];

/** The counts of one minute by action, sorted by action, out of all that state holds. */
export function actionsOfMinute(slots: Iterable<ActionCount>, minute: number): readonly ActionCount[] {
  const prefix = actionSlot(minute, "");
  const counts: ActionCount[] = [];
  for (const [slot, count] of slots) {
    if (slot.startsWith(prefix)) counts.push([slot.slice(prefix.length), count]);
  }
  return counts.sort(([a], [b]) => (a < b ? -1 : 1));
}
