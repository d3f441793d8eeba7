import { types } from "../../core/data/type.ts";
import { OutputTag } from "../../core/functions/output-tag.ts";
import { type Duration, milliseconds } from "../../core/lib/duration.ts";
import type { OperatorFactory } from "../../core/operators/operator.ts";
import type { WindowOptions } from "../../core/operators/window-operator.ts";
import { windowFactory } from "../../core/operators/window-factory.ts";
import type { HarnessOutput, HarnessSnapshot } from "../../core/testing/operator-harness.ts";
import { NO_TIMESTAMP } from "../../core/time/timestamp.ts";
import { GlobalWindows } from "../../core/windows/global-windows.ts";
import { listPane, reducePane } from "../../core/windows/pane-functions.ts";
import { EventTimeSessionWindows, ProcessingTimeSessionWindows } from "../../core/windows/session-windows.ts";
import { SlidingEventTimeWindows, SlidingProcessingTimeWindows } from "../../core/windows/sliding-windows.ts";
import { TimeWindow, type Window } from "../../core/windows/time-window.ts";
import { TumblingEventTimeWindows, TumblingProcessingTimeWindows } from "../../core/windows/tumbling-windows.ts";
import type { DefaultTrigger, WindowAssigner } from "../../core/windows/window-assigner.ts";
import { RestorableHarness } from "../operators/restorable-harness.ts";
import { lastName } from "./assigner-cases.ts";
import { type CaseNumber, type Outcome, PASSED, differs, numberOf, skipped } from "./outcome.ts";
import { type CaseValue, arrowOf, keySelectorOf, reducerOf, windowFunctionOf } from "./window-semantics.ts";

interface NamedSpec {
  readonly type: string;
}

interface AssignerSpec extends NamedSpec {
  readonly defaultTrigger?: NamedSpec;
  readonly size?: number;
  readonly slide?: number;
  readonly offset?: number;
  readonly globalOffset?: number;
  readonly windowStagger?: "ALIGNED" | "RANDOM" | "NATURAL";
  readonly sessionTimeout?: number;
  readonly gapExtractor?: { readonly js: string };
}

interface CaseOutput {
  readonly value?: CaseValue;
  readonly ts?: CaseNumber | null;
  readonly side?: string;
  readonly watermark?: CaseNumber;
}

export interface CaseStep {
  readonly op: string;
  readonly value?: CaseValue;
  readonly ts?: CaseNumber | null;
  readonly args?: readonly CaseNumber[];
  readonly out?: readonly CaseOutput[];
}

export interface CasePhase {
  readonly steps: readonly CaseStep[];
  readonly restoresFromSnapshotOfPhase?: number;
}

export interface WindowOperatorCase {
  readonly id: string;
  readonly spec: {
    readonly windowAssigner: AssignerSpec;
    readonly trigger: NamedSpec;
    readonly evictor?: NamedSpec | null;
    readonly allowedLateness: CaseNumber;
    readonly lateDataOutputTag?: string | null;
    readonly state: string;
    readonly functionClasses: readonly string[];
    readonly functionSemantics: readonly string[];
    readonly reducer?: string;
    readonly key: string;
  };
  readonly phases: readonly CasePhase[];
}

/**
 * Runs a case of `window_operator.json`: a keyed window operator, fed step by step, whose output must be that of each step as a
 * multiset. Played over both kinds of panes, straight and with snapshot → discard → restore after every step.
 */
export function runWindowOperatorCase(input: WindowOperatorCase): Outcome {
  const options = optionsOf(input);
  if ("kind" in options) return options;
  for (const panes of ["heap", "keyed"] as const) {
    for (const restoresAlways of [false, true]) {
      const outcome = play(input, () => windowFactory({ ...options, panes }), restoresAlways);
      if (outcome.kind !== "passed") return outcome;
    }
  }
  return PASSED;
}

type Options = Omit<WindowOptions<CaseValue, unknown, unknown, CaseValue, CaseValue>, "panes">;

/** What the case describes, or the outcome that says why it cannot run. */
function optionsOf({ spec }: WindowOperatorCase): Options | Outcome {
  if (spec.evictor !== undefined && spec.evictor !== null) return skipped("evictor: not built yet");
  const assigner = assignerOf(spec.windowAssigner);
  if (assigner === undefined) return skipped(`the runner does not know the assigner ${spec.windowAssigner.type}`);
  if (lastName(spec.trigger.type) !== TRIGGERS[assigner.defaultTrigger])
    return skipped(`trigger ${spec.trigger.type}: not built yet`);

  const keyOf = keySelectorOf(spec.key);
  const isProcess = spec.functionClasses.some((name) => name.includes("ProcessWindowFunction"));
  const text = spec.functionSemantics.find((each) => !each.startsWith("reduce"));
  const emit = text === undefined ? undefined : windowFunctionOf(text, isProcess);
  const contents = contentsOf(spec);
  if (keyOf === undefined || emit === undefined || contents === undefined) {
    return skipped(
      `the runner does not understand ${JSON.stringify([spec.key, spec.state, spec.reducer, ...spec.functionSemantics])}`,
    );
  }
  const tag = spec.lateDataOutputTag ?? undefined;
  return {
    keyOf,
    assigner,
    contents,
    contentsType: types.dynamic,
    emit,
    allowedLatenessMs: numberOf(spec.allowedLateness),
    lateTag: tag === undefined ? undefined : new OutputTag(tag),
  };
}

const TRIGGERS: { readonly [T in DefaultTrigger]: string } = {
  eventTime: "EventTimeTrigger",
  processingTime: "ProcessingTimeTrigger",
  endOfStream: "GlobalWindows$EndOfStreamTrigger",
  never: "GlobalWindows$NeverTrigger",
};

function contentsOf({ state, reducer }: WindowOperatorCase["spec"]): Options["contents"] | undefined {
  if (state.startsWith("list")) return listPane<CaseValue>() as Options["contents"];
  const reduce = reducer === undefined ? undefined : reducerOf(reducer);
  return state.startsWith("reduc") && reduce !== undefined ? reducePane<CaseValue>({ reduce }) : undefined;
}

function assignerOf(spec: AssignerSpec): WindowAssigner<CaseValue, Window> | undefined {
  // What a case lacks is 0, which assigners refuse where they need it.
  const [size, slide, gap, offset] = [spec.size, spec.slide, spec.sessionTimeout, spec.globalOffset ?? spec.offset].map((ms) =>
    milliseconds(ms ?? 0),
  ) as [Duration, Duration, Duration, Duration];
  const dynamicGap = spec.gapExtractor === undefined ? undefined : arrowOf(spec.gapExtractor.js);
  switch (lastName(spec.type)) {
    case "TumblingEventTimeWindows":
      return TumblingEventTimeWindows.of(size, offset, spec.windowStagger);
    case "TumblingProcessingTimeWindows":
      return TumblingProcessingTimeWindows.of(size, offset, spec.windowStagger);
    case "SlidingEventTimeWindows":
      return SlidingEventTimeWindows.of(size, slide, offset);
    case "SlidingProcessingTimeWindows":
      return SlidingProcessingTimeWindows.of(size, slide, offset);
    case "EventTimeSessionWindows":
      return EventTimeSessionWindows.withGap(gap);
    case "ProcessingTimeSessionWindows":
      return ProcessingTimeSessionWindows.withGap(gap);
    case "DynamicEventTimeSessionWindows":
      return dynamicGap === undefined
        ? undefined
        : EventTimeSessionWindows.withDynamicGap((value) => dynamicGap(value) as number);
    case "DynamicProcessingTimeSessionWindows":
      return dynamicGap === undefined
        ? undefined
        : ProcessingTimeSessionWindows.withDynamicGap((value) => dynamicGap(value) as number);
    case "GlobalWindows":
      return spec.defaultTrigger?.type.endsWith("EndOfStreamTrigger")
        ? GlobalWindows.createWithEndOfStreamTrigger()
        : GlobalWindows.create();
    case "WindowOperatorTest$PointSessionWindows":
      return pointSessions(gap.ms);
    default:
      return undefined;
  }
}

/**
 * An assigner that Flink's test defines: sessions in which the value 33 counts as a point in time, with a window of no length.
 */
function pointSessions(gapMs: number): WindowAssigner<CaseValue, Window> {
  return {
    kind: "PointSessionWindows",
    isEventTime: true,
    isMerging: true,
    defaultTrigger: "eventTime",
    assignWindows: (value, timestamp) => [
      new TimeWindow(timestamp, timestamp + ((value as readonly unknown[])[1] === 33 ? 0 : gapMs)),
    ],
    describe: () => `PointSessionWindows(${gapMs})`,
  };
}

function play({ spec, phases }: WindowOperatorCase, factory: () => OperatorFactory, restoresAlways: boolean): Outcome {
  const tag = spec.lateDataOutputTag ?? undefined;
  const harnessOptions = { sideOutputs: tag === undefined ? [] : [{ id: tag }], continueBudget: 2 };
  const snapshots: (HarnessSnapshot | undefined)[] = [];
  let harness = new RestorableHarness(factory, harnessOptions, restoresAlways);
  for (const [index, phase] of phases.entries()) {
    const source = phase.restoresFromSnapshotOfPhase;
    if (source !== undefined) harness.restore(snapshots[source]);
    else if (0 < index) harness = new RestorableHarness(factory, harnessOptions, restoresAlways);
    for (const [stepIndex, step] of phase.steps.entries()) {
      const where = `phase ${index + 1}, step ${stepIndex + 1}, ${step.op}`;
      if (step.op === "snapshot") snapshots[index] = harness.snapshot();
      else if (!apply(harness, step)) return skipped(`the runner does not know the step ${step.op}`);
      const [expected, actual] = [(step.out ?? []).map(shownCase).sort(), harness.takeOutput().map(shownOutput).sort()];
      if (JSON.stringify(expected) !== JSON.stringify(actual)) return differs(where, expected, actual);
    }
  }
  return PASSED;
}

/** Whether the step is known. */
function apply(harness: RestorableHarness, { op, value, ts, args }: CaseStep): boolean {
  switch (op) {
    case "element":
      harness.run((operator) => operator.element(value, ts === undefined || ts === null ? NO_TIMESTAMP : numberOf(ts)));
      return true;
    case "watermark":
      harness.run((operator) => operator.watermark(numberOf(value as CaseNumber)));
      return true;
    case "setProcessingTime":
      harness.setProcessingTime(numberOf(args![0]!));
      return true;
    case "close":
      harness.close();
      return true;
    default:
      return false;
  }
}

export function shownCase({ value, ts, side, watermark }: CaseOutput): string {
  if (watermark !== undefined) return `watermark ${numberOf(watermark)}`;
  return `${side ?? "out"} ${JSON.stringify(value)} @${ts === undefined || ts === null ? "none" : numberOf(ts)}`;
}

export function shownOutput(output: HarnessOutput): string {
  if (output.kind === "idleness") return "idleness";
  if (output.kind === "watermark") return `watermark ${output.watermark}`;
  return `${output.sideOutput ?? "out"} ${JSON.stringify(output.value)} @${output.timestamp ?? "none"}`;
}
