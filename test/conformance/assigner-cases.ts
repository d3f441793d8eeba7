import { milliseconds } from "../../core/lib/duration.ts";
import { JobError } from "../../core/lib/errors.ts";
import { GlobalWindows } from "../../core/windows/global-windows.ts";
import { EventTimeSessionWindows, ProcessingTimeSessionWindows } from "../../core/windows/session-windows.ts";
import { SlidingEventTimeWindows, SlidingProcessingTimeWindows } from "../../core/windows/sliding-windows.ts";
import { GlobalWindow, type Window } from "../../core/windows/time-window.ts";
import { TumblingEventTimeWindows, TumblingProcessingTimeWindows } from "../../core/windows/tumbling-windows.ts";
import type { WindowAssigner } from "../../core/windows/window-assigner.ts";
import type { WindowStagger } from "../../core/windows/window-stagger.ts";
import { type CaseNumber, type CaseWindow, type Outcome, PASSED, differs, failed, numberOf, skipped } from "./outcome.ts";

interface AssignerConfig {
  readonly size?: number;
  readonly slide?: number;
  readonly offset?: number;
  readonly globalOffset?: number;
  readonly staggerOffset?: number | null;
  readonly windowStagger?: WindowStagger;
  readonly sessionTimeout?: number;
}

interface AssignerCall {
  readonly assigner: string;
  readonly config: AssignerConfig;
  readonly element: unknown;
  readonly elementTimestamp: CaseNumber;
  readonly processingTime?: number;
  /** A text is the exception that Flink throws: `THROWS IllegalArgumentException: …`. */
  readonly windows: readonly CaseWindow[] | string;
}

export interface AssignerCase {
  readonly id: string;
  readonly calls: readonly AssignerCall[];
}

/** Runs a case of `assigners.json`: calls of `assignWindows`, each with the windows it must give. */
export function runAssignerCase(input: AssignerCase): Outcome {
  let outcome: Outcome = PASSED;
  for (const [index, call] of input.calls.entries()) {
    const build = BUILDERS[lastName(call.assigner)];
    if (build === undefined) return skipped(`the runner does not know the assigner ${call.assigner}`);
    outcome = runCall(`call ${index + 1}`, call, build);
    if (outcome.kind !== "passed") return outcome;
  }
  return outcome;
}

/** The simple name of a Java class. */
export function lastName(className: string): string {
  return className.slice(className.lastIndexOf(".") + 1);
}

type BuiltAssigner = WindowAssigner<unknown, Window>;
type Build = (config: AssignerConfig) => BuiltAssigner;

const BUILDERS: { readonly [name: string]: Build } = {
  TumblingEventTimeWindows: (config) => tumbling(TumblingEventTimeWindows.of(...tumblingArguments(config)), config),
  TumblingProcessingTimeWindows: (config) => tumbling(TumblingProcessingTimeWindows.of(...tumblingArguments(config)), config),
  SlidingEventTimeWindows: (config) => SlidingEventTimeWindows.of(...slidingArguments(config)),
  SlidingProcessingTimeWindows: (config) => SlidingProcessingTimeWindows.of(...slidingArguments(config)),
  EventTimeSessionWindows: (config) => EventTimeSessionWindows.withGap(milliseconds(config.sessionTimeout ?? NaN)),
  ProcessingTimeSessionWindows: (config) => ProcessingTimeSessionWindows.withGap(milliseconds(config.sessionTimeout ?? NaN)),
  DynamicEventTimeSessionWindows: () => EventTimeSessionWindows.withDynamicGap(gapOf),
  DynamicProcessingTimeSessionWindows: () => ProcessingTimeSessionWindows.withDynamicGap(gapOf),
  GlobalWindows: () => GlobalWindows.create(),
};

function tumblingArguments(config: AssignerConfig): Parameters<typeof TumblingEventTimeWindows.of> {
  const offset = milliseconds(config.globalOffset ?? config.offset ?? 0);
  return [milliseconds(config.size ?? NaN), offset, config.windowStagger ?? "ALIGNED"];
}

function slidingArguments(config: AssignerConfig): Parameters<typeof SlidingEventTimeWindows.of> {
  return [milliseconds(config.size ?? NaN), milliseconds(config.slide ?? NaN), milliseconds(config.offset ?? 0)];
}

/** The stagger is recorded as it was drawn, so it is restored instead of drawn. */
function tumbling(assigner: TumblingEventTimeWindows | TumblingProcessingTimeWindows, config: AssignerConfig): BuiltAssigner {
  if (typeof config.staggerOffset === "number") assigner.restore(config.staggerOffset);
  return assigner;
}

/** The elements of the dynamic session tests name their gap: `gap5000`. Any other has none that is valid. */
function gapOf(element: unknown): number {
  const match = typeof element === "string" ? /^gap(\d+)$/.exec(element) : null;
  return match === null ? -1 : Number(match[1]);
}

function runCall(where: string, call: AssignerCall, build: Build): Outcome {
  if (typeof call.windows === "string") return runRefused(where, call, call.windows, build);
  const assigner = build(call.config);
  const asksClock = !assigner.isEventTime && assigner.kind !== "GlobalWindows";
  const times = asksClock ? processingTimes(call, call.windows, assigner.isMerging) : [0];
  if (times.length === 0) return skipped("the processing time is not in the data and does not follow from the windows");
  for (const now of times) {
    const actual = assign(assigner, call, now);
    if (!sameWindows(call.windows, actual)) return differs(where, call.windows, actual);
  }
  return PASSED;
}

function runRefused(where: string, call: AssignerCall, expected: string, build: Build): Outcome {
  try {
    return differs(where, expected, assign(build(call.config), call, call.processingTime ?? 0));
  } catch (error) {
    if (!(error instanceof JobError)) return failed(`${where}: expected a JobError, but got ${String(error)}`);
    const code = expected.includes("IllegalArgumentException") ? "INVALID_ARGUMENT" : "MISSING_TIMESTAMPS";
    return error.code === code ? PASSED : differs(where, expected, error.message);
  }
}

function assign(assigner: BuiltAssigner, call: AssignerCall, now: number): CaseWindow[] {
  const context = { currentProcessingTime: () => now, random: () => 0 };
  const windows = assigner.assignWindows(call.element, numberOf(call.elementTimestamp), context);
  return windows.map((window) => (window === GlobalWindow.get() ? "GlobalWindow" : { start: window.start, end: window.end }));
}

/**
 * The recordings lack the processing time that the tests have set, but it lies within all windows of the answer: at the start of
 * a session; of tumbling and sliding windows it may be any time in what they have in common, so the first and the last are tried.
 */
function processingTimes(call: AssignerCall, windows: readonly CaseWindow[], isSession: boolean): number[] {
  if (call.processingTime !== undefined) return [call.processingTime];
  const spans = windows.filter((window) => window !== "GlobalWindow");
  if (spans.length === 0) return [];
  const first = Math.max(...spans.map((window) => numberOf(window.start)));
  const last = Math.min(...spans.map((window) => numberOf(window.end))) - 1;
  return isSession ? [first] : [first, last];
}

function sameWindows(expected: readonly CaseWindow[], actual: readonly CaseWindow[]): boolean {
  const sorted = (windows: readonly CaseWindow[]): string[] =>
    windows.map((window) => (window === "GlobalWindow" ? window : `${window.start}…${window.end}`)).sort();
  return JSON.stringify(sorted(expected)) === JSON.stringify(sorted(actual));
}
