import { keyColumnOf } from "../data/key-column.ts";
import { showAggregate } from "../windows/built-in-aggregates.ts";
import type { WindowContents } from "../windows/pane-functions.ts";
import { type SliceLayout, sliceLayout } from "../windows/pane-layout.ts";
import type { PaneFunction } from "../windows/panes.ts";
import { SlidingEventTimeWindows } from "../windows/sliding-windows.ts";
import type { Window } from "../windows/time-window.ts";
import type { WindowAssigner } from "../windows/window-assigner.ts";
import type { ColumnForm, ExecutionMode } from "./operator.ts";

/** Why no kernel computes these windows, as `explain` says it; undefined: one does. */
export function withoutKernel<T, Contents, V>(
  assigner: WindowAssigner<T, Window>,
  contents: WindowContents<T, Contents, V>,
): string | undefined {
  if (contents.builtIn === undefined) return WITHOUT_BUILT_IN[contents.kind];
  if (assigner.isMerging) return `${assigner.kind} merges windows, each key its own`;
  return undefined;
}

/** In BATCH the windows of one key are fired and dropped before the next key comes: few panes at a time, and nothing for a kernel. */
export function isInKernel<T, Contents, V>(assigner: WindowAssigner<T, Window>, contents: WindowContents<T, Contents, V>, mode: ExecutionMode): boolean {
  return mode === "STREAMING" && withoutKernel(assigner, contents) === undefined;
}

const WITHOUT_BUILT_IN = {
  list: "the windows keep every record for a function",
  reduce: "a function reduces the records; aggregate({ total: sum(\"field\") }) needs none",
  aggregate: "a function aggregates the records; aggregate({ total: sum(\"field\") }) needs none",
} as const;

interface WindowForm<T, Contents, V> {
  readonly keyOf: ((record: T) => unknown) | undefined;
  readonly assigner: WindowAssigner<T, Window>;
  readonly contents: WindowContents<T, Contents, V>;
  readonly emit: { readonly kind: string };
}

/** What such windows do with column batches. */
export function columnForm<T, Contents, V>(form: WindowForm<T, Contents, V>): ColumnForm {
  const reason = whyRows(form);
  return { takes: reason ?? true, gives: withoutKernel(form.assigner, form.contents) === undefined && form.emit.kind === "values" };
}

function whyRows<T, Contents, V>({ keyOf, assigner, contents }: WindowForm<T, Contents, V>): string | undefined {
  const reason = withoutKernel(assigner, contents);
  if (reason !== undefined) return reason;
  if (keyOf === undefined) return "windowAll has no key, and so no column of keys";
  if (keyColumnOf(keyOf) === undefined) return 'a function computes the key; keyBy("field") reads a column';
  if (assigner.cells === undefined) return `${assigner.kind} decides for each record by itself`;
  if (overlaps(assigner) && slicesOf(assigner, contents) === undefined) return "a window of more than 4,096 slices is not summed from them";
  const computed = contents.builtIn!.aggregates.find(({ kind, field, expression }) => kind !== "count" && field === undefined && expression === undefined);
  if (computed === undefined) return undefined;
  return `a function computes ${showAggregate(computed)}; ${computed.kind}("field") reads a column`;
}

function overlaps<T>(assigner: WindowAssigner<T, Window>): boolean {
  return assigner instanceof SlidingEventTimeWindows && assigner.slideMs < assigner.sizeMs;
}

/**
 * Windows that overlap are summed from slices where the contents allow it. Not by the clock: a slice outlives windows that have
 * fired, and a clock, unlike a watermark, may stand still or go back, so that a record comes for a window whose time is over and
 * that has to fire again.
 */
export function slicesOf<T, Contents>(assigner: WindowAssigner<T, Window>, contents: PaneFunction<T, Contents>): SliceLayout | undefined {
  if (contents.merge === undefined || contents.copy === undefined || !(assigner instanceof SlidingEventTimeWindows))
    return undefined;
  return sliceLayout(assigner.sizeMs, assigner.slideMs, assigner.offsetMs);
}
