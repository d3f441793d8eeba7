import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  civilFault,
  civilFromTimestamp,
  daysFromCivil,
  daysInMonth,
  digitsAt,
  formatMinute,
  formatSecond,
  timestampOf,
} from "../../examples/civil-time.ts";

const DATE_MS_MAX = 8.64e15;

/** Date.UTC takes the years 0 to 99 for 1900 to 1999; setUTCFullYear does not. */
function referenceOf(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month - 1, day);
}

describe("civil time agrees with Date, the years before 100 included", () => {
  test("from a timestamp and back", () => {
    fc.assert(
      fc.property(fc.integer({ min: -DATE_MS_MAX, max: DATE_MS_MAX }), (timestamp) => {
        const date = new Date(timestamp);
        const civil = civilFromTimestamp(timestamp);
        expect(civil).toEqual({
          year: date.getUTCFullYear(),
          month: date.getUTCMonth() + 1,
          day: date.getUTCDate(),
          hour: date.getUTCHours(),
          minute: date.getUTCMinutes(),
          second: date.getUTCSeconds(),
        });
        expect(civilFault(civil)).toBeUndefined();
        expect(timestampOf(civil)).toBe(timestamp - date.getUTCMilliseconds());
      }),
      { numRuns: 2_000, seed: 20_260_105 },
    );
  });

  test("every day of 800 years, and which days exist", () => {
    for (let year = 1600; year < 2400; year++) {
      for (let month = 1; month <= 12; month++) {
        expect(daysInMonth(year, month)).toBe(new Date(referenceOf(year, month + 1, 0)).getUTCDate());
        expect(daysFromCivil(year, month, 1)).toBe(referenceOf(year, month, 1) / 86_400_000);
      }
    }
  });
});

const noon = { year: 2024, month: 2, day: 29, hour: 12, minute: 0, second: 0 };

test.each([
  [{}, undefined],
  [{ second: 60 }, undefined],
  [{ year: 2023 }, "day 29 does not exist in month 2 of 2023"],
  [{ year: 1900 }, "day 29 does not exist in month 2 of 1900"],
  [{ year: 2000 }, undefined],
  [{ day: 0 }, "day 0 does not exist in month 2 of 2024"],
  [{ month: 0 }, "month 0 does not exist"],
  [{ month: 13 }, "month 13 does not exist"],
  [{ hour: 24 }, "time of day 24:00:00 does not exist"],
  [{ minute: 60 }, "time of day 12:60:00 does not exist"],
  [{ second: 61 }, "time of day 12:00:61 does not exist"],
])("2024-02-29 12:00:00 with %o", (change, fault) => {
  expect(civilFault({ ...noon, ...change })).toBe(fault);
});

test("a leap second is the start of the next minute", () => {
  expect(timestampOf({ year: 2016, month: 12, day: 31, hour: 23, minute: 59, second: 60 })).toBe(Date.UTC(2017, 0, 1));
});

test("digits and formats", () => {
  expect(digitsAt("2001/02", 0, 4)).toBe(2001);
  expect(digitsAt("2001/02", 3, 2)).toBe(-1);
  expect(digitsAt("2001/02", 6, 2)).toBe(-1);
  expect(formatMinute(Date.UTC(2001, 0, 31, 9, 5, 59))).toBe("2001-01-31 09:05");
  expect(formatSecond(Date.UTC(2001, 0, 31, 9, 5, 7, 999))).toBe("2001-01-31 09:05:07");
});
