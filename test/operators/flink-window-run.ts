import { types } from "../../core/data/type.ts";
import { OutputTag } from "../../core/functions/output-tag.ts";
import { assert } from "../../core/lib/assert.ts";
import { milliseconds } from "../../core/lib/duration.ts";
import { JobError } from "../../core/lib/errors.ts";
import type { WindowEmit } from "../../core/operators/window-emitter.ts";
import { windowFactory } from "../../core/operators/window-factory.ts";
import type { OperatorFactory } from "../../core/operators/operator.ts";
import type { HarnessOutput } from "../../core/testing/operator-harness.ts";
import { GlobalWindows } from "../../core/windows/global-windows.ts";
import { aggregatePane, listPane } from "../../core/windows/pane-functions.ts";
import { EventTimeSessionWindows, ProcessingTimeSessionWindows } from "../../core/windows/session-windows.ts";
import { SlidingEventTimeWindows, SlidingProcessingTimeWindows } from "../../core/windows/sliding-windows.ts";
import type { Window } from "../../core/windows/time-window.ts";
import { TumblingEventTimeWindows, TumblingProcessingTimeWindows } from "../../core/windows/tumbling-windows.ts";
import type { WindowAssigner } from "../../core/windows/window-assigner.ts";
import type { FlinkAnswer, FlinkAssigner, FlinkRow, FlinkStep, FlinkWindowCase } from "./flink-window-case.ts";
import { RestorableHarness } from "./restorable-harness.ts";

/** One way of ours to run a case. */
export interface Execution {
  readonly name: string;
  readonly panes: "heap" | "keyed";
  /** Lists of records; or an aggregate that collects the values, which sliding windows sum from slices. */
  readonly contents: "list" | "sliced";
  /** Also snapshots, discards and restores after every step. */
  readonly restores: boolean;
}

const EXECUTION_FLAGS = [false, true] as const;

export const EXECUTIONS: readonly Execution[] = (["heap", "keyed"] as const).flatMap((panes) =>
  (["list", "sliced"] as const).flatMap((contents) =>
    EXECUTION_FLAGS.map((restores) => ({
      name: `${panes} panes, ${contents}${restores ? ", restored at every step" : ""}`,
      panes,
      contents,
      restores,
    })),
  ),
);

interface Element {
  readonly k: string;
  readonly v: number;
}

const LATE = new OutputTag<Element>("late");

/** Firing goes in turns of so few panes that most cases are suspended. */
const PANES_PER_TURN = 2;

/** What our operator answers to a case, in Flink's form; a refusal ends it, as in the oracle. */
export function answerOf(input: FlinkWindowCase, execution: Execution): FlinkAnswer {
  const options = { sideOutputs: [LATE], continueBudget: PANES_PER_TURN };
  const harness = new RestorableHarness(() => factoryOf(input, execution), options, execution.restores);
  const rows: FlinkRow[] = [];
  const { id } = input;
  for (const [index, step] of input.feed.entries()) {
    try {
      play(harness, step);
    } catch (error) {
      if (error instanceof JobError) return { id, out: rows, error: `step ${index}: ${error.message}` };
      throw error;
    }
    for (const output of harness.takeOutput()) rows.push(rowOf(index, output));
  }
  harness.close();
  return { id, out: rows };
}

function play(harness: RestorableHarness, step: FlinkStep): void {
  if ("wm" in step) harness.run((operator) => operator.watermark(step.wm));
  else if ("pt" in step) harness.setProcessingTime(step.pt);
  else if ("end" in step) harness.run((operator) => operator.watermark(Infinity));
  else if ("snapshot" in step) harness.restore();
  else harness.run((operator) => operator.element({ k: step.k ?? "k", v: step.v }, step.t));
}

function rowOf(step: number, output: HarnessOutput): FlinkRow {
  assert(output.kind !== "idleness", "no input turns idle here");
  if (output.kind === "watermark") return [step, "wm", output.watermark];
  assert(output.timestamp !== undefined, "what windows put out has a timestamp");
  if (output.sideOutput === undefined) return [step, "out", output.value as [string, number, number, number[]], output.timestamp];
  const { k, v } = output.value as Element;
  return [step, "late", [k, v], output.timestamp];
}

function factoryOf(input: FlinkWindowCase, { panes, contents }: Execution): OperatorFactory {
  const common = {
    keyOf: (element: Element) => element.k,
    assigner: assignerOf(input.assigner),
    allowedLatenessMs: input.lateness ?? 0,
    lateTag: LATE,
    panes,
  };
  if (contents === "list") {
    return windowFactory({
      ...common,
      contents: listPane<Element>(),
      contentsType: types.array(elementType),
      emit: rowsOf((element: Element) => [element.v]),
    });
  }
  return windowFactory({
    ...common,
    contents: aggregatePane(COLLECTING),
    contentsType: types.array(types.number),
    emit: rowsOf((values: number[]) => values),
  });
}

const elementType = types.object({ k: types.string, v: types.number });

/** Collects values so that slices can be told from windows in what comes out. */
const COLLECTING = {
  sliceable: true,
  createAccumulator: (): number[] => [],
  add: (element: Element, values: number[]): number[] => {
    values.push(element.v);
    return values;
  },
  merge: (earlier: number[], later: number[]): number[] => {
    earlier.push(...later);
    return earlier;
  },
  getResult: (values: number[]): number[] => values.slice(),
};

function rowsOf<V>(valuesOf: (value: V) => readonly number[]): WindowEmit<string, V, unknown> {
  return {
    kind: "process",
    fn: {
      process: (key, context, values, out) => {
        const { start, end } = context.window() as Window;
        const span = Number.isFinite(start) ? [start, end] : [null, null];
        out.collect([key, ...span, [...values].flatMap(valuesOf)]);
      },
    },
  };
}

function assignerOf({ type, size = 0, slide = 0, gap = 0, offset = 0 }: FlinkAssigner): WindowAssigner<Element, Window> {
  switch (type) {
    case "tumbling":
      return TumblingEventTimeWindows.of(milliseconds(size), milliseconds(offset));
    case "tumblingProc":
      return TumblingProcessingTimeWindows.of(milliseconds(size), milliseconds(offset));
    case "sliding":
      return SlidingEventTimeWindows.of(milliseconds(size), milliseconds(slide), milliseconds(offset));
    case "slidingProc":
      return SlidingProcessingTimeWindows.of(milliseconds(size), milliseconds(slide), milliseconds(offset));
    case "session":
      return EventTimeSessionWindows.withGap(milliseconds(gap));
    case "dynamicSession":
      return EventTimeSessionWindows.withDynamicGap((element: Element) => element.v);
    case "sessionProc":
      return ProcessingTimeSessionWindows.withGap(milliseconds(gap));
    case "global":
      return GlobalWindows.create();
  }
}
