import { expect, expectTypeOf, test } from "vitest";
import { types } from "../../core/data/type.ts";
import { IntCounter } from "../../core/functions/built-in-accumulators.ts";
import type { Collector } from "../../core/functions/collector.ts";
import { KeyedProcessFunction, ProcessFunction, ProcessWindowFunction, RichMapFunction } from "../../core/functions/rich-functions.ts";
import type { KeyedProcessContext, KeyedProcessFunctionLike, OnTimerContext, ProcessFunctionLike } from "../../core/functions/stream-functions.ts";
import type { ProcessWindowContext, ProcessWindowFunctionLike } from "../../core/functions/window-functions.ts";
import { mapFactory } from "../../core/operators/function-factories.ts";
import { ValueStateDescriptor } from "../../core/state/descriptors.ts";
import type { ValueState } from "../../core/state/state.ts";
import { OperatorHarness } from "../../core/testing/operator-harness.ts";
import type { TimeWindow } from "../../core/windows/time-window.ts";

interface Click {
  readonly user: string;
}

/** As in Flink's documentation. */
class CountWithTimeout extends KeyedProcessFunction<string, Click, number> {
  private count!: ValueState<number>;

  override open(): void {
    this.count = this.getRuntimeContext().getState(new ValueStateDescriptor("count", types.number));
  }

  override processElement(_click: Click, context: KeyedProcessContext<string>, out: Collector<number>): void {
    context.timerService().registerEventTimeTimer((context.timestamp() ?? 0) + 60_000);
    out.collect(this.count.value() ?? 0);
  }

  override onTimer(_timestamp: number, _context: OnTimerContext<string>, out: Collector<number>): void {
    out.collect(this.count.value() ?? 0);
  }
}

class Sizes extends ProcessWindowFunction<Click, number, string, TimeWindow> {
  override process(_key: string, context: ProcessWindowContext<TimeWindow>, clicks: Iterable<Click>, out: Collector<number>): void {
    out.collect(context.window().getEnd() - [...clicks].length);
  }
}

/** What `process` of a keyed stream of clicks by user takes. */
declare function process<R>(fn: KeyedProcessFunctionLike<string, Click, R>): R;
declare function processAny<R>(fn: ProcessFunctionLike<Click, R>): R;
declare function processWindow<R>(fn: ProcessWindowFunctionLike<Click, R, string, TimeWindow>): R;

test("classes and object literals both fit, and their results are inferred", () => {
  expectTypeOf(() => process(new CountWithTimeout())).returns.toEqualTypeOf<number>();
  expectTypeOf(() => process({ processElement: (click, context, out: Collector<string>) => out.collect(click.user + context.getCurrentKey()) })).returns.toEqualTypeOf<string>();
  expectTypeOf(() => processWindow(new Sizes())).returns.toEqualTypeOf<number>();
  expectTypeOf(() => processAny({ processElement: (click, _context, out: Collector<Click>) => out.collect(click) })).returns.toEqualTypeOf<Click>();

  // @ts-expect-error a function of numbers is none of clicks
  expectTypeOf(() => processAny(new NumberFunction()));
});

class NumberFunction extends ProcessFunction<number, number> {
  override processElement(n: number): void {
    void n.toFixed();
  }
}

class Described extends RichMapFunction<number, string> {
  readonly #counter = new IntCounter();

  override open(): void {
    this.getRuntimeContext().addAccumulator("mapped", this.#counter);
  }

  override map(n: number): string {
    this.#counter.add(1);
    const context = this.getRuntimeContext();
    return [
      n,
      context.getJobName(),
      context.getTaskName(),
      context.getIndexOfThisSubtask(),
      context.getNumberOfParallelSubtasks(),
      context.getMaxNumberOfParallelSubtasks(),
      context.getAttemptNumber(),
    ].join(" ");
  }
}

test("the runtime context speaks for the subtask that runs", () => {
  const fn = new Described();
  const harnesses = [0, 1].map(
    (subtask) => new OperatorHarness(mapFactory(fn), { subtask, parallelism: 2, maxParallelism: 4, name: "describe", attempt: 3 }),
  );
  for (const harness of harnesses) harness.open();
  const lines = harnesses.map((harness) => {
    harness.element(7);
    return harness.takeOutput()[0];
  });
  expect(lines).toEqual([0, 1].map((subtask) => ({ kind: "record", value: `7 harness describe ${subtask} 2 4 3`, timestamp: undefined })));
});

test("open and close are called once per subtask, close also after a failure", () => {
  const calls: string[] = [];
  const factory = mapFactory({
    open: (context) => calls.push(`open ${context.getIndexOfThisSubtask()}`),
    close: () => calls.push("close"),
    map() {
      throw new Error("boom");
    },
  });
  const harnesses = [0, 1].map((subtask) => new OperatorHarness(factory, { subtask, parallelism: 2 }));
  for (const harness of harnesses) harness.open();
  expect(() => harnesses[0]!.element(1)).toThrow("boom");
  for (const harness of harnesses) harness.close();
  new OperatorHarness(factory).close();
  expect(calls).toEqual(["open 0", "open 1", "close", "close"]);
});
