import { expect, test } from "vitest";
import { afterRunningFor } from "../../core/host/running-timeout.ts";
import { SimulatedHost } from "../../core/testing/index.ts";

const MINUTES = 60_000;

/** A timeout on a host, and when it came. */
function waiting(timeoutMs: number): { readonly host: SimulatedHost; readonly came: number[]; readonly cancel: () => void } {
  const host = new SimulatedHost({ seed: 1 });
  const came: number[] = [];
  const { cancel } = afterRunningFor(host, timeoutMs, () => came.push(host.clock.now()));
  return { host, came, cancel };
}

/** The clock jumps, and what is due then runs. */
function sleep(host: SimulatedHost, ms: number): void {
  host.advanceTo(host.clock.now() + ms);
  while (host.step());
}

test("comes when the host has run for so long", () => {
  const { host, came } = waiting(1_000);
  host.runUntilIdle();
  expect(came).toEqual([1_000]);
});

test("does not come for pauses, however many and long, nor right behind one", () => {
  const { host, came } = waiting(1_000);
  for (let pause = 0; pause < 20; pause += 1) sleep(host, 10 * MINUTES);
  expect(came).toEqual([]);
  const awake = host.clock.now();
  host.runUntilIdle();
  expect(came).toEqual([awake + 1_000]);
});

test("a pause takes no more than a step from what is left", () => {
  const { host, came } = waiting(1_000);
  sleep(host, 250);
  sleep(host, 250);
  sleep(host, 250);
  sleep(host, 10 * MINUTES);
  const awake = host.clock.now();
  host.runUntilIdle();
  expect(came).toEqual([awake + 250]);
});

test("never comes once it is cancelled", () => {
  const { host, came, cancel } = waiting(1_000);
  sleep(host, 300);
  cancel();
  host.runUntilIdle();
  expect(came).toEqual([]);
});
