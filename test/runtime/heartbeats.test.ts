import { expect, test } from "vitest";
import { Heartbeats } from "../../core/runtime/heartbeats.ts";
import { SimulatedHost } from "../../core/testing/index.ts";

/** Whoever watches, and whoever is watched: it answers after `delayMs` by its own line, or not at all. */
class Watched {
  readonly host: SimulatedHost = new SimulatedHost({ seed: 1 });
  readonly dead: number[] = [];
  delayMs: number | undefined = 10;
  readonly heartbeats: Heartbeats;

  constructor() {
    this.heartbeats = new Heartbeats({
      host: this.host,
      intervalMs: 250,
      timeoutMs: 1_500,
      send: () => {
        if (this.delayMs !== undefined) this.host.scheduler.at(this.host.clock.now() + this.delayMs, () => this.heartbeats?.answered());
      },
      onDead: (silentMs) => this.dead.push(silentMs),
    });
  }

  /** The machine stands still; what came meanwhile is read behind the timers that are due. */
  sleep(ms: number): void {
    this.host.advanceTo(this.host.clock.now() + ms);
    while (this.host.step());
  }

  runFor(ms: number): void {
    const until = this.host.clock.now() + ms;
    while (this.host.clock.now() < until) this.sleep(1);
  }
}

test("who does not answer for the timeout is dead, once", () => {
  const watched = new Watched();
  watched.runFor(1_000);
  watched.delayMs = undefined;
  watched.runFor(10_000);
  expect(watched.dead).toEqual([1_500]);
});

test("who answers is not, at whatever pace within the timeout", () => {
  const watched = new Watched();
  watched.delayMs = 1_200;
  watched.runFor(20_000);
  expect(watched.dead).toEqual([]);
});

test("time in which the watcher did not run does not count: a laptop that sleeps again and again, a frozen tab, a throttled one", () => {
  for (const pauseMs of [501, 1_000, 60_000, 3_600_000]) {
    const watched = new Watched();
    watched.delayMs = 200;
    for (let pauses = 0; pauses < 30; pauses += 1) {
      watched.sleep(pauseMs);
      watched.runFor(pauses * 20);
    }
    expect(watched.dead).toEqual([]);
  }
});

test("who died in a pause is found out behind it", () => {
  const watched = new Watched();
  watched.runFor(100);
  watched.delayMs = undefined;
  watched.sleep(3_600_000);
  expect(watched.dead).toEqual([]);
  watched.runFor(1_499);
  expect(watched.dead).toEqual([]);
  watched.runFor(1);
  expect(watched.dead).toEqual([1_500]);
});
