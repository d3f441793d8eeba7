import { describe, expect, test } from "vitest";
import { days, Duration, hours, milliseconds, minutes, seconds } from "../../core/lib/duration.ts";

describe("a duration", () => {
  test.each([
    [seconds(5), 5_000, "5s"],
    [Duration.ofMinutes(90), 5_400_000, "1h30m"],
    [milliseconds(250), 250, "250ms"],
    [milliseconds(1_250), 1_250, "1s250ms"],
    [milliseconds(0.5), 0.5, "0.5ms"],
    [days(1), 86_400_000, "1d"],
    [hours(25), 90_000_000, "1d1h"],
    [minutes(-90), -5_400_000, "-1h30m"],
    [Duration.ZERO, 0, "0s"],
    [seconds(-0), 0, "0s"],
  ])("%s", (duration, ms, text) => {
    expect(duration.ms).toBe(ms);
    expect(duration.toString()).toBe(text);
  });

  test.each([Number.NaN, Infinity, -Infinity, Number.MAX_VALUE, "5" as unknown as number, undefined as unknown as number])(
    "refuses %s seconds",
    (amount) => expect(() => seconds(amount)).toThrow(/INVALID_ARGUMENT.*finite number/),
  );
});
