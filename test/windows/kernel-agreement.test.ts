import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KeyId } from "../../core/data/key.ts";
import { ByteWriter } from "../../core/lib/bytes.ts";
import { Prng } from "../../core/lib/prng.ts";
import type { KeyedComponent } from "../../core/state/keyed-state.ts";
import { KeyedStore } from "../../core/state/keyed-store.ts";
import type { Slots } from "../../core/windows/aggregate-slots.ts";
import { avg, count, type FieldAggregate, first, last, max, min, stddevSamp, sum, varPop } from "../../core/windows/aggregates.ts";
import { BuiltInAggregates } from "../../core/windows/built-in-aggregates.ts";
import { HeapPanes } from "../../core/windows/heap-panes.ts";
import { JsKernel } from "../../core/windows/js-kernel.ts";
import { KernelPanes } from "../../core/windows/kernel-panes.ts";
import { MergingWindowSet } from "../../core/windows/merging-window-set.ts";
import { aggregatePane } from "../../core/windows/pane-functions.ts";
import { sliceLayout } from "../../core/windows/pane-layout.ts";
import type { PaneFunction, Panes } from "../../core/windows/panes.ts";
import { TimeWindow, windowStart } from "../../core/windows/time-window.ts";
import { wasmKernels } from "../../core/windows/wasm-kernel.ts";
import { loadKernelModule } from "../../node/kernel-module.ts";

const MAX_PARALLELISM = 16;
const LATENESS_MS = 7;
const RUNS = 30;
const STORE = { maxParallelism: MAX_PARALLELISM, keyGroups: { first: 0, last: MAX_PARALLELISM - 1 }, partName: () => "part" };
const wasm = wasmKernels(await loadKernelModule());

interface Row {
  readonly v: unknown;
  readonly w: unknown;
}
type AnyAggregate = FieldAggregate<unknown, unknown>;

/** Fields of rows may hold anything here: what the types of the API rule out must fail alike. */
const KINDS: readonly ((field: "v" | "w") => AnyAggregate)[] = [sum, avg, min, max, varPop, stddevSamp, first, last].map(
  (aggregate) => (field) => (aggregate as (field: string) => unknown)(field) as AnyAggregate,
);

interface Shape {
  readonly name: string;
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly isSliced: boolean;
  readonly isSession: boolean;
}

const SHAPES: readonly Shape[] = [
  { name: "tumbling", sizeMs: 10, slideMs: 10, isSliced: false, isSession: false },
  { name: "sliced", sizeMs: 12, slideMs: 4, isSliced: true, isSession: false },
  { name: "sliced unevenly", sizeMs: 10, slideMs: 4, isSliced: true, isSession: false },
  { name: "sliding", sizeMs: 10, slideMs: 4, isSliced: false, isSession: false },
  { name: "sessions", sizeMs: 6, slideMs: 6, isSliced: false, isSession: true },
];

type Operation =
  | { readonly kind: "add"; readonly key: KeyId; readonly at: number; readonly row: Row }
  | { readonly kind: "burst"; readonly seed: number; readonly rows: number; readonly keys: number; readonly values: readonly unknown[] }
  | { readonly kind: "advance"; readonly by: number }
  | { readonly kind: "read"; readonly key: KeyId; readonly at: number }
  | { readonly kind: "snapshot" };

const nasty = fc.constantFrom(NaN, 0, -0, Infinity, -Infinity, 5e-324, -5e-324, 2 ** -1030, 1e308, -1e308, 0.1, 0.2, 1e16, 1, -1, 3);
const numbers = fc.oneof(nasty, fc.double(), fc.integer());
const bigints = fc.oneof(fc.constantFrom(0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 62n), fc.bigInt({ min: -1000n, max: 1000n }));
const misfits = fc.oneof(numbers, bigints, fc.constantFrom<unknown>("x", "y", undefined, 2n ** 63n));
const rarely = (others: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.oneof({ weight: 60, arbitrary: numbers }, { weight: 1, arbitrary: others });

/** What rows hold, and which of KINDS take it; those from 8 on are of the second field. */
const VALUES: readonly { readonly name: string; readonly values: fc.Arbitrary<unknown>; readonly kinds: fc.Arbitrary<number> }[] = [
  { name: "numbers", values: numbers, kinds: fc.nat({ max: 15 }) },
  { name: "bigints", values: bigints, kinds: fc.nat({ max: 15 }) },
  { name: "small bigints", values: fc.bigInt({ min: -99n, max: 99n }), kinds: fc.nat({ max: 15 }) },
  { name: "numbers, rarely others", values: rarely(misfits), kinds: fc.nat({ max: 15 }) },
  { name: "first and last of numbers, rarely of others", values: rarely(misfits), kinds: fc.constantFrom(6, 7, 14, 15) },
];
const keys = fc.constantFrom<KeyId>(0, 1, 2, -3, 2 ** 30, 2 ** 30 - 1, -(2 ** 30), -(2 ** 30) - 1, 2 ** 40, 0.5, NaN, "a", "b", "", true, false);

function operations(values: fc.Arbitrary<unknown>): fc.Arbitrary<Operation[]> {
  const row = fc.record({ v: values, w: values });
  return fc.array(
    fc.oneof(
      { weight: 30, arbitrary: fc.record({ kind: fc.constant("add" as const), key: keys, at: fc.integer({ min: -25, max: 15 }), row }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("advance" as const), by: fc.integer({ min: 1, max: 9 }) }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("read" as const), key: keys, at: fc.integer({ min: -25, max: 15 }) }) },
      { weight: 1, arbitrary: fc.constant({ kind: "snapshot" as const }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant("burst" as const),
          seed: fc.nat(),
          rows: fc.integer({ min: 1, max: 2500 }),
          keys: fc.constantFrom(3, 200, 3000),
          values: fc.array(values, { minLength: 1, maxLength: 20 }),
        }),
      },
    ),
    { minLength: 1, maxLength: 60, size: "max" },
  );
}

interface Subject {
  readonly panes: Panes<Row, Slots> & KeyedComponent;
  readonly sessions: Map<KeyId, MergingWindowSet>;
}

/** Applies operations as a window operator would, and tells everything that is to be seen from outside, numbers by their bits. */
class Player {
  readonly #shape: Shape;
  readonly #subject: Subject;
  #time = 0;

  constructor(shape: Shape, subject: Subject) {
    this.#shape = shape;
    this.#subject = subject;
    subject.panes.resumeFrom(0);
  }

  apply(operation: Operation): unknown[] {
    const { panes } = this.#subject;
    switch (operation.kind) {
      case "add":
        this.#add(operation.key, this.#time + operation.at, operation.row);
        return [];
      case "burst":
        this.#burst(operation.seed, operation.rows, operation.keys, operation.values);
        return [];
      case "read":
        return this.#windowsAt(this.#time + operation.at).map((window) => seen(panes.read(operation.key, window)));
      case "advance":
        this.#time += operation.by;
        return this.#advance();
      case "snapshot":
        return [panes.size, ...entriesOf(panes)];
    }
  }

  finish(): unknown[] {
    this.#time = 1e6;
    return this.#advance();
  }

  #windowsAt(time: number): TimeWindow[] {
    const { sizeMs, slideMs, isSession } = this.#shape;
    if (isSession) return [new TimeWindow(time, time + sizeMs)];
    const windows: TimeWindow[] = [];
    for (let start = windowStart(time, 0, slideMs); time < start + sizeMs; start -= slideMs) windows.push(new TimeWindow(start, start + sizeMs));
    return windows;
  }

  #add(key: KeyId, time: number, row: Row): void {
    const { panes } = this.#subject;
    const windows = this.#shape.isSession ? [this.#mergeSession(key, time)] : this.#windowsAt(time);
    const kept = windows.filter(({ end }) => this.#time < end - 1 + LATENESS_MS);
    if (0 < kept.length) panes.add(key, kept, row, time, this.#time);
  }

  #mergeSession(key: KeyId, time: number): TimeWindow {
    const { sessions, panes } = this.#subject;
    const ofKey = sessions.get(key) ?? new MergingWindowSet();
    sessions.set(key, ofKey);
    const window = ofKey.addWindow(this.#windowsAt(time)[0]!, (result, merged) => panes.merge(key, result, merged, this.#time));
    if (window.end - 1 + LATENESS_MS <= this.#time) ofKey.retireWindow(window);
    return window;
  }

  #burst(seed: number, rows: number, keyCount: number, values: readonly unknown[]): void {
    const prng = new Prng(seed);
    for (let row = 0; row < rows; row += 1) {
      const number = prng.int(keyCount);
      const key = number % 3 === 0 ? `key ${number}` : number * 4099;
      this.#add(key, this.#time + prng.int(20), { v: prng.pick(values), w: prng.pick(values) });
    }
  }

  #advance(): unknown[] {
    const { panes, sessions } = this.#subject;
    const told: unknown[] = [];
    let budget = 3;
    const mayContinue = (): boolean => 0 < budget--;
    while (!panes.fireDue(this.#time, (key, window, contents) => told.push(key, `${window}`, seen(contents)), mayContinue)) {
      if (told.length % 7 === 0) told.push(...entriesOf(panes));
      budget = 1000;
    }
    panes.dropDue(this.#time, (key, window) => {
      told.push(key, `${window}`);
      if (this.#shape.isSession) sessions.get(key)!.retireWindow(window);
    });
    told.push(panes.nextDeadline(), panes.size);
    return told;
  }
}

/** Equal only where the bits are equal; all NaNs are one. */
function seen(slots: Slots | undefined): unknown {
  return slots?.map((slot) => (Object.is(slot, -0) ? "-0" : typeof slot === "bigint" ? `${slot}n` : slot));
}

function entriesOf(panes: KeyedComponent): string[] {
  panes.prepareSnapshot?.();
  const entries: string[] = [];
  const writer = new ByteWriter();
  panes.forEachAddress((key, namespace) => {
    writer.reset();
    if (panes.writeEntry(key, namespace, writer)) entries.push(`${typeof key} ${String(key)} ${namespace} ${writer.view().join(",")}`);
  });
  return entries.sort();
}

function outcome(run: () => unknown[]): unknown {
  try {
    return run();
  } catch (error) {
    return { error: String(error) };
  }
}

const met = { fired: 0, failed: 0, onHeap: 0, inKernel: 0 };

function compare(shape: Shape, kinds: readonly number[], all: readonly Operation[]): void {
  const spec = Object.fromEntries([["n", count() as AnyAggregate], ...kinds.map((kind, index) => [`a${index}`, KINDS[kind % 8]!(kind < 8 ? "v" : "w")] as const)]);
  const aggregates = new BuiltInAggregates<Row, unknown>(spec);
  const contents = aggregatePane(aggregates) as PaneFunction<Row, unknown> as PaneFunction<Row, Slots>;
  const options = {
    contents,
    contentsType: aggregates.accumulatorType,
    slices: shape.isSliced ? sliceLayout(shape.sizeMs, shape.slideMs, 0) : undefined,
    deadlines: { fireTime: ({ end }: TimeWindow) => end - 1, dropTime: ({ end }: TimeWindow) => end - 1 + LATENESS_MS },
  };
  const js = new KernelPanes({ ...options, registry: new KeyedStore(STORE), aggregates, makeKernel: (spec) => new JsKernel(spec) });
  const inWasm = new KernelPanes({ ...options, registry: new KeyedStore(STORE), aggregates, makeKernel: wasm });
  const players = [new HeapPanes({ ...options, registry: new KeyedStore(STORE) }), js, inWasm].map(
    (panes) => new Player(shape, { panes, sessions: new Map() }),
  );
  const steps = [...all.map((operation) => (player: Player) => player.apply(operation)), (player: Player) => player.finish()];
  for (const [index, step] of steps.entries()) {
    const [rows, ...kernels] = players.map((player) => outcome(() => step(player)));
    for (const [kernel, told] of kernels.entries()) expect(told, `step ${index} in ${kernel === 0 ? "JavaScript" : "WebAssembly"}`).toEqual(rows);
    if (!Array.isArray(rows)) {
      met.failed += 1;
      return;
    }
    met.fired += rows.length;
  }
  met[js.isInKernel ? "inKernel" : "onHeap"] += 1;
}

describe("rows, the kernel in JavaScript and the one in WebAssembly agree bit for bit", () => {
  for (const shape of SHAPES) {
    for (const { name, values, kinds } of VALUES) {
      test(`${shape.name}, ${name}`, () => {
        const chosen = fc.array(kinds, { minLength: 1, maxLength: 6 });
        fc.assert(fc.property(chosen, operations(values), (aggregates, all) => compare(shape, aggregates, all)), { numRuns: RUNS });
      });
    }
  }

  test("the runs met firings, failures, panes that stay in the kernel and panes that move to the heap", () => {
    console.log(`kernel agreement: ${JSON.stringify(met)}`);
    for (const [what, times] of Object.entries(met)) expect(times, what).toBeGreaterThan(20);
  });
});
