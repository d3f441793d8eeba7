import { Duration } from "../lib/duration.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";

/** A span of time as an option takes it: milliseconds, a Duration, or text as in Flink's configuration, `"10 s"` or `"5min"`. */
export type TimeSpan = number | string | Duration;

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, sec: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** @throws JobError INVALID_ARGUMENT */
export function checkedTimeMs(name: string, value: unknown, least = 0): number {
  const ms = value instanceof Duration ? value.ms : typeof value === "string" ? textMs(value) : value;
  if (typeof ms === "number" && Number.isFinite(ms) && least <= ms) return ms;
  throw new JobError("INVALID_ARGUMENT", `${name} must be milliseconds, a Duration or text such as "10 s", ${least} ms or more, but is ${show(value)}`);
}

/** @throws JobError INVALID_ARGUMENT unless it is a whole number that is not below `least`. */
export function checkedCount(name: string, value: unknown, least = 1): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && least <= value) return value;
  throw new JobError("INVALID_ARGUMENT", `${name} must be a whole number${least === 1 ? " greater than zero" : `, ${least} or more`}, but is ${show(value)}`);
}

/** @throws JobError INVALID_ARGUMENT */
export function oneOf<V extends string | boolean>(name: string, value: unknown, values: readonly V[]): V {
  const found = values.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new JobError("INVALID_ARGUMENT", `${name} must be one of ${values.join(", ")}, but is ${show(value)}`);
}

function textMs(text: string): number | undefined {
  const [, amount, unit = "ms"] = /^\s*(\d+)\s*([a-z]+)?\s*$/.exec(text) ?? [];
  const unitMs = Object.hasOwn(UNITS_MS, unit) ? UNITS_MS[unit] : undefined;
  return amount === undefined || unitMs === undefined ? undefined : Number(amount) * unitMs;
}
