import type { Type } from "../data/type.ts";
import { assert } from "../lib/assert.ts";
import { keyGroupOf } from "../state/key-groups.ts";
import { KeyedStore } from "../state/keyed-store.ts";
import { HeapTimers } from "../time/timer-heap.ts";
import { HeapPanes } from "../windows/heap-panes.ts";
import { KeyedPanes } from "../windows/keyed-panes.ts";
import { type SliceLayout, sliceLayout } from "../windows/pane-layout.ts";
import type { PaneDeadlines, PaneFunction, Panes } from "../windows/panes.ts";
import { SlidingEventTimeWindows } from "../windows/sliding-windows.ts";
import type { Window } from "../windows/time-window.ts";
import type { WindowAssigner } from "../windows/window-assigner.ts";
import type { OperatorContext } from "./operator.ts";

/** What holds the panes of a window operator: tables in memory, or keyed state and timers. Results and snapshots are the same. */
export type PanesKind = "heap" | "keyed";

export interface WindowPanesOptions<T, Contents> {
  readonly assigner: WindowAssigner<T, Window>;
  readonly contents: PaneFunction<T, Contents>;
  readonly contentsType: Type<Contents>;
  readonly deadlines: PaneDeadlines;
}

export function makePanes<T, Contents>(
  kind: PanesKind,
  context: OperatorContext,
  options: WindowPanesOptions<T, Contents>,
): Panes<T, Contents> {
  const registry = context.components;
  const paneOptions = { ...options, slices: slicesOf(options) };
  if (kind === "heap") return new HeapPanes({ ...paneOptions, registry });

  const { maxParallelism } = registry;
  // The panes themselves are part of snapshots; what holds them is scratch.
  const state = new KeyedStore({ maxParallelism, keyGroups: { first: 0, last: maxParallelism - 1 }, partName: noPart });
  const timers = new HeapTimers({ keyGroupOf: (key) => keyGroupOf(key, maxParallelism) });
  return new KeyedPanes({ ...paneOptions, registry, state, timers });
}

function noPart(): string {
  assert(false, "scratch state is never stored");
}

/**
 * Windows that overlap are summed from slices where the contents allow it. Not by the clock: a slice outlives windows that have
 * fired, and a clock, unlike a watermark, may stand still or go back, so that a record comes for a window whose time is over and
 * that has to fire again.
 */
function slicesOf<T, Contents>({ assigner, contents }: WindowPanesOptions<T, Contents>): SliceLayout | undefined {
  if (contents.merge === undefined || contents.copy === undefined || !(assigner instanceof SlidingEventTimeWindows))
    return undefined;
  return sliceLayout(assigner.sizeMs, assigner.slideMs, assigner.offsetMs);
}
