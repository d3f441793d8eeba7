import { expect } from "vitest";
import { types } from "../../core/data/type.ts";
import { OutputTag } from "../../core/functions/output-tag.ts";
import { milliseconds } from "../../core/lib/duration.ts";
import type { OperatorFactory } from "../../core/operators/operator.ts";
import { windowFactory } from "../../core/operators/window-factory.ts";
import { OperatorHarness, type OperatorHarnessOptions } from "../../core/testing/operator-harness.ts";
import { aggregatePane } from "../../core/windows/pane-functions.ts";
import type { Window } from "../../core/windows/time-window.ts";
import { TumblingEventTimeWindows } from "../../core/windows/tumbling-windows.ts";
import type { WindowAssigner } from "../../core/windows/window-assigner.ts";
import { type Step, check as checkSteps } from "./play.ts";

export interface TraceOptions {
  /** Tumbling windows of event time, or any assigner. */
  readonly sizeMs?: number;
  readonly assigner?: () => WindowAssigner<TraceRecord, Window>;
  readonly allowedLatenessMs?: number;
  /** False drops late records; true by default. */
  readonly hasLateOutput?: boolean;
  readonly harness?: OperatorHarnessOptions;
}

export interface TraceRecord {
  readonly key: string;
  readonly value: number;
}

export interface TraceCounters {
  readonly lateRecordsDropped?: number;
  readonly lateRecordsKept?: number;
  readonly refirings?: number;
}

export const LATE = new OutputTag<TraceRecord>("late");

/**
 * Plays a trace, over both kinds of panes, straight and restored at any point. A line is a step and what comes out of it, in
 * order:
 *
 * - `a@5` a record of key a; `a=3@5` with the value 3 instead of 1; `a` one without timestamp
 * - `wm 9` a watermark, `pt 9` the clock, `end key`, `finish`
 * - `-> a[0,10)=2` the sum of a window, stamped with its last timestamp; `!` behind it marks a re-firing; `late:a@5` the side
 * output
 *
 * A watermark is forwarded after what it fires.
 */
export function check(options: TraceOptions, trace: string, counters: TraceCounters = {}): void {
  const steps = linesOf(trace);
  for (const panes of ["heap", "keyed"] as const) {
    const factory = (): OperatorFactory => factoryOf(options, panes);
    const harness = { sideOutputs: [LATE], ...options.harness };
    checkSteps({ factory, options: harness, steps });
    checkCounters(factory(), harness, steps, counters);
  }
}

function linesOf(trace: string): (readonly [Step, ...string[]])[] {
  return trace
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "")
    .map((line) => {
      const [input = "", output = ""] = line.split("->").map((part) => part.trim());
      const step = stepOf(input);
      const outputs = output === "" ? [] : output.split(/\s+/).map(shownOutput);
      return [step, ...outputs, ...(step[0] === "watermark" ? [`wm ${step[1]}`] : [])];
    });
}

function stepOf(text: string): Step {
  if (text === "end key" || text === "finish") return [text];
  const [word, number] = text.split(/\s+/);
  if (word === "wm") return ["watermark", Number(number)];
  if (word === "pt") return ["time", Number(number)];
  return recordStep(text);
}

function recordStep(text: string): Step {
  const [, key, value, timestamp] = /^(\w+)(?:=(-?\d+))?(?:@(-?\d+))?$/.exec(text) ?? [];
  expect(key, `${text} is a step`).toBeDefined();
  const record = { key, value: Number(value ?? 1) };
  return timestamp === undefined ? ["record", record] : ["record", record, Number(timestamp)];
}

/** As `showOutput` shows it: the timestamp of a window's result follows from the window. */
function shownOutput(text: string): string {
  if (text.startsWith("late:")) {
    const [, record, timestamp] = recordStep(text.slice("late:".length)) as ["record", TraceRecord, number];
    return `late:${JSON.stringify(record)}@${timestamp}`;
  }
  const [, end] = /,(-?\w+)\)/.exec(text) ?? [];
  return `${text}@${Number(end) - 1}`;
}

function factoryOf(options: TraceOptions, panes: "heap" | "keyed"): OperatorFactory {
  const { sizeMs = 10, allowedLatenessMs = 0, hasLateOutput = true } = options;
  return windowFactory({
    keyOf: (record: TraceRecord) => record.key,
    assigner: options.assigner?.() ?? TumblingEventTimeWindows.of(milliseconds(sizeMs)),
    contents: aggregatePane(SUM),
    contentsType: types.number,
    emit: {
      kind: "process",
      fn: {
        process(key: string, context, [sum], out) {
          const { start, end } = context.window() as Window;
          out.collect(`${key}[${start},${end})=${sum}${context.isRefiring() ? "!" : ""}`);
        },
      },
    },
    allowedLatenessMs,
    lateTag: hasLateOutput ? LATE : undefined,
    panes,
  });
}

const SUM = {
  sliceable: true,
  createAccumulator: (): number => 0,
  add: (record: TraceRecord, sum: number): number => sum + record.value,
  merge: (earlier: number, later: number): number => earlier + later,
  getResult: (sum: number): number => sum,
};

function checkCounters(
  factory: OperatorFactory,
  options: OperatorHarnessOptions,
  steps: readonly (readonly [Step, ...string[]])[],
  counters: TraceCounters,
): void {
  const harness = new OperatorHarness(factory, options);
  harness.open();
  for (const [step] of steps) {
    if (step[0] === "record") harness.element(step[1], step[2]);
    else if (step[0] === "watermark") harness.watermark(step[1]);
    while (harness.isSuspended) harness.resume();
  }
  for (const [name, count] of Object.entries(counters)) {
    expect(harness.metrics[name as keyof TraceCounters], name).toBe(count);
  }
}
