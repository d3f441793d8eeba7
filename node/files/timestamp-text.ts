/** Where a number of so many digits stands at `at`, that number; else NaN. */
function digits(bytes: Uint8Array, at: number, count: number, end: number): number {
  if (end < at + count) return NaN;
  let value = 0;
  for (let index = at; index < at + count; index += 1) {
    const digit = bytes[index]! - 0x30;
    if (digit < 0 || 9 < digit) return NaN;
    value = 10 * value + digit;
  }
  return value;
}

const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const DAY_MS = 86_400_000;
/** Years from 0 to 99 mean 1900 to 1999 to `Date.UTC`, so it is asked for the year one turn of the calendar later. */
const CALENDAR_YEARS = 400;
const CALENDAR_DAYS = 146_097;

const [DASH, COLON, DOT, PLUS, SPACE, T, Z] = [0x2d, 0x3a, 0x2e, 0x2b, 0x20, 0x54, 0x5a];

/**
 * The time that is written in [start, end) by ISO 8601, in ms since the epoch; NaN where it is none. A date, `2001-05-31`, or a date and a
 * time, `2001-05-31T06:00[:30[.25]]` with `T` or a space between them, then `Z`, an offset such as `+02:00`, or nothing: then it is UTC, on
 * every machine. What is finer than a millisecond is cut off.
 */
export function timestampIn(bytes: Uint8Array, start: number, end: number): number {
  const day = dayIn(bytes, start, end);
  let at = start + 10;
  if (at === end) return day;
  if (bytes[at] !== T && bytes[at] !== SPACE) return NaN;
  const hours = digits(bytes, at + 1, 2, end);
  const minutes = digits(bytes, at + 4, 2, end);
  if (bytes[at + 3] !== COLON || 23 < hours || 59 < minutes) return NaN;
  let ms = day + 3_600_000 * hours + 60_000 * minutes;
  at += 6;
  if (at < end && bytes[at] === COLON) {
    const seconds = digits(bytes, at + 1, 2, end);
    if (59 < seconds) return NaN;
    ms += 1_000 * seconds;
    at += 3;
    if (at < end && bytes[at] === DOT) {
      const from = at + 1;
      for (at = from; at < end && 0x30 <= bytes[at]! && bytes[at]! <= 0x39; at += 1) if (at < from + 3) ms += (bytes[at]! - 0x30) * 10 ** (2 - (at - from));
      if (at === from) return NaN;
    }
  }
  return ms - offsetIn(bytes, at, end);
}

function dayIn(bytes: Uint8Array, start: number, end: number): number {
  const year = digits(bytes, start, 4, end);
  const month = digits(bytes, start + 5, 2, end);
  const day = digits(bytes, start + 8, 2, end);
  if (bytes[start + 4] !== DASH || bytes[start + 7] !== DASH) return NaN;
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && isLeapYear ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0);
  return 1 <= day && day <= days ? Date.UTC(year + CALENDAR_YEARS, month - 1, day) - CALENDAR_DAYS * DAY_MS : NaN;
}

/** How far the written time is ahead of UTC, ms. */
function offsetIn(bytes: Uint8Array, at: number, end: number): number {
  if (at === end || (at + 1 === end && bytes[at] === Z)) return 0;
  const hours = digits(bytes, at + 1, 2, end);
  const minutes = digits(bytes, at + 4, 2, end);
  const isOffset = (bytes[at] === PLUS || bytes[at] === DASH) && bytes[at + 3] === COLON && at + 6 === end && hours <= 23 && minutes <= 59;
  if (!isOffset) return NaN;
  const offset = 3_600_000 * hours + 60_000 * minutes;
  return bytes[at] === PLUS ? offset : -offset;
}
