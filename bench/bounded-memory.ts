import process from "node:process";
import { f64Column } from "../core/data/column.ts";
import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../core/data/column-batch.ts";
import { loadParts } from "../core/lib/part.ts";
import { KeyedStore } from "../core/state/keyed-store.ts";
import { ALL_PARTS } from "../core/testing/all-parts.ts";
import type { Slots } from "../core/windows/aggregate-slots.ts";
import { count, sum } from "../core/windows/aggregates.ts";
import { builtInAggregates } from "../core/windows/built-in-aggregates.ts";
import { JsKernel } from "../core/windows/js-kernel.ts";
import { type Kernel, KERNEL_ROWS_MAX, type MakeKernel } from "../core/windows/kernel.ts";
import { KernelPanes } from "../core/windows/kernel-panes.ts";
import { aggregatePane } from "../core/windows/pane-functions.ts";
import type { PaneFunction } from "../core/windows/panes.ts";
import { TimeWindow } from "../core/windows/time-window.ts";
import { wasmKernels } from "../core/windows/wasm-kernel.ts";
import { loadKernelModule } from "../node/kernel-module.ts";

/**
 * `node bench/bounded-memory.ts [keys] [wasm|js]`: every row has a key of its own, so that a job sees 100 million over time, and few at a time. Half of them are
 * whole numbers, which a kernel knows as they are; half are fractions, which take key slots. A window holds 50,000 of them, every twentieth ten times as many; a
 * checkpoint is taken after every tenth. What is held after the first fifth of the run must not exceed what was held in it.
 */

const WINDOW_ROWS = 50 * KERNEL_ROWS_MAX;
const BURST_EVERY = 20;
const BURST_FACTOR = 10;
const CHECKPOINT_EVERY = 10;
const MIB = 2 ** 20;
const LAYOUT = new BatchLayout(["key", "value"]);

interface Row {
  readonly key: number;
  readonly value: number;
}

/** What was held in the first fifth of a run, and after it. */
interface Peaks {
  readonly early: number;
  readonly late: number;
}

class Run {
  readonly #store: KeyedStore;
  readonly #panes: KernelPanes<Row>;
  #kernel: Kernel | undefined;
  #heldBytes = 0;
  rebuilds = -1;
  keys = 0;
  fired = 0;

  constructor(makeKernel: MakeKernel) {
    this.#store = new KeyedStore({ maxParallelism: 128, keyGroups: { first: 0, last: 127 }, partName: (checkpointId, index) => `${checkpointId}-${index}` });
    const aggregates = builtInAggregates<Row, { rows: ReturnType<typeof count>; total: ReturnType<typeof sum<"value">> }>({ rows: count(), total: sum("value") });
    this.#panes = new KernelPanes<Row>({
      aggregates,
      contents: aggregatePane(aggregates) as PaneFunction<Row, unknown> as PaneFunction<Row, Slots>,
      contentsType: aggregates.accumulatorType,
      deadlines: { fireTime: ({ end }) => end - 1, dropTime: ({ end }) => end - 1 },
      registry: this.#store,
      batchKeys: { column: "key", of: undefined },
      makeKernel: (spec) => {
        this.rebuilds += 1;
        return (this.#kernel = makeKernel(spec));
      },
    });
    this.#panes.resumeFrom(-Infinity);
  }

  /** The most that the kernel at hand has held since this was last asked; those before it are garbage. */
  takeHeldBytes(): number {
    const held = this.#heldBytes;
    this.#heldBytes = 0;
    return held;
  }

  window(number: number): void {
    const window = new TimeWindow(number, number + 1);
    const rowCount = WINDOW_ROWS * (number % BURST_EVERY === BURST_EVERY - 1 ? BURST_FACTOR : 1);
    for (let row = 0; row < rowCount; row += KERNEL_ROWS_MAX) this.#addBatch(window);
    // Some rows of the next window are there before this one fires, as disorder has it.
    this.#addBatch(new TimeWindow(number + 1, number + 2));
    this.#heldBytes = Math.max(this.#heldBytes, this.#kernel!.memory.heldBytes);
    this.#panes.fireDueColumns(number, (_window, panes) => (this.fired += panes), () => true);
    this.#panes.dropDue(number, undefined);
    if (number % CHECKPOINT_EVERY !== CHECKPOINT_EVERY - 1) return;
    this.#store.snapshot(number);
    this.#store.completed(number);
  }

  #addBatch(window: TimeWindow): void {
    const keys = new Float64Array(KERNEL_ROWS_MAX);
    for (let row = 0; row < KERNEL_ROWS_MAX; row += 1) keys[row] = (this.keys + row) / (row % 2 === 0 ? 1 : 2) + (row % 2) / 4;
    this.keys += KERNEL_ROWS_MAX;
    const columns = [f64Column(keys, undefined, null), f64Column(keys, undefined, null)];
    const timestamps = new Float64Array(KERNEL_ROWS_MAX).fill(window.start);
    const batch = new ColumnBatch({ layout: LAYOUT, rowCount: KERNEL_ROWS_MAX, columns, timestamps, watermarks: NO_WATERMARKS, selection: undefined });
    if (!this.#panes.beginColumns(batch)) throw new Error("the kernel takes these columns");
    const { handle } = this.#panes.openSpan([window], window.start, window.start - 1);
    this.#panes.addColumns({ first: 0, rows: undefined }, new Int32Array(KERNEL_ROWS_MAX).fill(handle), KERNEL_ROWS_MAX);
  }
}

async function main(): Promise<number> {
  const total = Number(process.argv[2] ?? 100_000_000);
  const name = process.argv[3] ?? "wasm";
  await loadParts(ALL_PARTS);
  const run = new Run(name === "js" ? (spec) => new JsKernel(spec) : wasmKernels(await loadKernelModule()));
  const [held, resident] = [[0, 0], [0, 0]];
  for (let number = 0; run.keys < total; number += 1) {
    run.window(number);
    const part = run.keys <= total / 5 ? 0 : 1;
    held[part] = Math.max(held[part]!, run.takeHeldBytes());
    resident[part] = Math.max(resident[part]!, process.memoryUsage.rss());
  }
  const seconds = process.cpuUsage().user / 1e6;
  const peaks = ([early, late]: readonly number[]): Peaks => ({ early: Math.round(early! / MIB), late: Math.round(late! / MIB) });
  const [kernelMib, rssMib] = [peaks(held), peaks(resident)];
  console.log(JSON.stringify({ kernel: name, keys: run.keys, fired: run.fired, rebuilds: run.rebuilds, kernelMib, rssMib, keysPerCpuSecond: Math.round(run.keys / seconds) }));
  if (kernelMib.late <= 1.1 * kernelMib.early && rssMib.late <= 1.5 * rssMib.early) return 0;
  console.error("memory grew with the number of keys seen");
  return 1;
}

process.exitCode = await main();
