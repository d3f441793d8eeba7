import {
  type MergeWindows,
  type MergingEntry,
  MergingWindowSet,
  mergeTimeWindows,
} from "../../core/windows/merging-window-set.ts";
import { TimeWindow } from "../../core/windows/time-window.ts";
import { lastName } from "./assigner-cases.ts";
import { type Outcome, PASSED, differs, skipped } from "./outcome.ts";

interface PlainWindow {
  readonly start: number;
  readonly end: number;
}

interface MergingCall {
  /** Which set of the test is called. */
  readonly set: number;
  readonly call: string;
  readonly args: readonly [PlainWindow];
  readonly result: PlainWindow | null;
}

export interface MergingWindowSetCase {
  readonly id: string;
  readonly assigner: { readonly windowAssigner: { readonly class: string } };
  readonly calls: readonly MergingCall[];
}

/** Runs a case of `merging_window_set.json`, straight and with the set rebuilt from its entries before every call. */
export function runMergingWindowSetCase(input: MergingWindowSetCase): Outcome {
  const className = lastName(input.assigner.windowAssigner.class);
  const mergeWindows = MERGES[className];
  if (mergeWindows === undefined) return skipped(`the runner does not know the assigner ${className}`);
  const straight = play(input.calls, mergeWindows, false);
  return straight.kind === "passed" ? play(input.calls, mergeWindows, true) : straight;
}

const MERGES: { readonly [className: string]: MergeWindows } = {
  EventTimeSessionWindows: mergeTimeWindows,
  ProcessingTimeSessionWindows: mergeTimeWindows,
  DynamicEventTimeSessionWindows: mergeTimeWindows,
  DynamicProcessingTimeSessionWindows: mergeTimeWindows,
  // An assigner that Flink's test defines, to show that a set survives merges which do not concern the added window: the windows
  // that start within the earliest one become that one, longer by 1 ms.
  MergingWindowSetTest$NonEagerlyMergingWindowAssigner: (windows, merge) => {
    const earliest = windows.reduce((a, b) => (b.start < a.start ? b : a));
    const associated = windows.filter((window) => earliest.start <= window.start && window.start < earliest.end);
    if (1 < associated.length) merge(associated, new TimeWindow(earliest.start, earliest.end + 1));
  },
};

function play(calls: readonly MergingCall[], mergeWindows: MergeWindows, rebuilds: boolean): Outcome {
  const sets = new Map<number, MergingWindowSet>();
  for (const [index, { set: id, call, args, result }] of calls.entries()) {
    let set = sets.get(id) ?? new MergingWindowSet(initialEntries(calls, id), mergeWindows);
    if (rebuilds) set = new MergingWindowSet(set.entries(), mergeWindows);
    sets.set(id, set);

    const window = timeWindow(args[0]);
    let actual: TimeWindow | undefined;
    if (call === "addWindow") actual = set.addWindow(window, () => undefined);
    else if (call === "getStateWindow") actual = set.getStateWindow(window);
    else if (call === "retireWindow") set.retireWindow(window);
    else return skipped(`the runner does not know the call ${call}`);

    const plain = actual === undefined ? null : { start: actual.start, end: actual.end };
    if (JSON.stringify(plain) !== JSON.stringify(result)) return differs(`call ${index + 1}, ${call}`, result, plain);
  }
  return PASSED;
}

/**
 * A test of a restored set gives its state to the constructor, which is not recorded. What `getStateWindow` finds before anything
 * was added can only come from there; the set must find it again, sorted in and rebuilt.
 */
function initialEntries(calls: readonly MergingCall[], id: number): MergingEntry[] {
  const own = calls.filter(({ set }) => set === id);
  const firstChange = own.findIndex(({ call }) => call !== "getStateWindow");
  const reads = firstChange === -1 ? own : own.slice(0, firstChange);
  return reads.flatMap(({ args, result }) =>
    result === null ? [] : [{ window: timeWindow(args[0]), stateWindow: timeWindow(result) }],
  );
}

function timeWindow({ start, end }: PlainWindow): TimeWindow {
  return new TimeWindow(start, end);
}
