import { describe, expect, test } from "vitest";
import { types } from "../../core/data/type.ts";
import { OutputTag } from "../../core/functions/output-tag.ts";
import type { ProcessWindowContext } from "../../core/functions/window-functions.ts";
import { milliseconds } from "../../core/lib/duration.ts";
import { JobError } from "../../core/lib/errors.ts";
import { windowFactory } from "../../core/operators/window-factory.ts";
import type { AggregateFunction } from "../../core/state/aggregation.ts";
import { ValueStateDescriptor } from "../../core/state/descriptors.ts";
import { OperatorHarness } from "../../core/testing/operator-harness.ts";
import { count, sum } from "../../core/windows/aggregates.ts";
import { builtInAggregates } from "../../core/windows/built-in-aggregates.ts";
import { GlobalWindows } from "../../core/windows/global-windows.ts";
import { type WindowContents, aggregatePane, listPane, reducePane } from "../../core/windows/pane-functions.ts";
import { EventTimeSessionWindows, ProcessingTimeSessionWindows } from "../../core/windows/session-windows.ts";
import { SlidingEventTimeWindows } from "../../core/windows/sliding-windows.ts";
import type { TimeWindow } from "../../core/windows/time-window.ts";
import { TumblingEventTimeWindows, TumblingProcessingTimeWindows } from "../../core/windows/tumbling-windows.ts";
import { check as checkSteps, showOutput } from "./play.ts";
import { check, type TraceRecord } from "./window-trace.ts";

const tumbling = (): TumblingEventTimeWindows => TumblingEventTimeWindows.of(milliseconds(10));

describe("event time", () => {
  test("fires when the watermark reaches the last timestamp of a window, and forwards it then", () =>
    check(
      {},
      `
      a@1
      a=2@9
      b@10
      wm 8
      wm 9       -> a[0,10)=3
      wm 18
      wm 19      -> b[10,20)=1
    `,
    ));

  test("fires again for late records within the allowed lateness, then rejects", () =>
    check(
      { allowedLatenessMs: 5 },
      `
      a@1
      wm 9      -> a[0,10)=1
      a@2       -> a[0,10)=2!
      wm 13
      b@3       -> b[0,10)=1!     # the first record of its pane
      wm 14
      a@5       -> late:a@5
      a@15
      wm 19     -> a[10,20)=1
    `,
      { lateRecordsKept: 2, refirings: 2, lateRecordsDropped: 0 },
    ));

  test("counts what is dropped where nobody takes it", () =>
    check(
      { hasLateOutput: false },
      `
      wm 20
      a@1
      a@10
      a@20
    `,
      { lateRecordsDropped: 2, lateRecordsKept: 0, refirings: 0 },
    ));

  test("fires by last timestamp and start of the window, then in the order of the first records of a key group", () =>
    check(
      { assigner: () => SlidingEventTimeWindows.of(milliseconds(10), milliseconds(5)) },
      `
      a=2@12
      a@7
      wm 30     -> a[0,10)=1 a[5,15)=3 a[10,20)=2
    `,
    ));

  test("negative timestamps have windows as any other", () =>
    check(
      {},
      `
      a@-1
      a@-10
      wm -1     -> a[-10,0)=2
    `,
    ));

  test("re-fires the live windows of a record that is too late for some, ascending", () =>
    check(
      { assigner: () => SlidingEventTimeWindows.of(milliseconds(10), milliseconds(5)), allowedLatenessMs: 5 },
      `
      a@7
      wm 14      -> a[0,10)=1 a[5,15)=1
      a@8        -> a[5,15)=2!
      a@13       -> a[5,15)=3!
      wm 19      -> a[10,20)=1
      a@14       -> a[10,20)=2!
      wm 24
      a@14       -> late:a@14
    `,
      { lateRecordsKept: 3, refirings: 3 },
    ));

  test("a record between windows is neither late nor dropped as long as it is not behind the watermark", () =>
    check(
      { assigner: () => SlidingEventTimeWindows.of(milliseconds(5), milliseconds(10)) },
      `
      a@7
      wm 6
      a@7
      wm 7
      a@7       -> late:a@7
    `,
    ));

  test("a watermark that does not rise changes nothing", () => {
    const harness = new OperatorHarness(
      windowFactory({
        keyOf: (k: string) => k,
        assigner: tumbling(),
        contents: listPane<string>(),
        contentsType: types.array(types.string),
        emit: { kind: "values" },
        allowedLatenessMs: 0,
        lateTag: undefined,
      }),
    );
    harness.open();
    harness.watermark(5);
    harness.watermark(5);
    harness.watermark(3);
    expect(harness.takeOutput().map(showOutput)).toEqual(["wm 5"]);
  });
});

describe("sessions", () => {
  const assigner = (): EventTimeSessionWindows => EventTimeSessionWindows.withGap(milliseconds(5));

  test("merge, also where they only touch", () =>
    check(
      { assigner },
      `
      a@0
      a@8
      a@4                            # [4, 9) bridges both
      b@0
      b@5                            # [0, 5) ends where [5, 10) starts
      wm 12     -> b[0,10)=2 a[0,13)=3
    `,
    ));

  test("lateness is judged on the merged session", () =>
    check(
      { assigner },
      `
      a@10
      wm 13
      a@7                            # too late by itself, but touches [10, 15)
      a@1       -> late:a@1
      wm 14     -> a[7,15)=2
      a@9       -> late:a@9
    `,
    ));

  test("a session that has fired fires again when it grows", () =>
    check(
      { assigner, allowedLatenessMs: 10 },
      `
      a@10
      wm 14     -> a[10,15)=1
      a@12                           # [10, 17) is not over yet
      wm 16     -> a[10,17)=2
      a@9       -> a[9,17)=3!
      wm 40
      a@9       -> late:a@9
    `,
      { lateRecordsKept: 1, refirings: 1 },
    ));

  test("a bridge between a session that has fired and one that has not is due with both", () =>
    check(
      { assigner, allowedLatenessMs: 20 },
      `
      a@0
      a@9
      wm 5      -> a[0,5)=1
      a@5
      wm 13     -> a[0,14)=3
    `,
    ));
});

describe("the clock", () => {
  const assigner = (): TumblingProcessingTimeWindows => TumblingProcessingTimeWindows.of(milliseconds(10));

  test("fires windows when their last millisecond is reached, timestamps or not", () =>
    check(
      { assigner },
      `
      pt 3
      a
      a@1000
      wm 1000
      pt 8
      a
      pt 9      -> a[0,10)=3
      pt 25
      b
      pt 100    -> b[20,30)=1
    `,
    ));

  test("sessions by the clock", () =>
    check(
      { assigner: () => ProcessingTimeSessionWindows.withGap(milliseconds(5)) },
      `
      a
      pt 4      -> a[0,5)=1
      a
      pt 7
      a
      pt 12     -> a[4,12)=2
    `,
    ));

  test("what is pending at the end of the input fires, stamped with its own time", () =>
    check(
      { assigner },
      `
      pt 3
      a
      b
      wm Infinity
      finish    -> b[0,10)=1 a[0,10)=1
    `,
    ));

  test("or is dropped, as in Flink, where the job asks for it", () =>
    check(
      { assigner, harness: { endOfInputTimers: "drop" } },
      `
      a
      wm Infinity
      finish
    `,
    ));
});

describe("the window that is for ever", () => {
  test("fires at the end of the stream where it is asked to", () =>
    check(
      { assigner: () => GlobalWindows.createWithEndOfStreamTrigger() },
      `
      a
      a@5
      wm 1000
      wm Infinity -> a[-Infinity,Infinity)=2
    `,
    ));

  test("and otherwise never", () =>
    check(
      { assigner: () => GlobalWindows.create() },
      `
      a@5
      wm Infinity
      finish
    `,
    ));
});

describe("turns", () => {
  // By key group: b, c, a.
  const trace = `
      a@1
      b@1
      c@1
      a@11
      wm 25     -> b[0,10)=1 c[0,10)=1 a[0,10)=1 a[10,20)=1
      a@31
      wm 40     -> a[30,40)=1
    `;

  // Restores come between turns as well.
  for (const continueBudget of [1, 2, 3, 100]) {
    test(`of ${continueBudget} panes fire everything once, and the watermark goes last`, () =>
      check({ harness: { continueBudget } }, trace));
  }

  test("of sessions and slices are restored in the middle", () => {
    const harness = { continueBudget: 1 };
    check(
      { harness, assigner: () => EventTimeSessionWindows.withGap(milliseconds(5)), allowedLatenessMs: 3 },
      `
      a@0
      a@20
      wm 30    -> a[0,5)=1 a[20,25)=1
      a@28
      wm 50    -> a[28,33)=1
    `,
    );
    check(
      { harness, assigner: () => SlidingEventTimeWindows.of(milliseconds(10), milliseconds(4)), allowedLatenessMs: 3 },
      `
      a@0
      a@6
      wm 9     -> a[-8,2)=1 a[-4,6)=1 a[0,10)=2
      a@7      -> a[0,10)=3!
      wm 50    -> a[4,14)=2
    `,
    );
    check(
      { harness, assigner: () => TumblingProcessingTimeWindows.of(milliseconds(10)) },
      `
      a
      b
      pt 30    -> b[0,10)=1 a[0,10)=1
      a
      wm Infinity
      finish   -> a[30,40)=1
    `,
    );
  });
});

test("BATCH fires a key when its records have come, nothing is late, and no watermark goes out", () =>
  check(
    { harness: { mode: "BATCH" } },
    `
    a@25
    a@1
    end key    -> a[0,10)=1 a[20,30)=1
    b@1
    end key    -> b[0,10)=1
    a@2
    end key    -> a[0,10)=1
  `,
  ));

interface Reading {
  readonly key: string;
  readonly value: number;
}

const readingType = types.object({ key: types.string, value: types.number });
const keyed = { keyOf: (record: TraceRecord) => record.key, assigner: tumbling(), allowedLatenessMs: 0, lateTag: undefined };
const R = (key: string, value: number): Reading => ({ key, value });

describe("window functions", () => {
  test("apply gets key, window and all records in order", () =>
    checkSteps({
      factory: () =>
        windowFactory({
          ...keyed,
          contents: listPane<Reading>(),
          contentsType: types.array(readingType),
          emit: {
            kind: "apply",
            fn: {
              apply: (key, window: TimeWindow, records, out) =>
                out.collect([key, window.start, [...records].map((r) => r.value)]),
            },
          },
        }),
      steps: [[["record", R("a", 2), 3]], [["record", R("a", 1), 2]], [["watermark", 9], `["a",0,[2,1]]@9`, "wm 9"]],
    }));

  test("without one, a window gives its value: a reduced record, a result", () => {
    const steps = [[["record", R("a", 2), 3]], [["record", R("a", 1), 2]]] as const;
    checkSteps({
      factory: () =>
        windowFactory({
          ...keyed,
          contents: reducePane<Reading>({ reduce: (left, right) => R(left.key, left.value + right.value) }),
          contentsType: readingType,
          emit: { kind: "values" },
        }),
      steps: [...steps, [["watermark", 9], `{"key":"a","value":3}@9`, "wm 9"]],
    });
    const fn = builtInAggregates<Reading, { n: ReturnType<typeof count> }>({ n: count() });
    checkSteps({
      factory: () =>
        windowFactory({ ...keyed, contents: aggregatePane(fn), contentsType: fn.accumulatorType, emit: { kind: "values" } }),
      steps: [...steps, [["watermark", 9], `{"n":2}@9`, "wm 9"]],
    });
  });

  test("all records are one key without keyBy", () =>
    checkSteps({
      factory: () =>
        windowFactory({
          ...keyed,
          keyOf: undefined,
          contents: listPane<Reading>(),
          contentsType: types.array(readingType),
          emit: { kind: "process-all", fn: { process: (_context, records, out) => out.collect([...records].length) } },
        }),
      steps: [[["record", R("a", 2), 3]], [["record", R("b", 1), 2]], [["watermark", 9], "2@9", "wm 9"]],
    }));

  test("keep state of the window, which clear removes, and of the key", () => {
    const firings = new ValueStateDescriptor("firings", types.number);
    const windows = new ValueStateDescriptor("windows", types.number);
    const tag = new OutputTag<string>("cleared");
    const fn = {
      process(
        key: string,
        context: ProcessWindowContext<TimeWindow>,
        _records: Iterable<Reading>,
        out: { collect(text: string): void },
      ): void {
        const state = context.windowState().getState(firings);
        const total = context.globalState().getState(windows);
        if (state.value() === undefined) total.update((total.value() ?? 0) + 1);
        state.update((state.value() ?? 0) + 1);
        out.collect(`${key} firing ${state.value()} of window ${total.value()} at wm ${context.currentWatermark()}`);
      },
      clear(key: string, context: Omit<ProcessWindowContext<TimeWindow>, "isRefiring">): void {
        const state = context.windowState().getState(firings);
        context.output(tag, `${key} after ${state.value()}`);
        state.clear();
      },
    };
    checkSteps({
      factory: () =>
        windowFactory({
          ...keyed,
          allowedLatenessMs: 5,
          contents: listPane<Reading>(),
          contentsType: types.array(readingType),
          emit: { kind: "process", fn },
        }),
      options: { sideOutputs: [tag] },
      steps: [
        [["record", R("a", 1), 1]],
        [["watermark", 9], "a firing 1 of window 1 at wm 9@9", "wm 9"],
        [["record", R("a", 1), 2], "a firing 2 of window 1 at wm 9@9"],
        [["record", R("a", 1), 11]],
        [["watermark", 14], "cleared:a after 2@9", "wm 14"],
        [["watermark", 19], "a firing 1 of window 2 at wm 19@19", "wm 19"],
      ],
    });
  });

  test("leave no state of a key in BATCH", () => {
    const total = new ValueStateDescriptor("total", types.number);
    const fn = {
      process(key: string, context: ProcessWindowContext<TimeWindow>, _records: Iterable<Reading>, out: { collect(text: string): void }): void {
        const state = context.globalState().getState(total);
        state.update((state.value() ?? 0) + 1);
        out.collect(`${key} ${state.value()}`);
      },
    };
    checkSteps({
      factory: () =>
        windowFactory({ ...keyed, contents: listPane<Reading>(), contentsType: types.array(readingType), emit: { kind: "process", fn } }),
      options: { mode: "BATCH" },
      steps: [
        [["record", R("a", 1), 1]],
        [["record", R("a", 1), 11]],
        [["end key"], "a 1@9", "a 2@19"],
        [["record", R("a", 1), 21]],
        [["end key"], "a 1@29"],
      ],
    });
  });

  test("have no state of a session", () => {
    const descriptor = new ValueStateDescriptor("x", types.number);
    const harness = new OperatorHarness(
      windowFactory({
        ...keyed,
        assigner: EventTimeSessionWindows.withGap(milliseconds(5)),
        contents: listPane<Reading>(),
        contentsType: types.array(readingType),
        emit: { kind: "process", fn: { process: (_key, context) => context.windowState().getState(descriptor).value() } },
      }),
    );
    harness.open();
    harness.element(R("a", 1), 0);
    expect(codeOf(() => harness.watermark(10))).toBe("STATE_NOT_AVAILABLE");
  });
});

describe("failures", () => {
  const failing = (
    emit: Parameters<typeof windowFactory<Reading, string, Reading[], Reading, never>>[0]["emit"],
  ): OperatorHarness => {
    const harness = new OperatorHarness(
      windowFactory({ ...keyed, contents: listPane<Reading>(), contentsType: types.array(readingType), emit }),
    );
    harness.open();
    return harness;
  };

  test("of a window function name the key and the window's time", () => {
    const harness = failing({
      kind: "apply",
      fn: {
        apply: () => {
          throw new Error("no");
        },
      },
    });
    harness.element(R("a", 1), 3);
    expect(errorOf(() => harness.watermark(9))).toMatchObject({
      code: "USER_FUNCTION_FAILED",
      place: { key: `"a"`, timestamp: 9, operator: "operator" },
    });
  });

  test("of arithmetic name the key and the record", () => {
    const fn = builtInAggregates<{ readonly n: bigint }, { total: ReturnType<typeof sum<"n">> }>({ total: sum("n") });
    const harness = new OperatorHarness(
      windowFactory({
        keyOf: () => 7,
        assigner: tumbling(),
        contents: aggregatePane(fn),
        contentsType: fn.accumulatorType,
        emit: { kind: "values" },
        allowedLatenessMs: 0,
        lateTag: undefined,
      }),
    );
    harness.open();
    harness.element({ n: 2n ** 63n - 1n }, 3);
    expect(errorOf(() => harness.element({ n: 1n }, 4))).toMatchObject({
      code: "ARITHMETIC_OVERFLOW",
      place: { key: "7", record: `{"n":"1n"}`, timestamp: 4 },
    });
  });

  test("a record without timestamp is refused in event time, and one that is stamped with the end of time", () => {
    const harness = failing({ kind: "apply", fn: { apply: () => {} } });
    expect(codeOf(() => harness.element(R("a", 1)))).toBe("MISSING_TIMESTAMPS");
    expect(errorOf(() => harness.element(R("a", 1), Infinity))).toMatchObject({
      code: "MISSING_TIMESTAMPS",
      reason: expect.stringContaining("Assign timestamps and watermarks behind that window") as string,
    });
  });

  test("of a function without a return say so", () => {
    const lost = (() => undefined) as () => never;
    const accumulator = { createAccumulator: () => ({ n: 0 }), add: lost, getResult: () => 0 };
    const contents = { reduce: reducePane<Reading>({ reduce: lost }), add: aggregatePane<Reading, { n: number }, number>(accumulator) };
    for (const [method, pane] of Object.entries(contents)) {
      const options = { ...keyed, contents: pane as WindowContents<Reading, unknown, unknown>, contentsType: types.dynamic };
      const harness = new OperatorHarness(windowFactory({ ...options, emit: { kind: "values" } }));
      harness.open();
      const twice = (): void => [3, 4].forEach((time) => harness.element(R("a", 1), time));
      expect(errorOf(twice)).toMatchObject({
        code: "USER_FUNCTION_FAILED",
        reason: expect.stringContaining(`${method} returned undefined: it must return`) as string,
      });
    }
  });

  test("of a sliceable merge that returns its second argument say so", () => {
    const fn: AggregateFunction<Reading, { n: number }, number> = {
      sliceable: true,
      createAccumulator: () => ({ n: 0 }),
      add: (record, { n }) => ({ n: n + record.value }),
      merge: (earlier, later) => (earlier.n === 0 ? later : { n: earlier.n + later.n }),
      getResult: ({ n }) => n,
    };
    const assigner = SlidingEventTimeWindows.of(milliseconds(10), milliseconds(5));
    const options = { ...keyed, assigner, contents: aggregatePane(fn), contentsType: types.object({ n: types.number }) };
    const harness = new OperatorHarness(windowFactory({ ...options, emit: { kind: "values" } }));
    harness.open();
    for (const time of [1, 6]) harness.element(R("a", 1), time);
    expect(errorOf(() => harness.watermark(20))).toMatchObject({
      place: { key: `"a"`, operator: "operator" },
      reason: expect.stringContaining("merge returned its second argument") as string,
    });
  });
});

function errorOf(call: () => void): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

function codeOf(call: () => void): string | undefined {
  const error = errorOf(call);
  return error instanceof JobError ? error.code : undefined;
}
