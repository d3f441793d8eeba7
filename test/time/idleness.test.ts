import { expect, test } from "vitest";
import { IdlenessTimer } from "../../core/time/idleness.ts";

test("an input is idle after a timeout of deliverable time without a record", () => {
  const timer = new IdlenessTimer(100);
  expect(timer.advance(60)).toBe(false);
  expect(timer.remainingMs).toBe(40);
  expect(timer.advance(40)).toBe(true);
  expect(timer.isIdle).toBe(true);
  expect(timer.advance(1000)).toBe(false);
  expect(timer.remainingMs).toBe(Infinity);
});

test("a record starts the count again and ends idleness", () => {
  const timer = new IdlenessTimer(100);
  timer.advance(99);
  expect(timer.activity()).toBe(false);
  expect(timer.advance(99)).toBe(false);
  expect(timer.advance(1)).toBe(true);
  expect(timer.activity()).toBe(true);
  expect([timer.isIdle, timer.remainingMs]).toEqual([false, 100]);
});

test("a clock that stood still or jumped back causes no idleness", () => {
  const timer = new IdlenessTimer(100);
  timer.advance(-500);
  timer.advance(0);
  timer.advance(NaN);
  expect(timer.remainingMs).toBe(100);
});

test("goes on idle or active after a restore", () => {
  const timer = new IdlenessTimer(100);
  timer.restore(true);
  expect(timer.isIdle).toBe(true);
  timer.restore(false);
  expect(timer.remainingMs).toBe(100);
});
