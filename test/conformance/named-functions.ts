import type { Collector } from "../../core/functions/collector.ts";
import { OutputTag } from "../../core/functions/output-tag.ts";
import type {
  CoProcessFunctionLike,
  KeyedCoProcessFunctionLike,
  KeyedProcessFunctionLike,
  ProcessContext,
  ProcessFunctionLike,
  TimerService,
} from "../../core/functions/stream-functions.ts";
import { milliseconds } from "../../core/lib/duration.ts";
import {
  coProcessFactory,
  keyedCoProcessFactory,
  keyedProcessFactory,
  keyedReduceFactory,
  processFactory,
} from "../../core/operators/function-factories.ts";
import type { OperatorFactory } from "../../core/operators/operator.ts";
import { timestampsAndWatermarksFactory } from "../../core/operators/timestamps-and-watermarks-operator.ts";
import { ValueStateDescriptor } from "../../core/state/descriptors.ts";
import type { ValueState } from "../../core/state/state.ts";
import { WatermarkStrategy } from "../../core/time/watermark-strategy.ts";
import { lastName } from "./assigner-cases.ts";
import type { CaseValue } from "./window-semantics.ts";

/**
 * The functions of Flink's operator tests, which the cases of `other_operators.json` name and do not describe. Each does here what the test of that name makes it
 * do; whether it goes by event time or processing time the test says when it makes it, and the name of the case tells.
 */

type Functions<F> = { readonly [className: string]: (byEventTime: boolean) => F };

/** The operator of a case, or why there is none. */
export function operatorOfCase(id: string, operatorClass: string, functionClasses: readonly string[]): (() => OperatorFactory) | string {
  const name = lastName(functionClasses[0] ?? "").replace(/^.*\$\d*/, "");
  const byEventTime = !id.includes("ProcessingTime");
  const found = <F>(functions: Functions<F>, factoryOf: (fn: F) => OperatorFactory): (() => OperatorFactory) | string => {
    const make = Object.hasOwn(functions, name) ? functions[name] : undefined;
    return make === undefined ? `the runner does not know the function ${name}` : () => factoryOf(make(byEventTime));
  };
  switch (operatorClass) {
    case "KeyedProcessOperator":
      return found(KEYED_PROCESS, (fn) => keyedProcessFactory<unknown, CaseValue, unknown>({ keyOf: firstOf, fn }));
    case "ProcessOperator":
      return found(PROCESS, (fn) => processFactory(fn));
    case "KeyedCoProcessOperator":
      return found(KEYED_CO_PROCESS, (fn) => keyedCoProcessFactory<string, CaseValue, CaseValue, unknown>({ keyOf1: String, keyOf2: String, fn }));
    case "CoProcessOperator":
      return found(CO_PROCESS, (fn) => coProcessFactory(fn));
    case "StreamGroupedReduceOperator":
      return found(REDUCE, (fn) => keyedReduceFactory<number>({ keyOf: (value) => value, fn }));
    case "TimestampsAndWatermarksOperator":
      return timestampsAndWatermarks(id);
    default:
      return `the runner does not know the operator ${operatorClass}`;
  }
}

/** Of this operator there are two kinds, which only the names of the cases tell. */
export function isBatchCase(id: string): boolean {
  return id.endsWith("BatchMode");
}

/** Records are their own keys, pairs have theirs first. */
function firstOf(value: CaseValue): unknown {
  return Array.isArray(value) ? value[0] : value;
}

function timeOf(time: TimerService, byEventTime: boolean): number {
  return byEventTime ? time.currentWatermark() : time.currentProcessingTime();
}

function register(time: TimerService, byEventTime: boolean, at: number): void {
  if (byEventTime) time.registerEventTimeTimer(at);
  else time.registerProcessingTimeTimer(at);
}

function remove(time: TimerService, byEventTime: boolean, at: number): void {
  if (byEventTime) time.deleteEventTimeTimer(at);
  else time.deleteProcessingTimeTimer(at);
}

function emitTimes(value: CaseValue, context: ProcessContext, out: Collector<unknown>, label: string, byEventTime: boolean): void {
  out.collect(`${value}${label}:${timeOf(context.timerService(), byEventTime)} TS:${context.timestamp() ?? null}`);
}

function emitToSides(value: CaseValue, context: ProcessContext, out: Collector<unknown>): void {
  out.collect(`IN:${value}`);
  context.output(new OutputTag<CaseValue>("int-out"), value);
  context.output(new OutputTag<CaseValue>("long-out"), value);
}

/** The first record of a key is remembered until its timer; the second makes it forgotten, and deletes that timer. */
function remembering(byEventTime: boolean, shownInput: (input: 1 | 2) => string): {
  open(context: { getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> }): void;
  handle(value: CaseValue, time: TimerService, out: Collector<unknown>, input: 1 | 2): void;
  onTimer(at: number, context: unknown, out: Collector<unknown>): void;
} {
  let seen: ValueState<CaseValue>;
  return {
    open(context) {
      seen = context.getState(new ValueStateDescriptor<CaseValue>("seen-element"));
    },
    handle(value, time, out, input) {
      if (seen.value() === undefined) {
        out.collect(`${shownInput(input)}:${value}`);
        seen.update(value);
        register(time, byEventTime, timeOf(time, byEventTime) + 5);
      } else {
        seen.clear();
        remove(time, byEventTime, timeOf(time, byEventTime) + 4);
      }
    },
    onTimer: (_at, _context, out) => out.collect(`STATE:${seen.value() ?? null}`),
  };
}

const KEYED_PROCESS: Functions<KeyedProcessFunctionLike<unknown, CaseValue, unknown>> = {
  TriggeringFlatMapFunction: (byEventTime) => ({
    processElement(value, context, out) {
      out.collect(value);
      register(context.timerService(), byEventTime, timeOf(context.timerService(), byEventTime) + 5);
    },
    onTimer: (_at, context, out) => out.collect(context.getCurrentKey() === 17 ? 1777 : `the key ${context.getCurrentKey()}`),
  }),
  TriggeringStatefulFlatMapFunction: (byEventTime) => {
    const { open, handle, onTimer } = remembering(byEventTime, () => "INPUT");
    return { open, onTimer, processElement: (value, context, out) => handle(value, context.timerService(), out, 1) };
  },
  BothTriggeringFlatMapFunction: () => ({
    processElement(_value, context) {
      const time = context.timerService();
      time.registerProcessingTimeTimer(3);
      time.registerEventTimeTimer(4);
      time.registerProcessingTimeTimer(5);
      time.registerEventTimeTimer(6);
      time.deleteProcessingTimeTimer(3);
      time.deleteEventTimeTimer(4);
    },
    onTimer: (_at, context, out) => out.collect(context.timeDomain() === "EVENT_TIME" ? "EVENT:1777" : "PROC:1777"),
  }),
  KeyQueryingProcessFunction: () => ({
    processElement(value, context, out) {
      const [key, payload] = value as readonly [unknown, unknown];
      out.collect(context.getCurrentKey() === key ? payload : `the key ${context.getCurrentKey()}`);
    },
  }),
  QueryingFlatMapFunction: (byEventTime) => ({ processElement: (value, context, out) => emitTimes(value, context, out, "TIME", byEventTime) }),
  SideOutputProcessFunction: () => ({ processElement: emitToSides }),
};

const PROCESS: Functions<ProcessFunctionLike<CaseValue, unknown>> = {
  QueryingProcessFunction: (byEventTime) => ({ processElement: (value, context, out) => emitTimes(value, context, out, "TIME", byEventTime) }),
  SideOutputProcessFunction: () => ({ processElement: emitToSides }),
};

const CO_PROCESS: Functions<CoProcessFunctionLike<CaseValue, CaseValue, unknown>> = {
  WatermarkQueryingProcessFunction: () => querying("WM", true),
  ProcessingTimeQueryingProcessFunction: () => querying("PT", false),
};

function querying(label: string, byEventTime: boolean): CoProcessFunctionLike<CaseValue, CaseValue, unknown> {
  return {
    processElement1: (value, context, out) => emitTimes(value, context, out, label, byEventTime),
    processElement2: (value, context, out) => emitTimes(value, context, out, label, byEventTime),
  };
}

const KEYED_CO_PROCESS: Functions<KeyedCoProcessFunctionLike<string, CaseValue, CaseValue, unknown>> = {
  ...(CO_PROCESS as Functions<KeyedCoProcessFunctionLike<string, CaseValue, CaseValue, unknown>>),
  EventTimeTriggeringProcessFunction: () => triggering(true, (key) => `${key}:1777`),
  ProcessingTimeTriggeringProcessFunction: () => triggering(false, () => "1777"),
  EventTimeTriggeringStatefulProcessFunction: () => rememberingBoth(true),
  ProcessingTimeTriggeringStatefulProcessFunction: () => rememberingBoth(false),
  AppendCurrentKeyProcessFunction: () => ({
    processElement1: (value, context, out) => out.collect(`${value},${context.getCurrentKey()}`),
    processElement2: (value, context, out) => out.collect(`${value},${context.getCurrentKey()}`),
  }),
  BothTriggeringProcessFunction: () => ({
    processElement1(_value, context) {
      context.timerService().registerProcessingTimeTimer(3);
      context.timerService().registerEventTimeTimer(6);
      context.timerService().deleteProcessingTimeTimer(3);
    },
    processElement2(_value, context) {
      context.timerService().registerEventTimeTimer(4);
      context.timerService().registerProcessingTimeTimer(5);
      context.timerService().deleteEventTimeTimer(4);
    },
    onTimer: (_at, context, out) => out.collect(context.timeDomain() === "EVENT_TIME" ? "EVENT:1777" : "PROC:1777"),
  }),
};

function triggering(byEventTime: boolean, shown: (key: string) => string): KeyedCoProcessFunctionLike<string, CaseValue, CaseValue, unknown> {
  return {
    processElement1(value, context, out) {
      out.collect(`INPUT1:${value}`);
      register(context.timerService(), byEventTime, 5);
    },
    processElement2(value, context, out) {
      out.collect(`INPUT2:${value}`);
      register(context.timerService(), byEventTime, 6);
    },
    onTimer: (_at, context, out) => out.collect(shown(context.getCurrentKey())),
  };
}

function rememberingBoth(byEventTime: boolean): KeyedCoProcessFunctionLike<string, CaseValue, CaseValue, unknown> {
  const { open, handle, onTimer } = remembering(byEventTime, (input) => `INPUT${input}`);
  return {
    open,
    onTimer,
    processElement1: (value, context, out) => handle(value, context.timerService(), out, 1),
    processElement2: (value, context, out) => handle(value, context.timerService(), out, 2),
  };
}

const REDUCE: Functions<{ open?(): void; reduce(left: number, right: number): number }> = {
  MyReducer: () => ({ reduce: (left, right) => left + right }),
  TestOpenCloseReduceFunction: () => {
    let isOpen = false;
    return {
      open() {
        isOpen = true;
      },
      reduce: (left, right) => (isOpen ? left + right : NaN),
    };
  },
};

/** The generator of the test emits every 50 ms the last timestamp − 1, or with each pair that says so its timestamp; neither sees to it that watermarks rise. */
function timestampsAndWatermarks(id: string): (() => OperatorFactory) | string {
  const name = id.slice(id.indexOf("#") + 1);
  if (name.startsWith("watermarksWithIdleness")) return "the runner cannot tell when the outputs of this case have no credit";
  if (name === "testNegativeTimestamps") return "timestamps at the ends of Java's long are no numbers here";
  if (name.startsWith("punctuated")) {
    return () =>
      timestampsAndWatermarksFactory(
        WatermarkStrategy.forGenerator<readonly [boolean, number]>(() => ({
          onEvent([emits], timestamp, output) {
            if (emits) output.emitWatermark(timestamp);
          },
        })).withTimestampAssigner(([, timestamp]: readonly [boolean, number]) => timestamp),
      );
  }
  return () => timestampsAndWatermarksFactory(lastTimestamp());
}

function lastTimestamp(): WatermarkStrategy<number> {
  return WatermarkStrategy.forGenerator<number>(() => {
    let last = -Infinity;
    return {
      onEvent(_value, timestamp) {
        last = timestamp;
      },
      onPeriodicEmit: (output) => output.emitWatermark(last - 1),
      snapshot: () => last,
      restore(snapshot) {
        last = snapshot as number;
      },
    };
  })
    .emitPeriodically(milliseconds(50))
    .withTimestampAssigner((value: number) => value);
}
