import { describe, expect, test } from "vitest";
import { createLocalHost } from "../../core/local-host.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";
import { hostCases } from "./host.case.ts";

/** Long enough for the timers of the cases; the local host has a real clock. */
const SETTLE_MS = 40;

describe("the in-process host", () => {
  hostCases(() => {
    const host = createLocalHost();
    return {
      host,
      reorders: false,
      settle: () => new Promise((resolve) => host.scheduler.at(host.clock.now() + SETTLE_MS, () => host.scheduler.post(resolve))),
    };
  });
});

describe("the simulated host", () => {
  hostCases(() => {
    const host = new SimulatedHost({ seed: 11, startTime: 1_000 });
    return { host, reorders: true, settle: async () => void host.runUntilIdle() };
  });

  test("equal seeds give equal orders, other seeds other ones", () => {
    const orderOf = (seed: number): string => {
      const host = new SimulatedHost({ seed });
      const seen: number[] = [];
      for (let job = 0; job < 20; job += 1) host.scheduler.post(() => seen.push(job));
      host.runUntilIdle();
      return seen.join();
    };
    expect(orderOf(5)).toBe(orderOf(5));
    expect(new Set([1, 2, 3, 4].map(orderOf)).size).toBe(4);
  });

  test("the clock stands still until it is moved", () => {
    const host = new SimulatedHost({ seed: 1, startTime: 500 });
    host.scheduler.post(() => {});
    host.step();
    expect(host.clock.now()).toBe(500);
    host.advanceTo(700);
    expect(host.clock.now()).toBe(700);
  });
});
