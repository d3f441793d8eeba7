import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MergingWindowSet, mergeTimeWindows } from "../../core/windows/merging-window-set.ts";
import { TimeWindow } from "../../core/windows/time-window.ts";

const windowOf = (text: string): TimeWindow => {
  const [start = NaN, end = NaN] = text.split("-").map(Number);
  return new TimeWindow(start, end);
};
const textOf = ({ start, end }: TimeWindow): string => `${start}-${end}`;

/**
 * One window a line, then what it became: `window (merged windows) state window < merged state windows`; nothing where nothing
 * merged.
 */
function check(trace: string): MergingWindowSet {
  const set = new MergingWindowSet();
  for (const line of trace.trim().split("\n")) {
    const [added = "", expected] = line.split("->").map((part) => part.trim());
    const merges: string[] = [];
    const result = set.addWindow(windowOf(added), (target, merged, state, mergedStates) => {
      const [sources, others] = [merged, mergedStates].map((windows) => windows.map(textOf).join(" "));
      merges.push(`${textOf(target)} (${sources}) ${textOf(state)} < ${others}`.trim());
    });
    expect([added, merges.length === 0 ? textOf(result) : merges.join(", ")]).toEqual([added, expected]);
    expect(set.getStateWindow(result)).toBeDefined();
  }
  return set;
}

describe("merging window set", () => {
  test("a session grows and keeps its state window", () =>
    check(`
      0-4   -> 0-4
      0-4   -> 0-4
      3-5   -> 0-5 (0-4) 0-4 <
      4-6   -> 0-6 (0-5) 0-4 <
      1-4   -> 0-6
      11-14 -> 11-14
      10-13 -> 10-14 (11-14) 11-14 <
    `));

  test("sessions that touch the added window become one, the earliest keeps its state", () =>
    check(`
      10-13 -> 10-13
      5-8   -> 5-8
      0-3   -> 0-3
      8-10  -> 5-13 (5-8 10-13) 5-8 < 10-13
      3-5   -> 0-13 (0-3 5-13) 0-3 < 5-8
    `));

  test("a window that covers several", () =>
    check(`
      1-3   -> 1-3
      5-8   -> 5-8
      10-13 -> 10-13
      0-13  -> 0-13 (1-3 5-8 10-13) 1-3 < 5-8 10-13
    `));

  test("a window in flight already keeps its state window, unlike in Flink", () => {
    const set = check(`
      0-3 -> 0-3
      2-5 -> 0-5 (0-3) 0-3 <
      0-5 -> 0-5
    `);
    expect(textOf(set.getStateWindow(windowOf("0-5"))!)).toBe("0-3");
  });

  test("sessions of length zero", () =>
    check(`
      5-5 -> 5-5
      5-5 -> 5-5
      2-5 -> 2-5 (5-5) 5-5 <
    `));

  test("retires windows, and no others", () => {
    const set = check(`
      0-3 -> 0-3
      9-12 -> 9-12
    `);
    set.retireWindow(windowOf("0-3"));
    expect([set.size, set.getStateWindow(windowOf("0-3"))]).toEqual([1, undefined]);
    expect(() => set.retireWindow(windowOf("0-3"))).toThrow("in flight");
  });

  test("random sessions: windows never touch, contents are where the state windows say, restored anywhere", () => {
    const window = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 6 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(window, { maxLength: 40 }), (windows) => {
        let set = new MergingWindowSet();
        const contents = new Map<string, number[]>();
        for (const [index, [start, gap, restores]] of windows.entries()) {
          if (restores) set = new MergingWindowSet(set.entries());
          const result = set.addWindow(new TimeWindow(start, start + gap), (_result, _merged, state, mergedStates) => {
            const moved = mergedStates.flatMap((merged) => contents.get(textOf(merged)) ?? []);
            for (const merged of mergedStates) contents.delete(textOf(merged));
            contents.get(textOf(state))!.push(...moved);
          });
          const state = textOf(set.getStateWindow(result)!);
          contents.set(state, [...(contents.get(state) ?? []), index]);
        }
        expect(set.entries().map(({ window: { start, end } }) => [start, end])).toEqual(unionOf(windows));
        expect(contents.size).toBe(set.size);
        for (const { window: covering, stateWindow } of set.entries()) {
          const { start, end } = covering;
          const inside = [...windows.keys()].filter((index) => start <= windows[index]![0] && windows[index]![0] < end);
          expect(contents.get(textOf(stateWindow))!.sort((a, b) => a - b)).toEqual(inside);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** The spans that windows cover together, by marking every point between their ends. */
function unionOf(windows: readonly (readonly [number, number, boolean])[]): number[][] {
  const covered = new Set(windows.flatMap(([start, gap]) => Array.from({ length: gap }, (_, step) => start + step)));
  const spans: number[][] = [];
  for (let point = 0; point <= 70; point += 1) {
    if (!covered.has(point)) continue;
    if (covered.has(point - 1)) spans.at(-1)![1] = point + 1;
    else spans.push([point, point + 1]);
  }
  return spans;
}

test("mergeTimeWindows reports groups of more than one, by start, equal windows once", () => {
  const groups: string[] = [];
  const windows = ["7-9", "0-3", "20-21", "3-5", "0-3", "9-11", "20-21"].map(windowOf);
  mergeTimeWindows(windows, (sources, result) => groups.push(`${sources.map(textOf).join(" ")} = ${textOf(result)}`));
  expect(groups).toEqual(["0-3 3-5 = 0-5", "7-9 9-11 = 7-11"]);
});
