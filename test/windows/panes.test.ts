import { keyGroupOf } from "../../core/state/key-groups.ts";
import { KeyedStore } from "../../core/state/keyed-store.ts";
import { HeapTimers } from "../../core/time/timer-heap.ts";
import { HeapPanes } from "../../core/windows/heap-panes.ts";
import { KeyedPanes } from "../../core/windows/keyed-panes.ts";
import { type MakePanes, panesSuite } from "./panes.case.ts";

const heap: MakePanes = (options, registry) => new HeapPanes({ ...options, registry });

const keyed: MakePanes = (options, registry) => {
  const { maxParallelism } = registry;
  const state = new KeyedStore({ maxParallelism, keyGroups: { first: 0, last: maxParallelism - 1 }, partName: () => "never" });
  const timers = new HeapTimers({ keyGroupOf: (key) => keyGroupOf(key, maxParallelism) });
  return new KeyedPanes({ ...options, registry, state, timers });
};

panesSuite("keyed state and timers", keyed, [heap]);
panesSuite("heap", heap, [keyed]);
