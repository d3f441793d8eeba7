import { expect, test } from "vitest";
import { BarrierTracking } from "../../core/checkpoint/barrier-tracking.ts";

/** Steps as in barrier-alignment.test.ts: `2#1` is a barrier of checkpoint 1 on channel 2, `!1` gives up checkpoint 1. Expected: the steps at which a snapshot is due. */
function check(channels: number, steps: string, due: string): void {
  const tracking = new BarrierTracking(channels);
  const found = steps.split(" ").filter((step) => {
    expect([tracking.isBlocked(), tracking.isAligning]).toEqual([false, false]);
    if (step.startsWith("!")) tracking.abort(Number(step.slice(1)));
    const [channel, checkpointId] = step.split("#").map(Number) as [number, number];
    return !step.startsWith("!") && tracking.onBarrier(channel, checkpointId);
  });
  expect(found.join(" ")).toBe(due);
}

test("one channel is complete at once", () => check(1, "0#1 0#2", "0#1 0#2"));
test("the last channel completes", () => check(3, "0#1 2#1 1#1 1#2 0#2 2#2", "1#1 2#2"));
test("two checkpoints are followed at once", () => check(2, "0#1 0#2 1#1 1#2", "1#1 1#2"));
test("one that is complete ends those before it", () => check(2, "0#1 0#2 1#2 1#1", "1#2"));
test("barriers of one that was given up do nothing", () => check(2, "0#1 !1 1#1 0#2 1#2", "1#2"));
test("more than it follows at a time give up the oldest", () => {
  const many = Array.from({ length: 51 }, (_, index) => `0#${index + 1}`).join(" ");
  check(2, `${many} 1#1 1#2 1#51`, "1#2 1#51");
});
