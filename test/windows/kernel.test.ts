import { describe, expect, test } from "vitest";
import type { ChangeTracker } from "../../core/state/keyed-state.ts";
import { count, sum } from "../../core/windows/aggregates.ts";
import { builtInAggregates } from "../../core/windows/built-in-aggregates.ts";
import type { Slots } from "../../core/windows/aggregate-slots.ts";
import { JsKernel } from "../../core/windows/js-kernel.ts";
import type { Kernel, MakeKernel } from "../../core/windows/kernel.ts";
import { KernelPanes } from "../../core/windows/kernel-panes.ts";
import { aggregatePane } from "../../core/windows/pane-functions.ts";
import type { PaneFunction } from "../../core/windows/panes.ts";
import { TimeWindow } from "../../core/windows/time-window.ts";
import { wasmKernels } from "../../core/windows/wasm-kernel.ts";
import { loadKernelModule } from "../../node/kernel-module.ts";
import { kernelSuite } from "./kernel.case.ts";

const js: MakeKernel = (spec) => new JsKernel(spec);
const wasm = wasmKernels(await loadKernelModule());

kernelSuite("in JavaScript", js, [wasm]);
kernelSuite("in WebAssembly", wasm, [js]);

describe.each([
  { name: "JavaScript", make: js, keyCountMax: 200_000 },
  { name: "WebAssembly", make: wasm, keyCountMax: 50_000 },
])("panes in a kernel in $name", ({ make, keyCountMax }) => {
  test("a kernel with little of its memory in use is built anew at a snapshot", () => {
    const made: Kernel[] = [];
    const tracker: ChangeTracker = { interval: 0, changed: () => {} };
    const aggregates = builtInAggregates<number, { n: ReturnType<typeof count>; sum: ReturnType<typeof sum<number, number>> }>({ n: count(), sum: sum((r: number) => r) });
    const panes = new KernelPanes<number>({
      aggregates,
      contents: aggregatePane(aggregates) as PaneFunction<number, unknown> as PaneFunction<number, Slots>,
      contentsType: aggregates.accumulatorType,
      deadlines: { fireTime: ({ end }) => end - 1, dropTime: ({ end }) => end - 1 },
      registry: { maxParallelism: 128, register: () => tracker },
      makeKernel: (spec) => made[made.push(make(spec)) - 1]!,
    });
    panes.resumeFrom(-Infinity);
    for (let window = 0; window < 30; window += 1) {
      const keyCount = window % 10 === 0 ? keyCountMax : 10;
      for (let key = 0; key < keyCount; key += 1) {
        panes.add(key % 2 === 0 ? `key ${window} ${key}` : key, [new TimeWindow(window, window + 1)], key, window, window - 1);
        if (key % 5 === 0) panes.add(`late ${key % 100}`, [new TimeWindow(1000, 1001)], 1, 1000, window - 1);
      }
      panes.fireDue(window, () => {}, () => true);
      panes.dropDue(window, () => {});
      panes.prepareSnapshot();
      expect(made.at(-1)!.memory.heldBytes).toBeLessThan(4 << 20);
    }
    expect(made.length).toBe(4);
    expect(panes.read("late 5", new TimeWindow(1000, 1001))).toEqual(Array(2).fill((3 * keyCountMax) / 100 + 27));
    expect(panes.size).toBe(20);
  });
});
