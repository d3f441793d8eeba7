import { expect, test } from "vitest";
import type { RestartSettings } from "../../core/graph/checkpoint-settings.ts";
import { restartStrategy } from "../../core/runtime/restart-strategy.ts";

/** Failures at these times, and how long each waits; undefined: for good. */
function check(settings: RestartSettings, failures: readonly number[], delays: readonly (number | undefined)[], random = 0.5): void {
  const strategy = restartStrategy(settings, () => random);
  expect(failures.map((time) => strategy.delayMs(time))).toEqual(delays);
}

const exponential = {
  type: "exponential-delay",
  initialBackoffMs: 100,
  maxBackoffMs: 350,
  backoffMultiplier: 2,
  resetBackoffThresholdMs: 1_000,
  jitterFactor: 0.1,
  attemptsBeforeReset: Infinity,
} as const;

test("none", () => check({ type: "none" }, [0], [undefined]));
test("fixed delay: so many attempts", () => check({ type: "fixed-delay", attempts: 2, delayMs: 5 }, [0, 1, 2], [5, 5, undefined]));
test("failure rate: so many in an interval", () => {
  const settings = { type: "failure-rate", failuresPerIntervalMax: 2, intervalMs: 100, delayMs: 7 } as const;
  check(settings, [0, 50, 99], [7, 7, undefined]);
  check(settings, [0, 50, 100, 149], [7, 7, 7, undefined]);
});
test("exponential delay: longer each time, up to a bound, and short again after a while without failures", () => {
  check(exponential, [0, 100, 300, 600, 1_000, 2_350], [100, 200, 350, 350, 350, 100]);
  check({ ...exponential, attemptsBeforeReset: 2 }, [0, 100, 300], [100, 200, undefined]);
});
test("exponential delay: by chance a little longer or shorter", () => {
  check(exponential, [0, 100], [90, 180], 0);
  check(exponential, [0, 100, 300], [110, 220, 350], 1);
});
