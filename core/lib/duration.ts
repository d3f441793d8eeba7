import { JobError } from "./errors.ts";
import { show } from "./show.ts";

const MS_PER_SECOND = 1000;
const MS_PER_MINUTE = 60 * MS_PER_SECOND;
const MS_PER_HOUR = 60 * MS_PER_MINUTE;
const MS_PER_DAY = 24 * MS_PER_HOUR;

const UNITS = [
  ["d", MS_PER_DAY],
  ["h", MS_PER_HOUR],
  ["m", MS_PER_MINUTE],
  ["s", MS_PER_SECOND],
  ["ms", 1],
] as const;

/**
 * A span of time. It may be negative (window offsets are), never infinite or NaN.
 *
 * ```ts
 * Duration.ofMinutes(90).toString(); // "1h30m"
 * ```
 */
export class Duration {
  static readonly ZERO: Duration = new Duration(0);

  /** The span in milliseconds. */
  readonly ms: number;

  private constructor(ms: number) {
    this.ms = ms;
  }

  static ofMillis(amount: number): Duration {
    return durationOf(amount, 1, (ms) => new Duration(ms));
  }

  static ofSeconds(amount: number): Duration {
    return durationOf(amount, MS_PER_SECOND, (ms) => new Duration(ms));
  }

  static ofMinutes(amount: number): Duration {
    return durationOf(amount, MS_PER_MINUTE, (ms) => new Duration(ms));
  }

  static ofHours(amount: number): Duration {
    return durationOf(amount, MS_PER_HOUR, (ms) => new Duration(ms));
  }

  static ofDays(amount: number): Duration {
    return durationOf(amount, MS_PER_DAY, (ms) => new Duration(ms));
  }

  /** The span in the largest units that divide it, such as `5s`, `1h30m` or `250ms`. */
  toString(): string {
    if (this.ms === 0) return "0s";
    let rest = Math.abs(this.ms);
    let text = this.ms < 0 ? "-" : "";
    for (const [unit, unitMs] of UNITS) {
      // What is left below a second stays in one number, a fraction of a millisecond included.
      const count = unit === "ms" ? rest : Math.floor(rest / unitMs);
      if (0 < count) text += `${count}${unit}`;
      rest -= count * unitMs;
    }
    return text;
  }
}

function durationOf(amount: number, unitMs: number, make: (ms: number) => Duration): Duration {
  const ms = amount * unitMs;
  if (typeof amount !== "number" || !Number.isFinite(ms)) {
    throw new JobError("INVALID_ARGUMENT", `a duration must be a finite number, but got ${show(amount)}`);
  }
  // −0 ms is 0 ms: two durations of equal length must print and store alike.
  return make(ms === 0 ? 0 : ms);
}

/** `milliseconds(250)`: a span of 250 ms. */
export function milliseconds(amount: number): Duration {
  return Duration.ofMillis(amount);
}

/** `seconds(5)`: a span of 5 s. */
export function seconds(amount: number): Duration {
  return Duration.ofSeconds(amount);
}

/** `minutes(30)`: a span of 30 min. */
export function minutes(amount: number): Duration {
  return Duration.ofMinutes(amount);
}

/** `hours(1)`: a span of 1 h. */
export function hours(amount: number): Duration {
  return Duration.ofHours(amount);
}

/** `days(7)`: a span of 7 × 24 h. */
export function days(amount: number): Duration {
  return Duration.ofDays(amount);
}
