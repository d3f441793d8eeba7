import { keyColumnOf } from "../data/key-column.ts";
import { showAggregate } from "../windows/built-in-aggregates.ts";
import type { WindowContents } from "../windows/pane-functions.ts";
import { type SliceLayout, sliceLayout } from "../windows/pane-layout.ts";
import type { PaneFunction } from "../windows/panes.ts";
import type { Window } from "../windows/time-window.ts";
import type { WindowAssigner } from "../windows/window-assigner.ts";
import type { ColumnForm, PartUse } from "./operator.ts";

/** Why no kernel computes these windows, as `explain` says it; undefined: one does. */
export function withoutKernel<T, Contents, V>(
  assigner: WindowAssigner<T, Window>,
  contents: WindowContents<T, Contents, V>,
): string | undefined {
  if (contents.builtIn === undefined) return WITHOUT_BUILT_IN[contents.kind];
  if (assigner.isMerging) return `${assigner.kind} merges windows, each key its own`;
  return undefined;
}

/** Whether a kernel holds the panes of such windows where they run. */
export function isInKernel<T, Contents, V>(form: WindowForm<T, Contents, V>, use: Pick<PartUse, "mode" | "hasKernelModule">): boolean {
  // In BATCH the windows of one key are fired and dropped before the next key comes: few panes at a time, and nothing for a kernel.
  if (use.mode === "BATCH" || withoutKernel(form.assigner, form.contents) !== undefined) return false;
  return use.hasKernelModule || withoutJsKernel(form) === undefined;
}

/** Why no kernel in JavaScript computes these windows, although one in WebAssembly does; undefined: it does too. */
export function withoutJsKernel<T, Contents, V>(form: WindowForm<T, Contents, V>): string | undefined {
  if (whyRows(form) === undefined || overlaps(form.assigner)) return undefined;
  return "rows in windows that do not overlap gain little from one in JavaScript; setKernel(…) brings one in WebAssembly";
}

const WITHOUT_BUILT_IN = {
  list: "the windows keep every record for a function",
  reduce: "a function reduces the records; aggregate({ total: sum(\"field\") }) needs none",
  aggregate: "a function aggregates the records; aggregate({ total: sum(\"field\") }) needs none",
} as const;

export interface WindowForm<T, Contents, V> {
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

/** Whether panes in a kernel take records many at a time. */
export function takesRecords<T, Contents, V>({ keyOf, assigner, contents }: WindowForm<T, Contents, V>): boolean {
  return keyOf !== undefined && assigner.cells !== undefined && !(overlaps(assigner) && slicesOf(assigner, contents) === undefined);
}

function whyRows<T, Contents, V>({ keyOf, assigner, contents }: WindowForm<T, Contents, V>): string | undefined {
  const reason = withoutKernel(assigner, contents);
  if (reason !== undefined) return reason;
  if (keyOf === undefined) return "windowAll has no key, and so no column of keys";
  if (keyColumnOf(keyOf) === undefined) return 'the key is computed; keyBy("field") reads a column, which addOrReplaceColumns(…) can make';
  if (assigner.cells === undefined) return `${assigner.kind} decides for each record by itself`;
  if (overlaps(assigner) && slicesOf(assigner, contents) === undefined) return "a window of more than 4,096 slices is not summed from them";
  const computed = contents.builtIn!.aggregates.find(({ kind, field, expression }) => kind !== "count" && field === undefined && expression === undefined);
  if (computed === undefined) return undefined;
  return `a function computes ${showAggregate(computed)}; ${computed.kind}("field") reads a column`;
}

function overlaps<T>(assigner: WindowAssigner<T, Window>): boolean {
  return assigner.slides !== undefined && assigner.slides.slideMs < assigner.slides.sizeMs;
}

/**
 * Windows that overlap are summed from slices where the contents allow it. Not by the clock: a slice outlives windows that have
 * fired, and a clock, unlike a watermark, may stand still or go back, so that a record comes for a window whose time is over and
 * that has to fire again.
 */
export function slicesOf<T, Contents>(assigner: WindowAssigner<T, Window>, contents: PaneFunction<T, Contents>): SliceLayout | undefined {
  const { slides } = assigner;
  if (slides === undefined || contents.merge === undefined || contents.copy === undefined) return undefined;
  return sliceLayout(slides.sizeMs, slides.slideMs, slides.offsetMs);
}
