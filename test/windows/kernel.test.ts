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
    const panes = panesOver((spec) => made[made.push(make(spec)) - 1]!);
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

  test("slots that wait to be freed are freed when a kernel is built anew", () => {
    let slotMax = 0;
    let madeCount = 0;
    const panes = panesOver((spec) => {
      const kernel = make(spec);
      const nameSlot = kernel.nameSlot.bind(kernel);
      madeCount += 1;
      return Object.assign(kernel, {
        nameSlot(slot: number, group: number) {
          slotMax = Math.max(slotMax, slot);
          nameSlot(slot, group);
        },
      });
    });
    const stays = keyCountMax / 10;
    for (let key = 0; key < stays; key += 1) panes.add(`stays ${key}`, [new TimeWindow(1000, 1001)], 1, 1000, -Infinity);
    const slotMaxAfter: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      // A burst, and then fewer keys than there may be without a pane.
      for (const [step, keyCount] of [keyCountMax, stays].entries()) {
        const window = 2 * round + step;
        for (let key = 0; key < keyCount; key += 1) panes.add(`${window} ${key}`, [new TimeWindow(window, window + 1)], 1, window, window - 1);
        panes.fireDue(window, () => {}, () => true);
        panes.dropDue(window, () => {});
      }
      panes.prepareSnapshot();
      slotMaxAfter.push(slotMax);
    }
    expect(madeCount).toBe(5);
    expect(panes.size).toBe(stays);
    expect(new Set(slotMaxAfter)).toEqual(new Set([slotMax]));
  });
});

function panesOver(makeKernel: MakeKernel): KernelPanes<number> {
  const tracker: ChangeTracker = { interval: 0, changed: () => {} };
  const aggregates = builtInAggregates<number, { n: ReturnType<typeof count>; sum: ReturnType<typeof sum<number, number>> }>({ n: count(), sum: sum((r: number) => r) });
  const panes = new KernelPanes<number>({
    aggregates,
    contents: aggregatePane(aggregates) as PaneFunction<number, unknown> as PaneFunction<number, Slots>,
    contentsType: aggregates.accumulatorType,
    deadlines: { fireTime: ({ end }) => end - 1, dropTime: ({ end }) => end - 1 },
    registry: { maxParallelism: 128, register: () => tracker },
    makeKernel,
  });
  panes.resumeFrom(-Infinity);
  return panes;
}
