import { expect, test } from "vitest";
import { nearestName } from "../../core/lib/nearest-name.ts";

const KNOWN = ["parallelism", "maxParallelism", "bufferTimeout", "limit"];

test.each([
  ["paralelism", "parallelism"],
  ["Parallelism", "parallelism"],
  ["maxparallelism", "maxParallelism"],
  ["buffertimeot", "bufferTimeout"],
  ["limits", "limit"],
  ["color", undefined],
  ["x", undefined],
  ["", undefined],
])("%j suggests %j", (name, expected) => {
  expect(nearestName(name, KNOWN)).toBe(expected);
});
