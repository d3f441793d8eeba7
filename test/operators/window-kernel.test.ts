import { afterEach, describe, expect, test } from "vitest";
import { columnKeySelector } from "../../core/data/key-column.ts";
import { types } from "../../core/data/type.ts";
import type { KernelModule } from "../../core/host/kernel-module.ts";
import {
  type AllWindowedStream,
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  WatermarkStrategy,
  columnsOf,
  count,
  max,
  milliseconds,
  sum,
  type TimeWindow,
  type WindowedStream,
} from "../../core/index.ts";
import { windowFactory } from "../../core/operators/window-factory.ts";
import type { PanesKind } from "../../core/operators/window-parts.ts";
import { OperatorHarness, type OperatorHarnessOptions } from "../../core/testing/operator-harness.ts";
import { builtInAggregates } from "../../core/windows/built-in-aggregates.ts";
import { aggregatePane } from "../../core/windows/pane-functions.ts";
import { loadKernelModule } from "../../node/kernel-module.ts";

interface Reading {
  readonly room: string;
  readonly time: number;
  readonly value: number;
}

type Windowed = WindowedStream<Reading, string, TimeWindow>;

const wasm = await loadKernelModule();
const tumbling = TumblingEventTimeWindows.of(milliseconds(10));
const total = { total: sum("value") } as const;
const reading = columnsOf<Reading>();

afterEach(() => {
  StreamExecutionEnvironment.setKernel(undefined);
});

function readings() {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const byTime = WatermarkStrategy.forMonotonousTimestamps<Reading>().withTimestampAssigner((each) => each.time);
  const stream = env.fromElements({ room: "hall", time: 1, value: 2 }, { room: "hall", time: 12, value: 3 }).assignTimestampsAndWatermarks(byTime);
  return { env, stream };
}

/** The factory of the one window operator that this makes. */
function windowsOf(make: (stream: ReturnType<typeof readings>["stream"]) => unknown) {
  const { env, stream } = readings();
  make(stream);
  const found = env.getStreamGraph().nodes.filter(({ factory }) => factory.kind.startsWith("window"));
  expect(found).toHaveLength(1);
  return found[0]!.factory;
}

const byRoom = (windows: (stream: Windowed) => unknown, assigner = tumbling as never) => windowsOf((stream) => windows(stream.keyBy("room").window(assigner)));

describe("which windows a kernel computes, and which columns they take", () => {
  test.each([
    ["sums of a field, by a field", () => byRoom((windows) => windows.aggregate(total)), true, { takes: true, gives: true }],
    ["sliding windows", () => byRoom((windows) => windows.aggregate(total), SlidingEventTimeWindows.of(milliseconds(10), milliseconds(5)) as never), true, { takes: true, gives: true }],
    ["an expression", () => byRoom((windows) => windows.aggregate({ most: max(reading("value").times(2)) })), true, { takes: true, gives: true }],
    ["a window function", () => byRoom((windows) => windows.aggregate(total, (_key, _context, [result]) => [result])), true, { takes: true, gives: false }],
    ["a key that is computed", () => windowsOf((stream) => stream.keyBy((each) => each.room).window(tumbling).aggregate(total)), true, { takes: 'the key is computed; keyBy("field") reads a column, which addOrReplaceColumns(…) can make', gives: true }],
    ["a value that is computed", () => byRoom((windows) => windows.aggregate({ n: count(), double: sum((each: Reading) => each.value * 2) })), true, { takes: 'a function computes double = sum(…); sum("field") reads a column', gives: true }],
    ["windows by the clock", () => byRoom((windows) => windows.aggregate(total), TumblingProcessingTimeWindows.of(milliseconds(10)) as never), true, { takes: "TumblingProcessingTimeWindows decides for each record by itself", gives: true }],
    ["windows over all records", () => windowsOf((stream) => (stream.windowAll(tumbling) as AllWindowedStream<Reading, TimeWindow>).aggregate(total)), true, { takes: "windowAll has no key, and so no column of keys", gives: true }],
    ["sessions", () => byRoom((windows) => windows.aggregate(total), EventTimeSessionWindows.withGap(milliseconds(10)) as never), "EventTimeSessionWindows merges windows, each key its own"],
    ["reduce", () => byRoom((windows) => windows.reduce((left) => left)), 'a function reduces the records; aggregate({ total: sum("field") }) needs none'],
    ["process", () => byRoom((windows) => windows.process((_key, _context, records) => records)), "the windows keep every record for a function"],
  ] as const)("%s", (_name, make, kernel, columns: unknown = { takes: kernel, gives: false }) => {
    const factory = make();
    expect(factory.kernel).toBe(kernel);
    expect(factory.columns).toEqual(columns);
  });
});

describe("explain", () => {
  const explained = (): string => {
    const { env, stream } = readings();
    stream.keyBy("room").window(tumbling).aggregate(total);
    return env.explain();
  };

  test("says which kernel runs, and the line that adds the other", () => {
    expect(explained()).toMatch(/kernel: +JavaScript; in WebAssembly with StreamExecutionEnvironment\.setKernel\(await loadKernelModule\(\)\)/);
    StreamExecutionEnvironment.setKernel(wasm);
    expect(explained()).toMatch(/kernel: +WebAssembly$/m);
  });

  test("says why none does", () => {
    const { env, stream } = readings();
    stream.keyBy("room").window(tumbling).reduce((left) => left);
    expect(env.explain()).toMatch(/kernel: +none: a function reduces the records/);
  });

  test("in BATCH there is none", () => {
    const { env, stream } = readings();
    env.setRuntimeMode("BATCH");
    stream.keyBy("room").window(tumbling).aggregate(total);
    expect(env.explain()).toMatch(/kernel: +none: in BATCH/);
  });
});

test("what is no kernel is refused, a promise of one too", () => {
  for (const [wrong, text] of [[loadKernelModule(), "await it"], [{}, "got {}"], [null, "got null"]] as const) {
    expect(() => StreamExecutionEnvironment.setKernel(wrong as never)).toThrow(text);
  }
});

test("a job has the kernel that was set, and gives the same with and without", async () => {
  let instances = 0;
  const counting: KernelModule = {
    instantiate: () => {
      instances += 1;
      return wasm.instantiate();
    },
  };
  const run = (): Promise<unknown> => {
    const { stream } = readings();
    return stream.keyBy("room").window(tumbling).aggregate(total).executeAndCollect().toArray();
  };
  const expected = [{ total: 2 }, { total: 3 }];
  expect(await run()).toEqual(expected);
  expect(instances).toBe(0);
  StreamExecutionEnvironment.setKernel(counting);
  expect(await run()).toEqual(expected);
  expect(instances).toBe(1);
});

describe("a kernel is made for the panes that it can hold", () => {
  interface Kept {
    readonly options?: OperatorHarnessOptions;
    readonly panes?: PanesKind;
    readonly value?: unknown;
    readonly instances: number;
  }
  const cases: readonly (readonly [string, Kept])[] = [
    ["numbers", { value: 1, instances: 1 }],
    ["bigints", { value: 1n, instances: 1 }],
    ["strings, which only tables hold", { value: "text", instances: 0 }],
    ["in BATCH", { options: { mode: "BATCH" }, instances: 0 }],
    ["tables that are asked for", { panes: "heap", instances: 0 }],
    ["keyed state that is asked for", { panes: "keyed", instances: 0 }],
  ];
  test.each(cases)("%s", (_name, { options, panes, value = 1, instances }) => {
    let made = 0;
    const kernel: KernelModule = {
      instantiate: () => {
        made += 1;
        return wasm.instantiate();
      },
    };
    const factory = windowFactory({
      keyOf: columnKeySelector<{ readonly key: string; readonly value: unknown }>("key", (record) => record.key),
      assigner: tumbling,
      contents: aggregatePane(builtInAggregates<never, never>({ most: max("value") } as never)),
      contentsType: types.dynamic as never,
      emit: { kind: "values" },
      allowedLatenessMs: 0,
      lateTag: undefined,
      ...(panes === undefined ? {} : { panes }),
    });
    const harness = new OperatorHarness(factory, { ...options, kernel });
    harness.open();
    harness.element({ key: "a", value }, 1);
    harness.watermark(Infinity);
    expect(harness.takeOutput()[0]).toEqual({ kind: "record", value: { most: value }, timestamp: 9 });
    expect(made).toBe(instances);
  });
});
