import { keyGroupOf } from "../../core/state/key-groups.ts";
import { KeyedStore } from "../../core/state/keyed-store.ts";
import { HeapTimers } from "../../core/time/timer-heap.ts";
import type { ComponentRegistry } from "../../core/state/keyed-state.ts";
import type { Slots } from "../../core/windows/aggregate-slots.ts";
import { HeapPanes } from "../../core/windows/heap-panes.ts";
import type { PanesOptions } from "../../core/windows/pane-layout.ts";
import { KeyedPanes } from "../../core/windows/keyed-panes.ts";
import { JsKernel } from "../../core/windows/js-kernel.ts";
import type { MakeKernel } from "../../core/windows/kernel.ts";
import { KernelPanes } from "../../core/windows/kernel-panes.ts";
import { wasmKernels } from "../../core/windows/wasm-kernel.ts";
import { loadKernelModule } from "../../node/kernel-module.ts";
import { AGGREGATES, LISTS, type MakePanes, panesSuite } from "./panes.case.ts";

const heap = <Contents>(options: PanesOptions<string, Contents>, registry: ComponentRegistry): HeapPanes<string, Contents> =>
  new HeapPanes({ ...options, registry });

const keyed = <Contents>(options: PanesOptions<string, Contents>, registry: ComponentRegistry): KeyedPanes<string, Contents> => {
  const { maxParallelism } = registry;
  const state = new KeyedStore({ maxParallelism, keyGroups: { first: 0, last: maxParallelism - 1 }, partName: () => "never" });
  const timers = new HeapTimers({ keyGroupOf: (key) => keyGroupOf(key, maxParallelism) });
  return new KeyedPanes({ ...options, registry, state, timers });
};

const kernel =
  (makeKernel: MakeKernel): MakePanes<Slots> =>
  (options, registry) =>
    new KernelPanes({ ...options, registry, aggregates: AGGREGATES.aggregates, makeKernel });
const jsKernel = kernel((spec) => new JsKernel(spec));
const wasmKernel = kernel(wasmKernels(await loadKernelModule()));

panesSuite("keyed state and timers", LISTS, keyed, [heap]);
panesSuite("heap", LISTS, heap, [keyed]);
panesSuite("kernel in JavaScript", AGGREGATES, jsKernel, [wasmKernel, heap, keyed]);
panesSuite("kernel in WebAssembly", AGGREGATES, wasmKernel, [jsKernel, heap, keyed]);
