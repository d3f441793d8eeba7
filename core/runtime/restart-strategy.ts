import type { RestartSettings } from "../graph/checkpoint-settings.ts";
import { unreachable } from "../lib/assert.ts";

/** Whether a job begins again after a failure, and when, as Flink's strategies of the same names. */
export interface RestartStrategy {
  /** The job has failed at `now`; how long to wait, ms, before it begins again, undefined where it does not. */
  delayMs(now: number): number | undefined;
}

export function restartStrategy(settings: RestartSettings, random: () => number): RestartStrategy {
  switch (settings.type) {
    case "none":
      return { delayMs: () => undefined };
    case "fixed-delay": {
      let attempts = 0;
      return {
        delayMs: () => {
          attempts += 1;
          return attempts <= settings.attempts ? settings.delayMs : undefined;
        },
      };
    }
    case "failure-rate": {
      const failures: number[] = [];
      return {
        delayMs: (now) => {
          while (failures[0] !== undefined && failures[0] + settings.intervalMs <= now) failures.shift();
          failures.push(now);
          return failures.length <= settings.failuresPerIntervalMax ? settings.delayMs : undefined;
        },
      };
    }
    case "exponential-delay":
      return exponentialDelay(settings, random);
    default:
      return unreachable(settings);
  }
}

function exponentialDelay(settings: RestartSettings & { readonly type: "exponential-delay" }, random: () => number): RestartStrategy {
  let backoffMs = settings.initialBackoffMs;
  let attempts = 0;
  let lastFailure = -Infinity;
  return {
    delayMs: (now) => {
      // What it waited does not count as time without a failure.
      if (lastFailure + backoffMs + settings.resetBackoffThresholdMs <= now) {
        backoffMs = settings.initialBackoffMs;
        attempts = 0;
      } else if (0 < attempts) backoffMs = Math.min(settings.maxBackoffMs, backoffMs * settings.backoffMultiplier);
      attempts += 1;
      lastFailure = now;
      if (settings.attemptsBeforeReset < attempts) return undefined;
      const jitterMs = backoffMs * settings.jitterFactor * (2 * random() - 1);
      return Math.max(0, Math.min(settings.maxBackoffMs, Math.round(backoffMs + jitterMs)));
    },
  };
}
