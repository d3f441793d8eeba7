import { types, type Type } from "../data/type.ts";
import { OutputTag } from "../functions/output-tag.ts";
import type { StreamNode } from "../graph/stream-graph.ts";
import { Duration } from "../lib/duration.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { countWindowFactory } from "../operators/count-window-factory.ts";
import type { OperatorFactory } from "../operators/operator.ts";
import type { WindowEmit } from "../operators/window-emitter.ts";
import { windowFactory } from "../operators/window-factory.ts";
import type { WindowContents } from "../windows/pane-functions.ts";
import type { Window } from "../windows/time-window.ts";
import type { WindowAssigner } from "../windows/window-assigner.ts";
import { knownColumns, requireColumns } from "./known-columns.ts";
import { timestampsOf, type Upstream } from "./stream-graph-builder.ts";

/** Which windows a windowed stream has. */
export type WindowSpec =
  | { readonly kind: "assigned"; readonly assigner: WindowAssigner<never, Window> }
  | { readonly kind: "counted"; readonly size: number; readonly slide: number | undefined };

/** A tag that takes records of type `T`, and perhaps others. */
export interface TagFor<in T> {
  readonly id: string;
  readonly recordType?: (record: T) => unknown;
}

/**
 * What a windowed stream knows before it is told what to compute. It holds no type of records, so that streams vary with theirs.
 */
export interface WindowSettings {
  readonly upstream: Upstream;
  readonly spec: WindowSpec;
  readonly allowedLatenessMs: number;
  readonly lateTag: OutputTag<never> | undefined;
}

/**
 * @throws JobError MISSING_TIMESTAMPS where windows of event time are asked for and the graph knows that there are no timestamps;
 *   INVALID_ARGUMENT for what is
 *   no assigner, and for windows that never fire.
 */
export function assignedBy(upstream: Upstream, assigner: WindowAssigner<never, Window>): WindowSpec {
  if (typeof assigner !== "object" || assigner === null || typeof assigner.assignWindows !== "function") {
    throw new JobError(
      "INVALID_ARGUMENT",
      `window takes an assigner such as TumblingEventTimeWindows.of(minutes(5)), but got ${show(assigner)}`,
    );
  }
  if (assigner.defaultTrigger === "never") {
    throw new JobError(
      "INVALID_ARGUMENT",
      `windows of ${assigner.kind} never fire by themselves: ` +
        "use countWindow(100), or GlobalWindows.createWithEndOfStreamTrigger()",
    );
  }
  if (assigner.isEventTime && timestampsOf(upstream) === "none") throw missingTimestamps(upstream, assigner);
  return { kind: "assigned", assigner };
}

/** Flink's best-known trap, told when the job is written instead of by a job that prints nothing. */
function missingTimestamps(upstream: Upstream, assigner: WindowAssigner<never, Window>): JobError {
  const without = upstream.inputs.filter(({ node }) => node.timestamps === "none").map(({ node }) => `"${node.name}"`);
  return new JobError(
    "MISSING_TIMESTAMPS",
    `${assigner.kind} needs event time, but the records of ${without.join(", ")} have no timestamps. ` +
      "Assign timestamps and watermarks before keyBy(...):\n" +
      "    stream.assignTimestampsAndWatermarks(" +
      "WatermarkStrategy.forBoundedOutOfOrderness(seconds(5)).withTimestampAssigner((r) => r.time))\n" +
      `  or use a processing-time window, such as ${assigner.kind.replace("EventTime", "ProcessingTime")}`,
  );
}

/** @throws JobError INVALID_ARGUMENT */
export function checkedLatenessMs(lateness: Duration): number {
  if (lateness instanceof Duration && 0 <= lateness.ms) return lateness.ms;
  throw new JobError(
    "INVALID_ARGUMENT",
    `allowedLateness takes a Duration that is not negative, such as minutes(1), but got ${show(lateness)}`,
  );
}

/** @throws JobError INVALID_ARGUMENT */
export function checkedLateTag(tag: TagFor<never>): OutputTag<never> {
  if (tag instanceof OutputTag) return tag as TagFor<never> as OutputTag<never>;
  throw new JobError(
    "INVALID_ARGUMENT",
    `sideOutputLateData takes an OutputTag, such as new OutputTag("late"), but got ${show(tag)}`,
  );
}

/** Adds the operator that fills and fires the windows. */
export function addWindows<T, K, Contents, V, R>(
  settings: WindowSettings,
  contents: WindowContents<T, Contents, V>,
  emit: WindowEmit<K, V, R>,
): StreamNode {
  const { upstream, spec } = settings;
  const { builtIn } = contents;
  if (builtIn !== undefined) requireColumns("aggregate", builtIn.columnNames, knownColumns(upstream));
  const keyed = upstream.keyOf !== undefined;
  return upstream.graph.addOperator(
    {
      name: spec.kind === "counted" ? "CountWindow" : spec.assigner.kind,
      factory: factoryOf(settings, contents, emit),
      keyed,
      parallelismMax: keyed ? undefined : 1,
      // Results of windows of time carry the last timestamp of their window; others have no end.
      timestamps: spec.kind === "assigned" && spec.assigner.defaultTrigger !== "endOfStream" ? "assigned" : "unknown",
      columnNames: emit.kind === "values" ? builtIn?.aggregates.map(({ output }) => output) : undefined,
    },
    [upstream],
  );
}

function factoryOf<T, K, Contents, V, R>(
  { upstream, spec, allowedLatenessMs, lateTag }: WindowSettings,
  contents: WindowContents<T, Contents, V>,
  emit: WindowEmit<K, V, R>,
): OperatorFactory {
  // All of these take the records of the stream, which its upstream cannot say.
  const keyOf = upstream.keyOf as ((record: T) => K) | undefined;
  const late = lateTag as OutputTag<T> | undefined;
  const contentsType = types.dynamic as Type<Contents>;
  if (spec.kind === "counted") {
    const recordType = types.dynamic as Type<T>;
    return countWindowFactory({ keyOf, size: spec.size, slide: spec.slide, contents, contentsType, recordType, emit });
  }
  if (spec.assigner.isMerging && contents.merge === undefined) {
    throw new JobError(
      "INVALID_ARGUMENT",
      `${spec.assigner.kind} merges windows, so its AggregateFunction needs merge(earlier, later), ` +
        "which returns both accumulators as one",
    );
  }
  const assigner = spec.assigner as WindowAssigner<T, Window>;
  return windowFactory({ keyOf, assigner, contents, contentsType, emit, allowedLatenessMs, lateTag: late });
}
