import type { Type } from "../data/type.ts";
import { assert } from "../lib/assert.ts";
import { keyGroupOf } from "../state/key-groups.ts";
import { KeyedStore } from "../state/keyed-store.ts";
import { HeapTimers } from "../time/timer-heap.ts";
import type { Slots } from "../windows/aggregate-slots.ts";
import type { ColumnPanes } from "../windows/column-panes.ts";
import { HeapPanes } from "../windows/heap-panes.ts";
import { KernelPanes } from "../windows/kernel-panes.ts";
import { KeyedPanes } from "../windows/keyed-panes.ts";
import type { WindowContents } from "../windows/pane-functions.ts";
import type { PanesOptions } from "../windows/pane-layout.ts";
import type { PaneDeadlines, Panes } from "../windows/panes.ts";
import type { Window } from "../windows/time-window.ts";
import type { WindowAssigner } from "../windows/window-assigner.ts";
import type { OperatorContext } from "./operator.ts";
import { kernelsOf, slicesOf, withoutKernel } from "./window-kernel.ts";

/**
 * What holds the panes of a window operator: memory (a kernel where one can, else tables), tables in any case, or keyed state and timers. Results and snapshots
 * are the same.
 */
export type PanesKind = "memory" | "heap" | "keyed";

export interface WindowPanesOptions<T, Contents, V> {
  readonly assigner: WindowAssigner<T, Window>;
  readonly contents: WindowContents<T, Contents, V>;
  readonly contentsType: Type<Contents>;
  readonly deadlines: PaneDeadlines;
  /** The column of a batch that holds the keys; undefined: a function computes them. */
  readonly keyColumn: string | undefined;
}

/** The panes of an operator; those that take columns by that name too. */
export interface WindowPanes<T, Contents> {
  readonly panes: Panes<T, Contents>;
  readonly columnPanes: ColumnPanes<T, Contents> | undefined;
}

export function makePanes<T, Contents, V>(
  kind: PanesKind,
  context: OperatorContext,
  options: WindowPanesOptions<T, Contents, V>,
): WindowPanes<T, Contents> {
  const { assigner, contents, contentsType, deadlines, keyColumn } = options;
  const registry = context.components;
  const paneOptions = { contents, contentsType, deadlines, slices: slicesOf(assigner, contents) };
  const aggregates = contents.builtIn;
  // In BATCH the windows of one key are fired and dropped before the next key comes: few panes at a time, and nothing for a kernel.
  if (kind === "memory" && aggregates !== undefined && context.mode === "STREAMING" && withoutKernel(assigner, contents) === undefined) {
    const makeKernel = kernelsOf(context.kernel);
    // Contents of built-in aggregates are slots, which the compiler cannot conclude.
    const slotOptions = paneOptions as unknown as PanesOptions<T, Slots>;
    const kernelPanes = new KernelPanes<T>({ ...slotOptions, registry, aggregates, makeKernel, keyColumn });
    const panes = kernelPanes as unknown as ColumnPanes<T, Contents>;
    return { panes, columnPanes: panes };
  }
  if (kind !== "keyed") return { panes: new HeapPanes({ ...paneOptions, registry }), columnPanes: undefined };

  const { maxParallelism } = registry;
  // The panes themselves are part of snapshots; what holds them is scratch.
  const state = new KeyedStore({ maxParallelism, keyGroups: { first: 0, last: maxParallelism - 1 }, partName: noPart });
  const timers = new HeapTimers({ keyGroupOf: (key) => keyGroupOf(key, maxParallelism) });
  return { panes: new KeyedPanes({ ...paneOptions, registry, state, timers }), columnPanes: undefined };
}

function noPart(): string {
  assert(false, "scratch state is never stored");
}
