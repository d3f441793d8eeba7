/**
 * UTC calendar arithmetic of our own. `Date.parse` reads anything but ISO as each engine likes, and takes local time where
 * no zone is written; the examples must give the same timestamps on every machine. The algorithm is Howard Hinnant's "days
 * from civil", exact in the proleptic Gregorian calendar.
 */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

const DAYS_BEFORE_EPOCH = 719_468; // From 0000-03-01 to 1970-01-01.
const DAYS_PER_ERA = 146_097; // 400 years.
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** A date and a time of day in UTC. Months and days count from 1. */
export interface CivilTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Days of a month, 0 for a month that does not exist. */
export function daysInMonth(year: number, month: number): number {
  if (month === 2 && isLeapYear(year)) return 29;
  return DAYS_IN_MONTH[month - 1] ?? 0;
}

/** Days from 1970-01-01 to the date, which must exist. Years start in March here, so that the leap day comes last. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const monthFromMarch = month <= 2 ? month + 9 : month - 3;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - DAYS_BEFORE_EPOCH;
}

/** The UTC date and time of day of a timestamp in ms since the epoch; the part below the second is cut off. */
export function civilFromTimestamp(timestamp: number): CivilTime {
  const days = Math.floor(timestamp / DAY_MS);
  const seconds = Math.floor((timestamp - days * DAY_MS) / 1000);
  const shifted = days + DAYS_BEFORE_EPOCH;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const leapDays = Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const hour = Math.floor(seconds / 3_600);
  return { year, month, day, hour, minute: Math.floor(seconds / 60) - hour * 60, second: seconds % 60 };
}

/**
 * ms since the epoch of a UTC date and time of day. The date must exist; second 60 (a leap second) is the start of the next
 * minute.
 */
export function timestampOf(civil: CivilTime): number {
  const days = daysFromCivil(civil.year, civil.month, civil.day);
  return days * DAY_MS + civil.hour * HOUR_MS + civil.minute * MINUTE_MS + civil.second * 1000;
}

/** Why the date and time do not exist, or `undefined` where they do. */
export function civilFault(civil: CivilTime): string | undefined {
  if (civil.month < 1 || 12 < civil.month) return `month ${civil.month} does not exist`;
  if (civil.day < 1 || daysInMonth(civil.year, civil.month) < civil.day) {
    return `day ${civil.day} does not exist in month ${civil.month} of ${civil.year}`;
  }
  if (23 < civil.hour || 59 < civil.minute || 60 < civil.second) {
    return `time of day ${padded(civil.hour)}:${padded(civil.minute)}:${padded(civil.second)} does not exist`;
  }
  return undefined;
}

/** The number written by `count` decimal digits from `start` on, or −1 where one of them is missing. */
export function digitsAt(text: string, start: number, count: number): number {
  let value = 0;
  for (let i = start; i < start + count; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(0 <= digit && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** `2001-01-31 09:05`, for people. */
export function formatMinute(timestamp: number): string {
  const civil = civilFromTimestamp(timestamp);
  return `${padded(civil.year, 4)}-${padded(civil.month)}-${padded(civil.day)} ${padded(civil.hour)}:${padded(civil.minute)}`;
}

/** `2001-01-31 09:05:07`, for people. */
export function formatSecond(timestamp: number): string {
  return `${formatMinute(timestamp)}:${padded(civilFromTimestamp(timestamp).second)}`;
}

function padded(value: number, width = 2): string {
  return String(value).padStart(width, "0");
}
