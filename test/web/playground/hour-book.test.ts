import { expect, test } from "vitest";
import { BARS, HourBook, type HourBars } from "../../../web/playground/src/engine/hour-book.ts";

const HOUR_MS = 3_600_000;

function firstBar(bars: HourBars | undefined): Record<string, number> {
  const { waiting, fired, fresh, corrected, tooLate } = bars!;
  return { waiting: waiting[0]!, fired: fired[0]!, fresh: fresh[0]!, corrected: corrected[0]!, tooLate: tooLate[0]! };
}

test("an hour fills, fires, is corrected, and what is left of it was too late", () => {
  const book = new HourBook();
  expect(book.bars(-Infinity, 0)).toBeUndefined();
  book.addRead(Int32Array.of(100), Int32Array.of(10), 0);
  expect(firstBar(book.bars(-Infinity, 0))).toEqual({ waiting: 10, fired: 0, fresh: 0, corrected: 0, tooLate: 0 });
  book.addResult(100 * HOUR_MS, 6, false, 10);
  book.addResult(100 * HOUR_MS, 7, true, 10);
  expect(firstBar(book.bars(101 * HOUR_MS, 20))).toEqual({ waiting: 3, fired: 6, fresh: 6, corrected: 1, tooLate: 0 });
  expect(firstBar(book.bars(102 * HOUR_MS, 900))).toEqual({ waiting: 0, fired: 6, fresh: 0, corrected: 1, tooLate: 3 });
  expect(book.bars(102 * HOUR_MS, 2_000), "nothing has changed any more").toBeUndefined();
});

test("bars stand for more hours where event time passes fast, and move on with the newest hour", () => {
  const book = new HourBook();
  book.addRead(Int32Array.of(0, 60), Int32Array.of(1, 2), 0);
  expect(book.bars(0, 0)).toMatchObject({ barHours: 1, from: (60 - BARS + 1) * HOUR_MS });
  book.adjust(100);
  const bars = book.bars(0, 0)!;
  expect(bars).toMatchObject({ barHours: 6, from: 0 });
  expect([bars.tooLate[0]! + bars.waiting[0]!, bars.waiting[10]]).toEqual([1, 2]);
  book.adjust(1);
  expect(book.bars(0, 0)!.barHours).toBe(1);
  book.addRead(Int32Array.of(100_000), Int32Array.of(5), 0);
  book.addRead(Int32Array.of(100_000 - 8_192), Int32Array.of(5), 0);
  expect(book.bars(0, 0)!.waiting.reduce((sum, count) => sum + count, 0), "what is too old to be drawn is forgotten").toBe(5);
});
