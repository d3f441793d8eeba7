import { expect, test } from "vitest";
import { type Accumulator } from "../../core/functions/accumulator.ts";
import { Accumulators } from "../../core/functions/accumulators.ts";
import {
  AverageAccumulator,
  DoubleCounter,
  DoubleMaximum,
  DoubleMinimum,
  Histogram,
  IntCounter,
  IntMaximum,
  IntMinimum,
  ListAccumulator,
  LongCounter,
} from "../../core/functions/built-in-accumulators.ts";
import { JobError } from "../../core/lib/errors.ts";

/** Two subtasks add; `empty` is what comes out of none. */
const CASES: readonly {
  readonly make: () => Accumulator<number, unknown>;
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly merged: unknown;
  readonly empty: unknown;
}[] = [
  { make: () => new IntCounter(), left: [1, 2], right: [-5], merged: -2, empty: 0 },
  { make: () => new LongCounter(), left: [2 ** 40], right: [1], merged: 2 ** 40 + 1, empty: 0 },
  { make: () => new DoubleCounter(), left: [0.5], right: [0.25], merged: 0.75, empty: 0 },
  { make: () => new AverageAccumulator(), left: [1, 2, 3], right: [10], merged: 4, empty: 0 },
  { make: () => new IntMinimum(), left: [5, 2], right: [3], merged: 2, empty: 2_147_483_647 },
  { make: () => new IntMaximum(), left: [5, 2], right: [], merged: 5, empty: -2_147_483_648 },
  { make: () => new DoubleMinimum(), left: [0.5], right: [0.25], merged: 0.25, empty: Infinity },
  { make: () => new DoubleMaximum(), left: [0.5], right: [0.25], merged: 0.5, empty: -Infinity },
  { make: () => new Histogram(), left: [3, 1], right: [3, 2], merged: new Map([[1, 1], [2, 1], [3, 2]]), empty: new Map() },
  { make: () => new ListAccumulator<number>(), left: [3, 1], right: [2], merged: [3, 1, 2], empty: [] },
];

for (const { make, left, right, merged, empty } of CASES) {
  test(`${make().constructor.name} merges, resets, and copies`, () => {
    const a = make();
    const b = make();
    expect(a.getLocalValue()).toEqual(empty);
    for (const value of left) a.add(value);
    for (const value of right) b.add(value);
    const beforeMerge = a.getLocalValue();
    const copy = a.clone();
    copy.merge(b);
    expect(copy.getLocalValue()).toEqual(merged);
    expect(a.getLocalValue()).toEqual(beforeMerge);
    copy.resetLocal();
    expect(copy.getLocalValue()).toEqual(empty);
  });
}

function codeOf(call: () => void): string {
  try {
    call();
  } catch (error) {
    return (error as JobError).code;
  }
  return "nothing was thrown";
}

test("what an accumulator cannot hold exactly is refused", () => {
  expect(codeOf(() => new IntCounter().add(0.5))).toBe("INVALID_ARGUMENT");
  expect(codeOf(() => new LongCounter(Number.MAX_SAFE_INTEGER).add(1))).toBe("ARITHMETIC_OVERFLOW");
  expect(codeOf(() => new IntMinimum().add(2 ** 31))).toBe("INVALID_ARGUMENT");
  expect(codeOf(() => new Histogram().add(NaN))).toBe("INVALID_ARGUMENT");
  expect(codeOf(() => new AverageAccumulator().merge(new DoubleCounter()))).toBe("INVALID_ARGUMENT");
});

test("results merge over subtasks and may be read while subtasks go on", () => {
  const job = new Accumulators();
  const counters = [1, 10].map((n) => new IntCounter(n));
  for (const counter of counters) job.forSubtask().add("n", counter);
  expect(job.results()).toEqual(new Map([["n", 11]]));
  counters[0]!.add(1);
  expect(job.results()).toEqual(new Map([["n", 12]]));
});

test("an accumulator object that several subtasks share counts once", () => {
  const job = new Accumulators();
  const shared = new IntCounter();
  for (const subtask of [job.forSubtask(), job.forSubtask()]) subtask.add("n", shared);
  shared.add(3);
  expect(job.results().get("n")).toBe(3);
});

test("the next run of a job starts from nothing, also where the accumulator object is the same", () => {
  const shared = new IntCounter();
  new Accumulators().forSubtask().add("n", shared);
  shared.add(3);
  const next = new Accumulators();
  next.forSubtask().add("n", shared);
  expect(next.results().get("n")).toBe(0);
});

test("one name is one accumulator in a subtask, and one class in a job", () => {
  const job = new Accumulators();
  const subtask = job.forSubtask();
  const counter = new IntCounter();
  subtask.add("n", counter);
  subtask.add("n", counter);
  expect(codeOf(() => subtask.add("n", new IntCounter()))).toBe("INVALID_ARGUMENT");
  expect(codeOf(() => job.forSubtask().add("n", new DoubleCounter()))).toBe("INVALID_ARGUMENT");
});
