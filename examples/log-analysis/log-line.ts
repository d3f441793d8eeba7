/**
 * Reads one line of a log. A line that starts with `{` is a JSON event, one that starts with either of syslog's times is
 * syslog, of which only sshd's password and public key logins matter; every other non-empty line is malformed.
 */
import { civilFault, DAY_MS, HOUR_MS, MINUTE_MS, timestampOf, type CivilTime } from "../civil-time.ts";

/** What an application logs, one JSON object a line. Other fields than these are left out. */
export interface LogEvent {
  readonly user_id: string;
  readonly session_id: string;
  readonly action: string;
  /** Seconds since the epoch, fractions allowed. */
  readonly timestamp: number;
  readonly ip_address: string;
  readonly user_agent: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface JsonRecord {
  readonly kind: "json";
  /** Event time in ms since the epoch: `event.timestamp`, rounded to ms. */
  readonly timestamp: number;
  readonly event: LogEvent;
}

export interface SshdRecord {
  readonly kind: "sshd";
  /** Event time in ms since the epoch; parts of a ms are cut off. */
  readonly timestamp: number;
  readonly outcome: "failed" | "accepted";
  readonly method: "password" | "publickey";
  /** As the client sent it: it may be empty, hold spaces, or imitate the rest of the message. */
  readonly user: string;
  /** Whether sshd knows no such user. */
  readonly invalidUser: boolean;
  /** Where the connection came from, as sshd wrote it. */
  readonly address: string;
  readonly port: number;
  /** How many logins the line stands for: N of `message repeated N times`, else 1. */
  readonly count: number;
}

export type LogRecord = JsonRecord | SshdRecord;

/** An empty line, or syslog of another program or with another message. */
export interface IgnoredLine {
  readonly kind: "ignored";
}

export interface MalformedLine {
  readonly kind: "malformed";
  readonly reason: string;
}

export type ParsedLine = LogRecord | IgnoredLine | MalformedLine;

/**
 * What is known of the year that `Mmm d hh:mm:ss` leaves out. `parseLogLine` moves it on with every line of that form,
 * whatever its program; it is plain data, so that a snapshot can hold it.
 */
export interface YearState {
  /** Year of the newest line so far; before the first line, the year to start with. */
  year: number;
  /** Time of the newest line so far, ms since the epoch. */
  newest: number | null;
}

/** Lines longer than this are malformed: one line must not be able to fill the memory of the job. */
export const LINE_CHARACTERS_MAX = 1_048_576;
/** `message repeated N times` with a larger N is malformed: one line must not raise alerts without end. */
export const REPEATS_MAX = 10_000;
/** Deeper metadata is malformed: whoever writes it must not be able to exhaust the stack of whoever copies it. */
export const METADATA_DEPTH_MAX = 32;

const SECONDS_MAX = 253_402_300_799; // The end of the year 9999.
const HALF_YEAR_MS = 183 * DAY_MS;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const IGNORED: IgnoredLine = { kind: "ignored" };

const CLASSIC_TIME = /^(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?= |$)/;
const RFC3339_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))(?= |$)/;
const SSHD_MESSAGE = /^ +\S+ +(?:sshd|sshd-session)(?:\[\d+\])?: ?(.*)$/s;
const REPEATED = /^message repeated (\d+) times: \[ ?(.*?) ?\]$/s;
// A client chooses the user's name and may put a whole message into it, so the address is what stands at the end of the
// line: `.*` takes all it can. A login is accepted for names that exist only, while a comment on the key may follow: `.*?`
// takes as little as it can.
const FAILED = /^Failed password for (invalid user )?(.*) from (\S+) port (\d{1,5}) ssh2$/s;
const ACCEPTED = /^Accepted (password|publickey) for (.*?) from (\S+) port (\d{1,5}) ssh2(?:: .*)?$/s;

/** Reads one line without its `\n`; a `\r` at its end and a byte order mark at its start are no part of it. */
export function parseLogLine(text: string, years: YearState): ParsedLine {
  const line = withoutFrame(text);
  if (line === "") return IGNORED;
  if (LINE_CHARACTERS_MAX < line.length) return malformed(`longer than ${LINE_CHARACTERS_MAX} characters`);
  if (line.startsWith("{")) return parseEvent(line);
  const classic = CLASSIC_TIME.exec(line);
  if (classic !== null) return parseSyslog(line.slice(classic[0].length), classicTime(classic, years));
  const rfc3339 = RFC3339_TIME.exec(line);
  if (rfc3339 !== null) return parseSyslog(line.slice(rfc3339[0].length), rfc3339Time(rfc3339));
  return malformed("neither JSON nor syslog: a line starts with {, with Mmm d hh:mm:ss or with an RFC 3339 time and its zone");
}

function withoutFrame(text: string): string {
  const start = text.startsWith("\uFEFF") ? 1 : 0;
  return text.slice(start, text.endsWith("\r") ? -1 : undefined);
}

function malformed(reason: string): MalformedLine {
  return { kind: "malformed", reason };
}

function parseEvent(line: string): JsonRecord | MalformedLine {
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return malformed("not valid JSON");
  }
  const reason = eventFault(fields);
  if (reason !== undefined) return malformed(reason);
  const { user_id, session_id, action, timestamp, ip_address, user_agent, metadata } = fields as unknown as LogEvent;
  const event: LogEvent = { user_id, session_id, action, timestamp, ip_address, user_agent };
  // Many loggers write null for "none".
  const whole = metadata === undefined || metadata === null ? event : { ...event, metadata };
  return { kind: "json", timestamp: Math.round(timestamp * 1000), event: whole };
}

function eventFault(fields: Readonly<Record<string, unknown>>): string | undefined {
  for (const name of ["user_id", "session_id", "action", "ip_address", "user_agent"]) {
    const value = fields[name];
    const mayBeEmpty = name === "ip_address" || name === "user_agent";
    if (typeof value === "string" && (mayBeEmpty || value !== "")) continue;
    return `"${name}" must be a ${mayBeEmpty ? "" : "non-empty "}string, ${found(value)}`;
  }
  const seconds = fields["timestamp"];
  if (typeof seconds !== "number") return `"timestamp" must be a number of seconds, ${found(seconds)}`;
  if (!Number.isFinite(seconds)) return '"timestamp" must be finite';
  if (SECONDS_MAX < Math.abs(seconds)) return '"timestamp" lies beyond the year 9999: it must be in seconds, not in milliseconds';
  const metadata = fields["metadata"];
  if (metadata === undefined || metadata === null) return undefined;
  if (typeof metadata !== "object" || Array.isArray(metadata)) return `"metadata" must be an object, ${found(metadata)}`;
  if (isDeeperThan(metadata, METADATA_DEPTH_MAX)) return `"metadata" is nested deeper than ${METADATA_DEPTH_MAX} levels`;
  return undefined;
}

function found(value: unknown): string {
  if (value === undefined) return "and it is missing";
  if (value === null) return "not null";
  if (value === "") return "not an empty one";
  if (Array.isArray(value)) return "not an array";
  return typeof value === "object" ? "not an object" : `not a ${typeof value}`;
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}

/** A time that was read, or why it does not exist. */
type ReadTime = number | string;

function parseSyslog(afterTime: string, time: ReadTime): SshdRecord | IgnoredLine | MalformedLine {
  if (typeof time === "string") return malformed(time);
  const message = SSHD_MESSAGE.exec(afterTime)?.[1];
  if (message === undefined) return IGNORED;
  const repeated = REPEATED.exec(message);
  const login = readLogin(repeated?.[2] ?? message);
  if (login === undefined) return IGNORED;
  const count = Number(repeated?.[1] ?? 1);
  if (count < 1 || REPEATS_MAX < count) return malformed(`a message repeated ${repeated?.[1]} times; 1 to ${REPEATS_MAX} can be`);
  return { kind: "sshd", timestamp: time, ...login, count };
}

function readLogin(message: string): Omit<SshdRecord, "kind" | "timestamp" | "count"> | undefined {
  const failed = FAILED.exec(message);
  if (failed !== null) {
    const [, invalid, user = "", address = "", port] = failed;
    return { outcome: "failed", method: "password", user, invalidUser: invalid !== undefined, address, port: Number(port) };
  }
  const accepted = ACCEPTED.exec(message);
  if (accepted === null) return undefined;
  const [, word, user = "", address = "", port] = accepted;
  const method = word === "password" ? "password" : "publickey";
  return { outcome: "accepted", method, user, invalidUser: false, address, port: Number(port) };
}

function rfc3339Time(match: RegExpExecArray): ReadTime {
  const [, year, month, day, hour, minute, second, fraction = "", sign, zoneHours = "00", zoneMinutes = "00"] = match;
  const civil = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
  };
  const reason = civilFault(civil);
  if (reason !== undefined) return reason;
  if (23 < Number(zoneHours) || 59 < Number(zoneMinutes)) return `zone ${sign}${zoneHours}:${zoneMinutes} does not exist`;
  const zoneMs = Number(zoneHours) * HOUR_MS + Number(zoneMinutes) * MINUTE_MS;
  const local = timestampOf(civil) + Number(fraction.slice(0, 3).padEnd(3, "0"));
  return sign === "-" ? local + zoneMs : local - zoneMs;
}

function classicTime(match: RegExpExecArray, years: YearState): ReadTime {
  const [, month = "", day, hour, minute, second] = match;
  const civil = {
    year: years.year,
    month: MONTHS.indexOf(month) + 1,
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
  };
  const year = yearOfLine(civil, years);
  const reason = civilFault({ ...civil, year });
  if (reason !== undefined) return civil.month === 2 && civil.day === 29 ? `${reason}: is that the year of the log?` : reason;
  const time = timestampOf({ ...civil, year });
  if (years.newest === null || years.newest < time) {
    years.year = year;
    years.newest = time;
  }
  return time;
}

/**
 * Logs move forward in time. A step back by more than half a year is therefore a new year: from December to January, or from
 * an earlier month where the machine was quiet in between. Lines of different processes may change places, so a December
 * line at most one day behind the newest line, which is of January, belongs to the year before; it does not turn the year
 * back.
 */
function yearOfLine(civil: CivilTime, years: YearState): number {
  const { year, newest } = years;
  if (newest === null) return year;
  if (HALF_YEAR_MS < newest - timestampOf(civil)) return year + 1;
  const aYearBefore = timestampOf({ ...civil, year: year - 1 });
  return civil.month === 12 && newest - aYearBefore <= DAY_MS ? year - 1 : year;
}
