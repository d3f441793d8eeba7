import type { Cancellable, Host } from "./host.ts";

/** A pause counts for one step at most. */
const STEPS = 4;

/**
 * Runs `job` when this host has run for `timeoutMs`: what was to happen until then has not. Time in which a laptop slept or a tab was frozen does not count, for what is waited for
 * stood still too, or has come and lies unread: a step whose timer comes late by more than itself is waited for again.
 */
export function afterRunningFor({ clock, scheduler }: Pick<Host, "clock" | "scheduler">, timeoutMs: number, job: () => void): Cancellable {
  const stepMs = timeoutMs / STEPS;
  let stepsLeft = STEPS;
  let timer: Cancellable;
  const wait = (): void => {
    const due = clock.now() + stepMs;
    timer = scheduler.at(due, () => {
      if (clock.now() - due <= stepMs) stepsLeft -= 1;
      if (0 < stepsLeft) wait();
      else job();
    });
  };
  wait();
  return { cancel: () => timer.cancel() };
}
