import { describe, expect, test } from "vitest";
import { Prng } from "../../core/lib/prng.ts";
import { FIRST_KEY_SLOT, type Kernel, KERNEL_ROWS_MAX, type KernelRows, kernelRows, type KernelSpec, type MakeKernel } from "../../core/windows/kernel.ts";

const SPEC: KernelSpec = {
  columns: ["f64", "i64"],
  aggregates: [
    { kind: "sum", column: 0 },
    { kind: "spread", column: 0 },
    { kind: "sum", column: 1 },
    { kind: "last", column: 1 },
  ],
  maxParallelism: 8,
};

/** Random rows of small numbers over these spans and keys. */
function fill(rows: KernelRows, prng: Prng, spans: readonly number[], keyCount: number): void {
  for (let row = 0; row < KERNEL_ROWS_MAX; row += 1) {
    rows.keys[row] = prng.int(keyCount) - keyCount / 2;
    rows.spans[row] = prng.pick(spans);
    rows.timestamps[row] = prng.int(100);
    rows.values[0]![row] = prng.int(1000) / 8;
    rows.values[1]![row] = BigInt(prng.int(1000));
  }
}

/** What fires for a window of these spans. */
function fired(kernel: Kernel, spans: readonly number[]): unknown[] {
  const count = kernel.fire(spans, true);
  const panes: unknown[] = [];
  for (let from = 0; from < count; from += KERNEL_ROWS_MAX) {
    const taken = Math.min(KERNEL_ROWS_MAX, count - from);
    kernel.take(from, taken);
    const { keys, positions, words } = kernel.output;
    for (let row = 0; row < taken; row += 1) panes.push([keys[row], positions[row], ...words.map((column) => column[row])]);
  }
  return panes;
}

/** What a kernel does beside what `Panes` asks of it: batches with selections, images, memory. */
export function kernelSuite(name: string, make: MakeKernel, others: readonly MakeKernel[]): void {
  describe(`kernel: ${name}`, () => {
    batches(make);
    slices(make, others);
    images(make, others);
    memory(make);
  });
}

function batches(make: MakeKernel): void {
  test("adds the selected rows of a batch, in their order", () => {
    const [whole, selected] = [make(SPEC), make(SPEC)];
    const prng = new Prng(1);
    for (const kernel of [whole, selected]) kernel.open(0, 10);
    for (let round = 0; round < 5; round += 1) {
      const rows = kernelRows(SPEC);
      fill(rows, prng, [0], 50);
      const picked = Uint32Array.from({ length: KERNEL_ROWS_MAX }, (_, row) => row).filter(() => prng.int(3) === 0);
      selected.add(rows, picked.length, picked);
      for (const row of picked) whole.add(rows, 1, Uint32Array.of(row));
    }
    expect(fired(selected, [0])).toEqual(fired(whole, [0]));
    expect(selected.size).toBe(50);
  });

  test("changes nothing where a sum of integers leaves the range", () => {
    const kernel = make(SPEC);
    const spans = [kernel.open(0, 10), kernel.open(10, 20)];
    fill(kernel.input, new Prng(2), spans, 40);
    kernel.add(kernel.input, 100);
    const before = [kernel.size, ...fired(kernel, spans)];
    fill(kernel.input, new Prng(3), spans, 60);
    kernel.input.values[1]![700] = 2n ** 63n - 1n;
    kernel.input.values[1]![701] = 2n ** 63n - 1n;
    kernel.input.keys[700] = kernel.input.keys[701] = 1000;
    kernel.input.spans[700] = kernel.input.spans[701] = spans[0]!;
    expect(kernel.add(kernel.input, KERNEL_ROWS_MAX)).toBe(false);
    expect([kernel.size, ...fired(kernel, spans)]).toEqual(before);
    expect(kernel.add(kernel.input, 701)).toBe(true);
  });
}

function slices(make: MakeKernel, others: readonly MakeKernel[]): void {
  test("a cumulating window is what the slices since its start hold, however often they have fired", () => {
    const kernels = [make, ...others].map((each) => each(SPEC));
    const sums = new Map<number, { count: number; sum: number }>();
    const prng = new Prng(5);
    const spans: number[] = [];
    for (let start = 0; start < 60; start += 10) {
      const rows = kernelRows(SPEC);
      const [span] = kernels.map((kernel) => kernel.open(start, start + 10));
      fill(rows, prng, [span!], 20 + start);
      spans.push(span!);
      for (const kernel of kernels) kernel.add(rows, KERNEL_ROWS_MAX);
      for (let row = 0; row < KERNEL_ROWS_MAX; row += 1) {
        const { count, sum } = sums.get(rows.keys[row]!) ?? { count: 0, sum: 0 };
        sums.set(rows.keys[row]!, { count: count + 1, sum: sum + Number(rows.values[0]![row]) });
      }
      const [panes, ...same] = kernels.map((kernel) => fired(kernel, spans));
      for (const each of same) expect(each).toEqual(panes);
      expect(new Map((panes as number[][]).map(([key, , count, sum]) => [key, { count, sum }]))).toEqual(sums);
    }
  });
}

function images(make: MakeKernel, others: readonly MakeKernel[]): void {
  test("every kernel restores its image, and goes on as it would", () => {
    for (const other of [make, ...others]) {
      const kernel = make(SPEC);
      const spans = [kernel.open(0, 10), kernel.open(10, 20), kernel.open(20, 30)];
      const prng = new Prng(4);
      for (let round = 0; round < 4; round += 1) {
        fill(kernel.input, prng, spans, 300);
        kernel.add(kernel.input, KERNEL_ROWS_MAX);
      }
      kernel.drop(spans[1]!);
      kernel.remove(spans[0]!, 7);
      const restored = other(SPEC);
      restored.restore(kernel.snapshot());
      const rest = [spans[0]!, spans[2]!];
      expect(restored.size).toBe(kernel.size);
      expect(fired(restored, rest)).toEqual(fired(kernel, rest));
      expect(restored.open(30, 40)).toBe(kernel.open(30, 40));
      const more = kernelRows(SPEC);
      fill(more, prng, [...rest, spans[1]!], 900);
      for (const each of [kernel, restored]) each.add(more, KERNEL_ROWS_MAX);
      expect(fired(restored, [...rest, spans[1]!])).toEqual(fired(kernel, [...rest, spans[1]!]));
      expect(restored.list(spans[0]!, "changed")).toBe(kernel.list(spans[0]!, "changed"));
    }
  });
}

function memory(make: MakeKernel): void {
  test("tells each key slot once when its last pane has gone", () => {
    const kernel = make(SPEC);
    const spans = [kernel.open(0, 10), kernel.open(10, 20)];
    for (let slot = 0; slot < 100; slot += 1) kernel.nameSlot(slot, slot % 8);
    for (let slot = 0; slot < 100; slot += 1) {
      kernel.input.keys[slot] = FIRST_KEY_SLOT + slot;
      kernel.input.spans[slot] = spans[slot % 3 === 0 ? 1 : 0]!;
    }
    kernel.add(kernel.input, 100);
    expect([...kernel.takeFreedSlots()]).toEqual([]);
    kernel.remove(spans[1]!, FIRST_KEY_SLOT);
    kernel.drop(spans[1]!);
    expect([...kernel.takeFreedSlots()].sort((a, b) => a - b)).toEqual(Array.from({ length: 34 }, (_, index) => index * 3));
    expect([...kernel.takeFreedSlots()]).toEqual([]);
    expect(kernel.size).toBe(66);
  });

  test("gives memory back: many keys over time take no more than a few at a time", () => {
    const kernel = make(SPEC);
    let heldBytes = 0;
    for (let window = 0; window < 400; window += 1) {
      const span = kernel.open(window, window + 1);
      // Every eighth window is a burst.
      const keyCount = window % 8 === 0 ? 8 * KERNEL_ROWS_MAX : KERNEL_ROWS_MAX;
      for (let key = 0; key < keyCount; key += KERNEL_ROWS_MAX) {
        const { keys, spans } = kernel.input;
        for (let row = 0; row < KERNEL_ROWS_MAX; row += 1) keys[row] = Math.imul(window * 8 * KERNEL_ROWS_MAX + key + row, 3);
        spans.fill(span);
        kernel.add(kernel.input, KERNEL_ROWS_MAX);
      }
      expect(kernel.fire([span], true)).toBe(keyCount);
      kernel.drop(span);
      expect(kernel.size).toBe(0);
      if (window === 20) heldBytes = kernel.memory.heldBytes;
    }
    expect(kernel.memory.usedBytes).toBe(0);
    expect(kernel.memory.heldBytes).toBe(heldBytes);
  });
}
