import { expect, test } from "vitest";
import { BarrierAlignment } from "../../core/checkpoint/barrier-alignment.ts";

/** Steps: `2#1` is a barrier of checkpoint 1 on channel 2, `!1` gives up checkpoint 1. Expected: the steps that complete an alignment. */
function check(channels: number, steps: string, completing: string): void {
  const alignment = new BarrierAlignment(channels);
  const completed: string[] = [];
  for (const step of steps.split(" ")) {
    if (step.startsWith("!")) {
      alignment.abort(Number(step.slice(1)));
      continue;
    }
    const [channel, checkpointId] = step.split("#").map(Number) as [number, number];
    expect(alignment.isBlocked(channel), `${step}: a blocked channel is not read`).toBe(false);
    if (alignment.onBarrier(channel, checkpointId)) completed.push(step);
  }
  expect(completed.join(" ")).toBe(completing);
}

test("one channel completes at once", () => check(1, "0#1 0#2 0#3", "0#1 0#2 0#3"));
test("the last channel completes", () => check(3, "0#1 2#1 1#1 1#2 0#2 2#2", "1#1 2#2"));
test("a newer checkpoint ends the alignment of an older one", () => check(2, "0#1 1#2 0#2", "0#2"));
test("a barrier of an older checkpoint is passed over", () => check(2, "0#2 1#1 1#2", "1#2"));
test("a checkpoint that was given up unblocks its channels", () => check(2, "0#1 !1 0#2 1#1 1#2", "1#2"));
test("late barriers of a checkpoint that was given up do nothing", () => check(2, "!3 0#3 1#3 0#4 1#4", "1#4"));

test("a channel is blocked from its barrier until the last one", () => {
  const alignment = new BarrierAlignment(2);
  alignment.onBarrier(0, 1);
  expect([alignment.isBlocked(0), alignment.isBlocked(1), alignment.isAligning]).toEqual([true, false, true]);
  alignment.onBarrier(1, 1);
  expect([alignment.isBlocked(0), alignment.isBlocked(1), alignment.isAligning]).toEqual([false, false, false]);
});
