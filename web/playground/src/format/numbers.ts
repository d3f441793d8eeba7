/** Numbers and times for people. The page is in English, and event time is UTC, as in the data. */

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const ONE_DIGIT = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const SHORT = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const PERCENT = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 });
const SHARE = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const MOMENT = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
const HOUR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });

const NONE = "–";
const HOUR_MS = 3_600_000;
/** Watermarks behind the end of input are no times any more. */
const TIME_MAX = 8.64e15;

export function whole(value: number): string {
  return WHOLE.format(value);
}

/** Three digits at most, so that a number that changes does not jump: 987, 9.9 k, 12 k, 1.25 M. */
export function brief(value: number): string {
  if (value < 1_000) return WHOLE.format(value);
  if (value < 9_950) return `${ONE_DIGIT.format(value / 1e3)} k`;
  if (value < 999_500) return `${WHOLE.format(value / 1e3)} k`;
  return `${(value / 1e6).toFixed(value < 9.995e6 ? 2 : 1)} M`;
}

/** As short as it can be said. */
export function axisNumber(value: number): string {
  if (value < 1_000) return WHOLE.format(value);
  return value < 1e6 ? `${SHORT.format(value / 1e3)} k` : `${SHORT.format(value / 1e6)} M`;
}

export function oneDigit(value: number): string {
  return ONE_DIGIT.format(value);
}

export function percent(share: number): string {
  return PERCENT.format(share);
}

export function finePercent(share: number): string {
  return SHARE.format(share);
}

export function moment(time: number): string {
  return isTime(time) ? MOMENT.format(time) : NONE;
}

export function hour(time: number): string {
  return isTime(time) ? HOUR.format(time) : NONE;
}

export function day(time: number): string {
  return isTime(time) ? DAY.format(time) : NONE;
}

export function clock(time: number): string {
  return isTime(time) ? CLOCK.format(time) : NONE;
}

/** A span of time, in the two largest units that it has. */
export function span(ms: number): string {
  if (!Number.isFinite(ms) || TIME_MAX <= Math.abs(ms)) return NONE;
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${Math.floor(hours / 24)} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function seconds(ms: number): string {
  return ms < 10_000 ? `${ONE_DIGIT.format(ms / 1_000)} s` : `${WHOLE.format(ms / 1_000)} s`;
}

export function isTime(time: number): boolean {
  return Number.isFinite(time) && Math.abs(time) < TIME_MAX;
}

export { HOUR_MS };
