import { describe, expect, test } from "vitest";
import { types } from "../../core/data/type.ts";
import { JobError } from "../../core/lib/errors.ts";
import type { CountWindowOptions } from "../../core/operators/count-window-operator.ts";
import { countWindowFactory } from "../../core/operators/count-window-factory.ts";
import type { OperatorFactory } from "../../core/operators/operator.ts";
import { aggregatePane, listPane, reducePane } from "../../core/windows/pane-functions.ts";
import { type Step, check as checkSteps } from "./play.ts";

interface Item {
  readonly key: string;
  readonly value: number;
}

const itemType = types.object({ key: types.string, value: types.number });

type Options = Pick<CountWindowOptions<Item, string, Item[], Item, string>, "size" | "slide"> & {
  readonly isKeyed?: boolean;
  readonly mode?: "BATCH";
};

/** Records `a1 b2 …`, and after some of them the window that they complete: `a1 a2 -> a1a2`. */
function check({ size, slide, isKeyed = true, mode }: Options, trace: string): void {
  const factory = (): OperatorFactory =>
    countWindowFactory({
      keyOf: isKeyed ? (item: Item) => item.key : undefined,
      size,
      slide,
      contents: listPane<Item>(),
      contentsType: types.array(itemType),
      recordType: itemType,
      emit: {
        kind: "apply",
        fn: { apply: (_key, _window, items, out) => out.collect([...items].map(({ key, value }) => `${key}${value}`).join("")) },
      },
    });
  const steps = [...trace.matchAll(/(\w+)(?:\s*->\s*"(\w+)")?/g)].map(([, word, fired]) => stepOf(word!, fired));
  checkSteps({ factory, steps, options: mode === undefined ? {} : { mode } });
}

function stepOf(word: string, fired: string | undefined): readonly [Step, ...string[]] {
  if (word === "end") return [["end key"]];
  const step: Step = ["record", { key: word.slice(0, 1), value: Number(word.slice(1)) }];
  return fired === undefined ? [step] : [step, `${fired}@Infinity`];
}

describe("count windows", () => {
  test("end with every size-th record of a key, and the rest of them never", () =>
    check({ size: 2, slide: undefined }, `a1 b1 a2 -> "a1a2" a3 b2 -> "b1b2" a4 -> "a3a4" a5`));

  test("of one record fire each time", () => check({ size: 1, slide: undefined }, `a1 -> "a1" a2 -> "a2"`));

  test("without keys hold all records", () => check({ size: 2, slide: undefined, isKeyed: false }, `a1 b1 -> "a1b1" a2`));

  test("that slide hold the last records", () =>
    check({ size: 3, slide: 2 }, `a1 a2 -> "a1a2" a3 b1 a4 -> "a2a3a4" a5 a6 -> "a4a5a6" b2 -> "b1b2"`));

  test("that slide by more than their size hold the last ones only", () =>
    check({ size: 1, slide: 3 }, `a1 a2 a3 -> "a3" a4 a5 a6 -> "a6"`));

  test("in BATCH leave nothing of a key", () =>
    check({ size: 2, slide: undefined, mode: "BATCH" }, `a1 a2 -> "a1a2" a3 end a4 a5 -> "a4a5"`));
});

describe("contents", () => {
  const options = { keyOf: (item: Item) => item.key, recordType: itemType, emit: { kind: "values" } } as const;
  const sum = { createAccumulator: () => 0, add: (item: Item, acc: number) => acc + item.value, getResult: (acc: number) => acc };
  const A = (value: number): Item => ({ key: "a", value });

  for (const [slide, second] of [
    [undefined, 7],
    [2, 9],
  ] as const) {
    test(`may be reduced or aggregated, slide ${slide}`, () => {
      const size = slide === undefined ? 2 : 3;
      const steps = (shown: (n: number) => string): (readonly [Step, ...string[]])[] => [
        [["record", A(1)]],
        [["record", A(2)], `${shown(3)}@Infinity`],
        [["record", A(3)]],
        [["record", A(4)], `${shown(second)}@Infinity`],
        [["watermark", Infinity], "wm Infinity"],
      ];
      checkSteps({
        factory: () => countWindowFactory({ ...options, size, slide, contents: aggregatePane(sum), contentsType: types.number }),
        steps: steps(String),
      });
      checkSteps({
        factory: () =>
          countWindowFactory({
            ...options,
            size,
            slide,
            contents: reducePane<Item>({ reduce: (l, r) => A(l.value + r.value) }),
            contentsType: itemType,
          }),
        steps: steps((n) => JSON.stringify(A(n))),
      });
    });
  }
});

test("sizes below 1 are refused", () => {
  for (const [size, slide] of [
    [0, undefined],
    [1.5, undefined],
    [2, 0],
  ] as const) {
    expect(() => check({ size, slide }, "a1")).toThrow(JobError);
  }
});
