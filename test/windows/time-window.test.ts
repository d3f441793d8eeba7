import fc from "fast-check";
import { expect, test } from "vitest";
import { GlobalWindow, TimeWindow, compareWindows, windowStart } from "../../core/windows/time-window.ts";

test("a window ends before its end", () => {
  const window = new TimeWindow(10, 20);
  expect([window.getStart(), window.getEnd(), window.maxTimestamp(), `${window}`]).toEqual([10, 20, 19, "[10, 20)"]);
});

test.each([
  [0, 5, 5, 9, true, "touching"],
  [0, 5, 6, 9, false, "apart"],
  [0, 9, 3, 4, true, "inside"],
  [3, 3, 3, 3, true, "points"],
])("[%i, %i) and [%i, %i) intersect: %s, %s", (start, end, otherStart, otherEnd, expected) => {
  const a = new TimeWindow(start, end);
  const b = new TimeWindow(otherStart, otherEnd);
  expect([a.intersects(b), b.intersects(a)]).toEqual([expected, expected]);
  expect(a.cover(b).equals(b.cover(a))).toBe(true);
});

test("the global window is one and has no end", () => {
  expect(GlobalWindow.get()).toBe(GlobalWindow.get());
  expect(GlobalWindow.get().maxTimestamp()).toBe(Infinity);
});

test("windows fire by last timestamp, then by start", () => {
  const windows = [GlobalWindow.get(), new TimeWindow(5, 20), new TimeWindow(0, 20), new TimeWindow(7, 10), GlobalWindow.get()];
  expect(windows.sort(compareWindows).map(String)).toEqual(["[7, 10)", "[0, 20)", "[5, 20)", "GlobalWindow", "GlobalWindow"]);
});

/** Flink's getWindowStartWithOffset, on integers of any size. */
function startByRemainder(timestamp: bigint, offset: bigint, size: bigint): bigint {
  const remainder = (timestamp - offset) % size;
  return remainder < 0n ? timestamp - (remainder + size) : timestamp - remainder;
}

test("windowStart is Flink's remainder form, negatives and offsets included", () => {
  const far = 2 ** 52;
  const timestamp = fc.oneof(fc.integer({ min: -100, max: 100 }), fc.integer({ min: -far, max: far }));
  const size = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1e11 }));
  const shift = fc.double({ min: -1, max: 1, minExcluded: true, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(timestamp, size, shift, (time, sizeMs, part) => {
      const offset = Math.trunc(part * sizeMs) + 0;
      const start = windowStart(time, offset, sizeMs);
      expect(start).toBe(Number(startByRemainder(BigInt(time), BigInt(offset), BigInt(sizeMs))));
    }),
    { numRuns: 5000 },
  );
});

test("windowStart never gives −0", () => {
  for (const timestamp of [0, -0, 1, 9]) expect(Object.is(windowStart(timestamp, 0, 10), 0)).toBe(true);
});
