import { expect, test } from "vitest";
import { types } from "../../core/data/type.ts";
import type { Collector } from "../../core/functions/collector.ts";
import { OutputTag } from "../../core/functions/output-tag.ts";
import { KeyedProcessFunction } from "../../core/functions/rich-functions.ts";
import type { KeyedProcessContext, KeyedProcessFunctionLike, OnTimerContext } from "../../core/functions/stream-functions.ts";
import { JobError } from "../../core/lib/errors.ts";
import { keyedProcessFactory } from "../../core/operators/function-factories.ts";
import type { OperatorFactory } from "../../core/operators/operator.ts";
import { ListStateDescriptor, MapStateDescriptor, ReducingStateDescriptor, ValueStateDescriptor } from "../../core/state/descriptors.ts";
import type { ValueState } from "../../core/state/state.ts";
import { OperatorHarness } from "../../core/testing/operator-harness.ts";
import { check, showOutput } from "./play.ts";

/** A command for the key before the colon: e5 sets an event-time timer, p5 one of processing time, E5 and P5 delete it, anything else is counted. */
type Command = string;

const late = new OutputTag<string>("side");

class Commanded extends KeyedProcessFunction<string, Command, string> {
  #count!: ValueState<number>;

  override open(): void {
    this.#count = this.getRuntimeContext().getState(new ValueStateDescriptor("count", types.number));
  }

  override processElement(command: Command, context: KeyedProcessContext<string>, out: Collector<string>): void {
    const action = command.slice(command.indexOf(":") + 1);
    const time = Number(action.slice(1));
    const timers = context.timerService();
    switch (action[0]) {
      case "e":
        return timers.registerEventTimeTimer(time);
      case "p":
        return timers.registerProcessingTimeTimer(time);
      case "E":
        return timers.deleteEventTimeTimer(time);
      case "P":
        return timers.deleteProcessingTimeTimer(time);
      case "s":
        return context.output(late, action);
      default:
        this.#count.update((this.#count.value() ?? 0) + 1);
        out.collect(`${context.getCurrentKey()}=${this.#count.value()}`);
    }
  }

  override onTimer(time: number, context: OnTimerContext<string>, out: Collector<string>): void {
    const timers = context.timerService();
    const domain = context.timeDomain() === "EVENT_TIME" ? "event" : "clock";
    this.#count.update((this.#count.value() ?? 0) + 1);
    out.collect(`${context.getCurrentKey()}=${this.#count.value()} ${domain} ${time}/${context.timestamp()} wm:${timers.currentWatermark()}`);
    if (time === 50) context.output(late, "fifty");
    if (time === 100) timers.registerEventTimeTimer(101);
    if (time === 200) timers.registerProcessingTimeTimer(300);
  }
}

const commanded = (): OperatorFactory => keyedProcessFactory({ keyOf: (command: Command) => command.slice(0, command.indexOf(":")), fn: new Commanded() });

test("state is kept by key", () =>
  check({
    factory: commanded,
    steps: [
      [["record", "a:", 1], "a=1@1"],
      [["record", "b:", 2], "b=1@2"],
      [["record", "a:"], "a=2"],
      [["idle", true], "idle"],
      [["idle", false], "active"],
    ],
  }));

test("event-time timers fire in order of time, before the watermark goes on, each once", () =>
  check({
    factory: commanded,
    steps: [
      [["record", "a:e7", 1]],
      [["record", "b:e5", 1]],
      [["record", "b:e5", 1]],
      [["record", "c:e9", 1]],
      [["watermark", 4], "wm 4"],
      [["watermark", 8], "b=1 event 5/5 wm:8@5", "a=1 event 7/7 wm:8@7", "wm 8"],
      [["watermark", 9], "c=1 event 9/9 wm:9@9", "wm 9"],
    ],
  }));

test("a timer set at or before the watermark fires with the next watermark", () =>
  check({
    factory: commanded,
    steps: [
      [["watermark", 10], "wm 10"],
      [["record", "a:e5", 11]],
      [["record", "a:e10", 11]],
      [["watermark", 10]],
      [["watermark", 11], "a=1 event 5/5 wm:11@5", "a=2 event 10/10 wm:11@10", "wm 11"],
    ],
  }));

test("a timer that a timer sets fires in the same go where it is due", () =>
  check({
    factory: commanded,
    steps: [
      [["record", "a:e100", 1]],
      [["record", "b:e101", 1]],
      [["watermark", 101], "a=1 event 100/100 wm:101@100", "b=1 event 101/101 wm:101@101", "a=2 event 101/101 wm:101@101", "wm 101"],
    ],
  }));

test("timers can be deleted", () =>
  check({
    factory: commanded,
    steps: [
      [["record", "a:e5"]],
      [["record", "a:p5"]],
      [["record", "b:E5"]],
      [["record", "a:E5"]],
      [["record", "a:P5"]],
      [["watermark", 9], "wm 9"],
      [["time", 9]],
    ],
  }));

test("processing-time timers fire with the clock; what they emit has no timestamp", () =>
  check({
    factory: commanded,
    steps: [
      [["record", "a:p7", 1]],
      [["record", "b:p5", 1]],
      [["time", 4]],
      [["time", 6], "b=1 clock 5/5 wm:-Infinity"],
      [["record", "c:p6", 1]],
      [["time", 7], "c=1 clock 6/6 wm:-Infinity", "a=1 clock 7/7 wm:-Infinity"],
    ],
  }));

test("side outputs carry the timestamp at hand", () =>
  check({
    options: { sideOutputs: [late] },
    factory: commanded,
    steps: [
      [["record", "a:s", 3], "side:s@3"],
      [["record", "a:s"], "side:s"],
      [["record", "a:e50"]],
      [["watermark", 50], "a=1 event 50/50 wm:50@50", "side:fifty@50", "wm 50"],
    ],
  }));

test("firing stops without credit and goes on, over a restore too", () =>
  check({
    options: { continueBudget: 1 },
    factory: commanded,
    steps: [
      ...[1, 2, 3, 4].map((time) => [["record", `k${time}:e${time}`]] as const),
      [["record", "p:p5"]],
      [["watermark", 4], ...[1, 2, 3, 4].map((time) => `k${time}=1 event ${time}/${time} wm:4@${time}`), "wm 4"],
      [["record", "k1:e3"]],
      [["record", "p:p6"]],
      [["time", 6], "p=1 clock 5/5 wm:4", "p=2 clock 6/6 wm:4"],
      [["watermark", 5], "k1=2 event 3/3 wm:5@3", "wm 5"],
    ],
  }));

test("at the end of input pending processing-time timers fire; those they set do not", () =>
  check({
    factory: commanded,
    steps: [
      [["record", "a:p500", 1]],
      [["record", "a:p200", 1]],
      [["record", "a:e9", 1]],
      [["watermark", Infinity], "a=1 event 9/9 wm:Infinity@9", "wm Infinity"],
      [["finish"], "a=2 clock 200/200 wm:Infinity", "a=3 clock 500/500 wm:Infinity"],
    ],
  }));

test("or they are dropped", () =>
  check({
    options: { endOfInputTimers: "drop" },
    factory: commanded,
    steps: [[["record", "a:p5"]], [["watermark", Infinity], "wm Infinity"], [["finish"]]],
  }));

test("BATCH fires the timers of a key at its end, and forgets it", () => {
  const harness = new OperatorHarness(commanded(), { mode: "BATCH", continueBudget: 1 });
  harness.open();
  for (const command of ["a:p200", "a:e100", "a:e3", "a:"]) harness.element(command, 1);
  harness.setProcessingTime(1_000);
  harness.endKey();
  while (!harness.resume());
  for (const command of ["a:", "b:"]) harness.element(command, 2);
  harness.endKey();
  harness.watermark(Infinity);
  harness.finish();
  expect(harness.takeOutput().map(showOutput)).toEqual([
    "a=1@1",
    "a=2 event 3/3 wm:Infinity@3",
    "a=3 event 100/100 wm:Infinity@100",
    "a=4 clock 200/200 wm:Infinity",
    "a=1@2",
    "b=1@2",
    "wm Infinity",
  ]);
});

test("a timer for the end of time fires with the final watermark, without a timestamp", () =>
  check({
    factory: commanded,
    steps: [
      [["record", "a:eInfinity", 1]],
      [["watermark", 1e15], "wm 1000000000000000"],
      [["watermark", Infinity], "a=1 event Infinity/Infinity wm:Infinity", "wm Infinity"],
    ],
  }));

function failing(fn: Partial<KeyedProcessFunctionLike<string, string, never>>): OperatorHarness {
  const harness = new OperatorHarness(keyedProcessFactory({ keyOf: (record: string) => record, fn: { processElement() {}, ...fn } }));
  harness.open();
  return harness;
}

function errorOf(call: () => void): JobError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(JobError);
    return error as JobError;
  }
  throw new Error("nothing was thrown");
}

test("a key that is none names operator and record", () => {
  const harness = new OperatorHarness(keyedProcessFactory({ keyOf: () => undefined, fn: { processElement() {} } }));
  harness.open();
  const error = errorOf(() => harness.element("x", 3));
  expect([error.code, error.place]).toEqual([
    "INVALID_KEY",
    { operator: "operator", subtask: 0, parallelism: 1, record: '"x"', timestamp: 3 },
  ]);
});

test("an error in onTimer names the key and the time", () => {
  const harness = failing({
    processElement: (_record, context) => context.timerService().registerEventTimeTimer(5),
    onTimer() {
      throw new Error("boom");
    },
  });
  harness.element("k");
  const error = errorOf(() => harness.watermark(9));
  expect([error.code, error.place]).toEqual([
    "USER_FUNCTION_FAILED",
    { operator: "operator", subtask: 0, parallelism: 1, timestamp: 5, key: '"k"' },
  ]);
});

test("a timer without a time is refused", () => {
  const harness = failing({ processElement: (_record, context) => context.timerService().registerEventTimeTimer(context.timestamp()! + 5) });
  expect(errorOf(() => harness.element("k")).code).toBe("INVALID_TIMESTAMP");
});

test("state has no key in open, and one type per name", () => {
  const inOpen = keyedProcessFactory<string, string, never>({
    keyOf: (record) => record,
    fn: { open: (context) => void context.getState(new ValueStateDescriptor("x")).value(), processElement() {} },
  });
  expect(errorOf(() => new OperatorHarness(inOpen).open()).code).toBe("STATE_NOT_AVAILABLE");

  const twice = keyedProcessFactory<string, string, never>({
    keyOf: (record) => record,
    fn: {
      open(context) {
        context.getState(new ValueStateDescriptor("x", types.number));
        context.getState(new ValueStateDescriptor("x", types.string));
      },
      processElement() {},
    },
  });
  expect(errorOf(() => new OperatorHarness(twice).open()).code).toBe("STATE_TYPE_CONFLICT");
});

test("one function object serves several subtasks and operators, each with its own state", () => {
  const fn = new Commanded();
  const factory = keyedProcessFactory({ keyOf: () => "k", fn });
  const one = new OperatorHarness(factory);
  const two = new OperatorHarness(factory);
  one.open();
  two.open();
  for (const harness of [one, one, two, one]) harness.element("k:");
  expect([one, two].map((harness) => harness.takeOutput().map(showOutput))).toEqual([["k=1", "k=2", "k=3"], ["k=1"]]);
});

test("a function object that reaches another operator with itself comes back to its own state", () => {
  const counts: string[] = [];
  let count: ValueState<number>;
  const fn: KeyedProcessFunctionLike<string, string, string> = {
    open(context) {
      count = context.getState(new ValueStateDescriptor<number>("count"));
    },
    processElement(record) {
      if (record === "outer") second.element("inner");
      count.update((count.value() ?? 0) + 1);
      counts.push(`${record} ${count.value()}`);
    },
  };
  const factory = keyedProcessFactory({ keyOf: () => "k", fn });
  const first = new OperatorHarness(factory);
  const second = new OperatorHarness(factory);
  first.open();
  second.open();
  for (const [harness, record] of [[second, "inner"], [first, "outer"], [first, "outer"]] as const) harness.element(record);
  expect(counts).toEqual(["inner 1", "inner 2", "outer 1", "inner 3", "outer 2"]);
});

test("every kind of state, asked for when first used, survives a restore", () =>
  check({
    factory: () =>
      keyedProcessFactory<string, readonly [string, number], string>({
        keyOf: ([key]) => key,
        fn: lazyStates(),
      }),
    steps: [
      [["record", ["a", 3]], "[3] 3:1 max 3"],
      [["record", ["a", 1]], "[3,1] 3:1,1:1 max 3"],
      [["record", ["b", 7]], "[7] 7:1 max 7"],
      [["record", ["a", 3]], "[3,1,3] 3:2,1:1 max 3"],
    ],
  }));

function lazyStates(): KeyedProcessFunctionLike<string, readonly [string, number], string> {
  let context: Parameters<NonNullable<KeyedProcessFunctionLike<string, never, never>["open"]>>[0];
  return {
    open(opened) {
      context = opened;
    },
    processElement([, n], _context, out) {
      const list = context.getListState(new ListStateDescriptor("list", types.number));
      const map = context.getMapState(new MapStateDescriptor("map", types.number, types.number));
      const max = context.getReducingState(new ReducingStateDescriptor<number>("max", (a, b) => Math.max(a, b)));
      list.add(n);
      map.put(n, (map.get(n) ?? 0) + 1);
      max.add(n);
      out.collect(`[${[...list.get()]}] ${[...map.entries()].map((entry) => entry.join(":"))} max ${max.get()}`);
    },
  };
}

test("rescaled state goes with its key groups", () => {
  const one = new OperatorHarness(commanded());
  one.open();
  const keys = Array.from({ length: 20 }, (_, index) => `key${index}`);
  for (const key of keys) for (const command of [`${key}:`, `${key}:e5`]) one.element(command);
  const snapshot = one.snapshot(1);
  const fired = [0, 1].flatMap((subtask) => {
    const restored = OperatorHarness.restore(commanded(), snapshot, { parallelism: 2, subtask });
    restored.open();
    restored.watermark(5);
    return restored.takeOutput().map(showOutput);
  });
  expect(fired.filter((line) => line !== "wm 5").sort()).toEqual(keys.map((key) => `${key}=2 event 5/5 wm:5@5`).sort());
});
