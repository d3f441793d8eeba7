import { expect, test } from "vitest";
import { LocalTimers } from "../../core/host/local-timers.ts";

/** A platform moved by hand: its clock, and the one timeout that is set. */
class HandMoved {
  time = 1_000;
  timeout: { readonly run: () => void; readonly ms: number } | undefined;
  readonly ran: string[] = [];
  readonly timers: LocalTimers = new LocalTimers({
    now: () => this.time,
    setTimeout: (run, ms) => (this.timeout = { run, ms }),
    clearTimeout: (timeout) => {
      if (this.timeout === timeout) this.timeout = undefined;
    },
    post: (job) => job(),
  });

  at(time: number): { cancel(): void } {
    return this.timers.at(time, () => void this.ran.push(`${time} at ${this.time}`));
  }

  /** The timeout comes, at this time by the clock. */
  comeAt(time: number): void {
    this.time = time;
    const { run } = this.timeout!;
    this.timeout = undefined;
    run();
  }
}

test("one timeout serves all timers, in the order of their times and not of their setting, however late it comes", () => {
  const platform = new HandMoved();
  platform.at(1_020);
  platform.at(1_005);
  platform.at(1_040);
  expect(platform.timeout?.ms).toBe(5);
  platform.comeAt(1_030);
  expect(platform.ran).toEqual(["1005 at 1030", "1020 at 1030"]);
  expect(platform.timeout?.ms).toBe(10);
});

test("a timeout that comes before its time by the clock is set once more", () => {
  const platform = new HandMoved();
  platform.at(1_005);
  platform.comeAt(1_004);
  expect(platform.ran).toEqual([]);
  expect(platform.timeout?.ms).toBe(1);
  platform.comeAt(1_005);
  expect(platform.ran).toEqual(["1005 at 1005"]);
});

test("where the clock stands still timers come in their order all the same", () => {
  const platform = new HandMoved();
  platform.at(1_020);
  platform.at(1_005);
  for (let timeout = 0; timeout < 4; timeout += 1) platform.comeAt(1_000);
  expect(platform.ran).toEqual(["1005 at 1000", "1020 at 1000"]);
  expect(platform.timeout).toBe(undefined);
});

test("times beyond what a timeout takes are waited for in parts", () => {
  const platform = new HandMoved();
  const time = 1_000 + 2 ** 32;
  platform.at(time);
  for (let waited = 2 ** 31 - 1; waited < 2 ** 32; waited += 2 ** 31 - 1) platform.comeAt(1_000 + waited);
  expect(platform.ran).toEqual([]);
  platform.comeAt(time);
  expect(platform.ran).toEqual([`${time} at ${time}`]);
});

test("no timeout is left where all timers are cancelled; the one of a cancelled timer wakes nobody else", () => {
  const platform = new HandMoved();
  const first = platform.at(1_005);
  const second = platform.at(1_020);
  first.cancel();
  platform.comeAt(1_005);
  expect(platform.ran).toEqual([]);
  expect(platform.timeout?.ms).toBe(15);
  second.cancel();
  expect(platform.timeout).toBe(undefined);
});
