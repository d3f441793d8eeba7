import { expect, test } from "vitest";
import { StreamExecutionEnvironment as Environment } from "../../core/api/stream-execution-environment.ts";
import { LocalExecutor, SimulatedHost } from "../../core/testing/index.ts";

/** A page's thread: the host wants it back after so many milliseconds of one turn. */
const TURN_MS = 8;
const RECORD_MS = 1;
/** The host is asked once in so many records. */
const RECORDS_PER_LOOK = 64;

test("slow functions of the user give the thread back when the host asks for it, not when a turn is full", () => {
  const host = new SimulatedHost({ seed: 1 });
  let workedMs = 0;
  let turnBegan = 0;
  const turns: number[] = [];
  host.shouldYield = () => TURN_MS <= workedMs - turnBegan;
  const env = new Environment(new LocalExecutor({ host }), {});
  env.fromSequence(1, 1_000).map((n) => {
    workedMs += RECORD_MS;
    return n;
  });
  void env.executeAsync();
  while (host.step()) {
    if (turnBegan < workedMs) turns.push(workedMs - turnBegan);
    turnBegan = workedMs;
  }
  expect(workedMs).toBe(1_000);
  expect(Math.max(...turns)).toBeLessThanOrEqual(RECORDS_PER_LOOK * RECORD_MS);
});
