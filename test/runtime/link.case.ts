import { expect, test } from "vitest";
import type { EndReport, LinkPlan } from "./link-end.ts";

/** Plays a plan at both ends of a new link and tells what became of it, once the link has closed. */
export type PlayLink = (plan: LinkPlan) => Promise<readonly [EndReport, EndReport]>;

const PLAN: LinkPlan = { seed: 1, channels: 3, buffers: 40, bytesMax: 1_500, credits: 4, jobsPerTake: 1, jobsUntilListen: 0 };

/** What every link promises; each implementation runs all of it, with each of the seeds. */
export function linkCases(play: PlayLink, seeds: number): void {
  const each = async (plan: Partial<LinkPlan>, check: (reports: readonly [EndReport, EndReport], plan: LinkPlan) => void): Promise<void> => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const whole = { ...PLAN, ...plan, seed };
      const reports = await play(whole);
      for (const { faults, closes } of reports) expect({ seed, faults, closes }).toEqual({ seed, faults: [], closes: 1 });
      check(reports, whole);
    }
  };
  const expectAll = (reports: readonly [EndReport, EndReport], { channels, buffers, seed }: LinkPlan): void => {
    const all = channels * buffers;
    expect({ seed, counts: reports.map(({ sent, received }) => [sent, received]) }).toEqual({ seed, counts: [[all, all], [all, all]] });
  };

  test("buffers of each channel come whole, in order and once, both ways at a time", () => each({}, expectAll));

  test("what is sent before the other end listens is held", () => each({ jobsUntilListen: 30 }, expectAll));

  test("buffers may be larger than everything that lies between the ends", () => each({ channels: 2, buffers: 6, bytesMax: 40_000 }, expectAll));

  test("many channels share a link and none holds up another", () => each({ channels: 200, buffers: 2, bytesMax: 200 }, expectAll));

  test("one credit a channel is enough", () => each({ credits: 1 }, expectAll));

  test("a slow receiver holds no more than the credits of its channels", () =>
    each({ channels: 2, buffers: 60, jobsPerTake: 25 }, (reports, plan) => {
      expectAll(reports, plan);
      for (const { heldMax } of reports) expect(heldMax).toBeLessThanOrEqual(plan.channels * plan.credits);
    }));

  test("memory is used again, and never while somebody looks at it", () =>
    each({ channels: 4, buffers: 50 }, (reports, plan) => {
      expectAll(reports, plan);
      for (const { reused, sent } of reports) expect(sent / 3).toBeLessThan(reused);
    }));

  for (const end of [0, 1]) {
    test(`a close by the ${end === 0 ? "first" : "second"} end in the middle reaches both, and nothing comes after it`, () =>
      each({ closing: { end, received: 20 }, jobsUntilListen: 3 }, ([first, second]) => {
        expect(20).toBe(end === 0 ? first.received : second.received);
        expect(first.received).toBeLessThanOrEqual(second.sent);
        expect(second.received).toBeLessThanOrEqual(first.sent);
      }));
  }

  test("a close at once is a close", () => each({ closing: { end: 0, received: 0 } }, () => {}));
}
