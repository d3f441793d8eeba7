import { assert } from "../lib/assert.ts";
import { keyGroupOf } from "../state/key-groups.ts";
import type { ComponentRegistry, KeyedState } from "../state/keyed-state.ts";
import { KeyedStore } from "../state/keyed-store.ts";
import { HeapTimers } from "../time/timer-heap.ts";
import { KeyedMergingPanes } from "../windows/keyed-merging-panes.ts";
import { KeyedPanes } from "../windows/keyed-panes.ts";
import type { MergingPanesOptions } from "../windows/merging-panes.ts";
import type { PanesOptions } from "../windows/pane-layout.ts";
import type { Window } from "../windows/time-window.ts";
import type { WindowAssigner } from "../windows/window-assigner.ts";
import { deadlinesOf } from "./default-triggers.ts";
import { slicesOf } from "./window-kernel.ts";

/** Panes over keyed state and timers of their own: the panes themselves are part of snapshots, what holds them is scratch. */
export function makeKeyedPanes<T, Contents>(
  options: PanesOptions<T, Contents> & { readonly registry: ComponentRegistry },
): KeyedPanes<T, Contents> {
  const { maxParallelism } = options.registry;
  const state = new KeyedStore({ maxParallelism, keyGroups: { first: 0, last: maxParallelism - 1 }, partName: noPart });
  const timers = new HeapTimers({ keyGroupOf: (key) => keyGroupOf(key, maxParallelism) });
  return new KeyedPanes({ ...options, state, timers });
}

/** The same for windows that merge. */
export function makeKeyedMergingPanes<T, Contents>(
  options: MergingPanesOptions<T, Contents> & {
    readonly assigner: WindowAssigner<T, Window>;
    readonly registry: ComponentRegistry;
    readonly state: KeyedState;
  },
): KeyedMergingPanes<T, Contents> {
  const { assigner, contents, contentsType, registry } = options;
  const deadlines = deadlinesOf(assigner, options.allowedLatenessMs);
  const slices = slicesOf(assigner, contents);
  return new KeyedMergingPanes({ ...options, panes: makeKeyedPanes({ contents, contentsType, deadlines, slices, registry }) });
}

function noPart(): string {
  assert(false, "scratch state is never stored");
}
