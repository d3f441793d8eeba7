import { describe, expect, test } from "vitest";
import { boolColumn, type Column, f64Column, i32Column, i64Column, objectColumn, stringColumn, valueAt } from "../../core/data/column.ts";
import { BatchLayout, ColumnBatch, NO_WATERMARKS } from "../../core/data/column-batch.ts";
import { columnsOf } from "../../core/data/expression.ts";
import { StringInterner } from "../../core/data/dictionary.ts";
import { keyId } from "../../core/data/key.ts";
import { Prng } from "../../core/lib/prng.ts";
import { KeyedStore } from "../../core/state/keyed-store.ts";
import { type AggregateSpec, avg, count, first, last, max, min, sum, varPop } from "../../core/windows/aggregates.ts";
import { BuiltInAggregates } from "../../core/windows/built-in-aggregates.ts";
import type { Slots } from "../../core/windows/aggregate-slots.ts";
import { HeapPanes } from "../../core/windows/heap-panes.ts";
import { JsKernel } from "../../core/windows/js-kernel.ts";
import type { KernelOutput, MakeKernel } from "../../core/windows/kernel.ts";
import type { RowRun } from "../../core/windows/column-panes.ts";
import { KernelPanes } from "../../core/windows/kernel-panes.ts";
import { slotsAt } from "../../core/windows/kernel-plan.ts";
import { sliceLayout } from "../../core/windows/pane-layout.ts";
import { aggregatePane } from "../../core/windows/pane-functions.ts";
import type { PaneFunction } from "../../core/windows/panes.ts";
import { TimeWindow, windowStart } from "../../core/windows/time-window.ts";
import { wasmKernels } from "../../core/windows/wasm-kernel.ts";
import { loadKernelModule } from "../../node/kernel-module.ts";

const LAYOUT = new BatchLayout(["k", "v"]);
const STORE = { maxParallelism: 16, keyGroups: { first: 0, last: 15 }, partName: () => "never" };
const SIZE = 40;
const ROWS = 700;

const v = columnsOf<{ readonly v: number }>()("v");
const SPECS: Readonly<Record<string, AggregateSpec<{ readonly v: number }>>> = {
  "count and sum": { n: count(), sum: sum("v") },
  "many": { n: count(), mean: avg("v"), least: min("v"), most: max("v"), first: first("v"), last: last("v") },
  "spread": { sum: sum("v"), spread: varPop("v") },
  "expressions": { n: count(), sum: sum(v.times(2)), mean: avg(v.times(2)), least: min("v"), most: max(v.plus(1)) },
};

const NASTY = [NaN, 0, -0, Infinity, -Infinity, 5e-324, -5e-324, 0.1, 2 ** 30, -(2 ** 30), 2 ** 31, 2 ** 53, -1.5];

type MakeColumn = (prng: Prng, interner: StringInterner) => Column;
const fill = <A extends { [index: number]: V }, V>(array: A, value: () => V): A => {
  for (let row = 0; row < ROWS; row += 1) array[row] = value();
  return array;
};
const smallBigint = (prng: Prng) => (): bigint => BigInt(prng.int(90) - 45);

const KEYS: Readonly<Record<string, MakeColumn>> = {
  "dense integers": (prng) => i32Column(fill(new Int32Array(ROWS), () => prng.int(90)), undefined, null),
  "sparse integers": (prng) => i32Column(fill(new Int32Array(ROWS), () => (prng.int(90) - 45) * 47_721_858), undefined, null),
  "numbers": (prng) => f64Column(fill(new Float64Array(ROWS), () => (prng.int(3) === 0 ? prng.pick(NASTY) : prng.int(90))), undefined, null),
  "bigints": (prng) => i64Column(fill(new BigInt64Array(ROWS), smallBigint(prng)), undefined, null),
  "bigints, some too large": (prng) =>
    i64Column(fill(new BigInt64Array(ROWS), () => (prng.int(900) === 0 ? 2n ** 60n : BigInt(prng.int(90)))), undefined, null),
  "booleans": (prng) => boolColumn(fill(new Uint8Array(ROWS), () => prng.int(2)), undefined, null),
  "strings": (prng, interner) => {
    const text = (): string => (prng.int(20) === 0 ? "\u0000" : "") + `key ${prng.int(90)}`;
    return stringColumn(fill(new Int32Array(ROWS), () => interner.idOf(text())), interner.dictionary, undefined, null);
  },
};

const VALUES: Readonly<Record<string, MakeColumn>> = {
  "numbers": (prng) => f64Column(fill(new Float64Array(ROWS), () => (prng.int(8) === 0 ? prng.pick(NASTY) : prng.int(99) / 7)), undefined, null),
  "integers": (prng) => i32Column(fill(new Int32Array(ROWS), () => prng.int(1000) - 500), undefined, null),
  "bigints": (prng) => i64Column(fill(new BigInt64Array(ROWS), smallBigint(prng)), undefined, null),
  "bigints, some too large": (prng) =>
    i64Column(fill(new BigInt64Array(ROWS), () => (prng.int(2000) === 0 ? 2n ** 62n : BigInt(prng.int(90)))), undefined, null),
};

const wasm = wasmKernels(await loadKernelModule());
const KERNELS: readonly MakeKernel[] = [(spec) => new JsKernel(spec), wasm];
const met = { byColumns: 0, byRows: 0, fired: 0, failed: 0 };

interface Shape {
  readonly name: string;
  readonly slideMs: number;
}
const SHAPES: readonly Shape[] = [{ name: "tumbling", slideMs: SIZE }, { name: "sliced", slideMs: 10 }];

function windowsAt(time: number, slideMs: number, firedUntil: number): TimeWindow[] {
  const windows: TimeWindow[] = [];
  for (let start = windowStart(time, 0, slideMs); time < start + SIZE; start -= slideMs) windows.push(new TimeWindow(start, start + SIZE));
  return windows.filter(({ end }) => firedUntil < end - 1).reverse();
}

const shown = (slots: Slots): unknown => slots.map((slot) => (Object.is(slot, -0) ? "-0" : typeof slot === "bigint" ? `${slot}n` : slot));

/** Adds a batch by rows, or by columns in pieces, as a window operator cuts it. */
function addBatch(panes: HeapPanes<unknown, Slots> | KernelPanes<unknown>, batch: ColumnBatch, shape: Shape, firedUntil: number, pieces: Prng): void {
  const addRows = (rows: readonly number[]): void => {
    for (const row of rows) {
      const [timestamp, record] = [batch.timestamps[row]!, { k: undefined, v: valueAt(batch.column("v")!, row) }];
      panes.add(keyId(valueAt(batch.column("k")!, row)), windowsAt(timestamp, shape.slideMs, firedUntil), record, timestamp, firedUntil);
    }
  };
  const kept: number[] = [];
  for (let index = 0; index < batch.length; index += 1) {
    const row = batch.rowOf(index);
    if (0 < windowsAt(batch.timestamps[row]!, shape.slideMs, firedUntil).length) kept.push(row);
  }
  for (let from = 0; from < kept.length; ) {
    const rows = kept.slice(from, (from += 1 + pieces.int(ROWS)));
    const isColumnar = panes instanceof KernelPanes && panes.beginColumns(batch) === batch.rowCount;
    if (isColumnar) {
      const spanOf = (row: number): number =>
        panes.openSpan(windowsAt(batch.timestamps[row]!, shape.slideMs, firedUntil), batch.timestamps[row]!, firedUntil).handle;
      const spans = Int32Array.from(rows, spanOf);
      if (panes.addColumns(runOf(rows), spans, rows.length)) {
        met.byColumns += rows.length;
        continue;
      }
    }
    if (panes instanceof KernelPanes) met.byRows += rows.length;
    addRows(rows);
  }
}

function fire(panes: HeapPanes<unknown, Slots> | KernelPanes<unknown>, time: number): unknown[] {
  const fired: unknown[] = [];
  let budget = 2;
  const mayContinue = (): boolean => 0 < budget--;
  for (;;) {
    const isColumnar = panes instanceof KernelPanes && panes.givesColumns;
    const each = (window: TimeWindow, rows: number, output: KernelOutput): void => {
      for (let row = 0; row < rows; row += 1) fired.push([(panes as KernelPanes<unknown>).keyOf(output.keys[row]!), `${window}`, shown(slotsAt(output, row))]);
    };
    const isDone = isColumnar
      ? panes.fireDueColumns(time, each, mayContinue)
      : panes.fireDue(time, (key, window, contents) => fired.push([key, `${window}`, shown(contents)]), mayContinue);
    if (isDone) break;
    budget = 3;
  }
  panes.dropDue(time, undefined);
  met.fired += fired.length;
  return [...fired, panes.size, panes.nextDeadline()];
}

function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    met.failed += 1;
    return { error: String(error) };
  }
}

function compare(spec: AggregateSpec<{ readonly v: number }>, shape: Shape, makeKey: MakeColumn, makeValue: MakeColumn, seed: number): void {
  const aggregates = new BuiltInAggregates<unknown, unknown>(spec as AggregateSpec<unknown>);
  const options = {
    contents: aggregatePane(aggregates) as PaneFunction<unknown, unknown> as PaneFunction<unknown, Slots>,
    contentsType: aggregates.accumulatorType,
    slices: sliceLayout(SIZE, shape.slideMs, 0),
    deadlines: { fireTime: ({ end }: TimeWindow) => end - 1, dropTime: ({ end }: TimeWindow) => end - 1 },
  };
  const kernels = KERNELS.map((makeKernel) => new KernelPanes({ ...options, registry: new KeyedStore(STORE), aggregates, makeKernel, batchKeys: { column: "k", of: undefined } }));
  const all = [new HeapPanes({ ...options, registry: new KeyedStore(STORE) }), ...kernels];
  for (const panes of all) panes.resumeFrom(-Infinity);
  const prng = new Prng(seed);
  const interner = new StringInterner();
  let firedUntil = -Infinity;
  for (let round = 0; round < 8; round += 1) {
    const now = round * 23;
    const timestamps = fill(new Float64Array(ROWS), () => now + prng.int(30) - 8);
    if (prng.int(3) === 0) interner.startGeneration();
    const odd = prng.int(6) === 0 ? objectColumn(Array.from({ length: ROWS }, (_, row) => `other ${row % 5}`)) : undefined;
    const columns = [odd ?? makeKey(prng, interner), makeValue(prng, interner)];
    const selected = Int32Array.from({ length: ROWS }, (_, row) => row).filter(() => prng.int(4) !== 0);
    const selection = round % 2 === 0 ? undefined : selected;
    const batch = new ColumnBatch({ layout: LAYOUT, rowCount: ROWS, columns, timestamps, watermarks: NO_WATERMARKS, selection });
    const pieces = prng.int(1000);
    const time = now + 10;
    const [rows, ...others] = all.map((panes) =>
      outcome(() => {
        addBatch(panes, batch, shape, firedUntil, new Prng(pieces));
        return fire(panes, time);
      }),
    );
    for (const [index, told] of others.entries()) expect(told, `round ${round} in kernel ${index}`).toEqual(rows);
    if (!Array.isArray(rows)) return;
    firedUntil = time;
  }
}

describe("panes that take and give columns do as by rows", () => {
  for (const shape of SHAPES) {
    for (const [keyName, makeKey] of Object.entries(KEYS)) {
      for (const [valueName, makeValue] of Object.entries(VALUES)) {
        test(`${shape.name}, keys: ${keyName}, values: ${valueName}`, () => {
          for (const [index, spec] of Object.values(SPECS).entries()) compare(spec, shape, makeKey, makeValue, index + 1);
        });
      }
    }
  }

  test("the runs met columns, rows, firings and failures", () => {
    console.log(`column panes: ${JSON.stringify(met)}`);
    for (const [what, times] of Object.entries(met)) expect(times, what).toBeGreaterThan(20);
  });
});

test("expressions are aggregated as columns, unless one fails for a record", () => {
  const aggregates = new BuiltInAggregates<unknown, unknown>({ n: count(), double: sum(v.times(2)) } as AggregateSpec<unknown>);
  const panes = new KernelPanes({
    contents: aggregatePane(aggregates) as PaneFunction<unknown, unknown> as PaneFunction<unknown, Slots>,
    contentsType: aggregates.accumulatorType,
    slices: undefined,
    deadlines: { fireTime: ({ end }: TimeWindow) => end - 1, dropTime: ({ end }: TimeWindow) => end - 1 },
    registry: new KeyedStore(STORE),
    aggregates,
    makeKernel: wasm,
    batchKeys: { column: "k", of: undefined },
  });
  panes.resumeFrom(-Infinity);
  const keys = i32Column(Int32Array.of(7, 7, 8), undefined, null);
  const batch = (values: Column): ColumnBatch =>
    new ColumnBatch({ layout: LAYOUT, rowCount: 3, columns: [keys, values], timestamps: new Float64Array(3), watermarks: NO_WATERMARKS, selection: undefined });
  expect(panes.beginColumns(batch(objectColumn([1, "none", 2])))).toBe(0);
  expect(panes.beginColumns(batch(f64Column(Float64Array.of(1.5, 2, 3), undefined, null)))).toBeGreaterThan(0);
  const window = new TimeWindow(0, SIZE);
  const { handle } = panes.openSpan([window], 0, -Infinity);
  expect(panes.addColumns({ first: 0, rows: undefined }, Int32Array.of(handle, handle, handle), 3)).toBe(true);
  expect([7, 8, 9].map((key) => panes.read(key, window))).toEqual([[2, 7], [1, 6], undefined]);
});

/** Neighbours need no list. */
function runOf(rows: readonly number[]): RowRun {
  const first = rows[0]!;
  return { first, rows: rows.every((row, index) => row === first + index) ? undefined : Int32Array.from(rows) };
}
