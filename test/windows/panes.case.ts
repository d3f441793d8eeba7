import { describe, expect, test } from "vitest";
import type { KeyId } from "../../core/data/key.ts";
import { type Type, types } from "../../core/data/type.ts";
import { ByteWriter } from "../../core/lib/bytes.ts";
import { Prng } from "../../core/lib/prng.ts";
import type { ComponentRegistry, KeyedComponent } from "../../core/state/keyed-state.ts";
import { KeyedStore } from "../../core/state/keyed-store.ts";
import type { KeyedStateHandle } from "../../core/state/snapshot.ts";
import type { Slots } from "../../core/windows/aggregate-slots.ts";
import { type AggregateSpec, avg, count, first, last, max, min, sum } from "../../core/windows/aggregates.ts";
import { type BuiltInAggregates, builtInAggregates } from "../../core/windows/built-in-aggregates.ts";
import { MergingWindowSet } from "../../core/windows/merging-window-set.ts";
import { type PanesOptions, sliceLayout } from "../../core/windows/pane-layout.ts";
import { aggregatePane } from "../../core/windows/pane-functions.ts";
import type { PaneFunction, Panes } from "../../core/windows/panes.ts";
import { TimeWindow, windowStart } from "../../core/windows/time-window.ts";
import { MAX_PARALLELISM, ModelPanes } from "./panes-model.ts";

type TestPanes<Contents> = Panes<string, Contents> & KeyedComponent;
export type MakePanes<Contents> = (options: PanesOptions<string, Contents>, registry: ComponentRegistry) => TestPanes<Contents>;

/** What the panes of a run hold, and what that is for given records. */
export interface TestContents<Contents> {
  readonly fn: PaneFunction<string, Contents>;
  readonly type: Type<Contents>;
  of(records: readonly string[]): Contents;
}

const records: PaneFunction<string, string[]> = {
  kind: "list",
  create: (record) => [record],
  add(contents, record) {
    contents.push(record);
    return contents;
  },
  merge(earlier, later) {
    earlier.push(...later);
    return earlier;
  },
  copy: (contents) => contents.slice(),
};

/** Keeps the records in order, so that every difference in what was added or merged when shows. */
export const LISTS: TestContents<string[]> = { fn: records, type: types.array(types.string), of: (all) => [...all] };

const numberIn = (record: string): number => Number(/(\d+)(@|$)/.exec(record)![1]);
const timeIn = (record: string): number => Number(record.slice(record.indexOf("@") + 1));

const aggregates = builtInAggregates<string, AggregateSpec<string>>({
  count: count(),
  sum: sum(numberIn),
  avg: avg(numberIn),
  min: min((record: string) => -numberIn(record)),
  max: max(numberIn),
  first: first(numberIn),
  last: last(numberIn),
});

/** Built-in aggregates of whole numbers, which add up to the same in any order. */
export const AGGREGATES: TestContents<Slots> & { readonly aggregates: BuiltInAggregates<string, unknown> } = {
  aggregates,
  fn: aggregatePane(aggregates) as PaneFunction<string, unknown> as PaneFunction<string, Slots>,
  type: aggregates.accumulatorType,
  of: (all) => all.reduce((slots, record) => aggregates.add(record, slots, timeIn(record)), aggregates.createAccumulator()),
};

interface Case {
  readonly name: string;
  readonly sizeMs: number;
  readonly slideMs?: number;
  readonly offsetMs?: number;
  readonly isSliced?: boolean;
  readonly isSession?: boolean;
  /** Windows go by the clock: nothing is late. */
  readonly byClock?: boolean;
  readonly trigger?: "endOfStream" | "never";
  readonly latenessMs: number;
}

const CASES: readonly Case[] = [
  { name: "tumbling", sizeMs: 10, latenessMs: 0 },
  { name: "tumbling, late", sizeMs: 10, latenessMs: 13, offsetMs: 3 },
  { name: "tumbling by clock", sizeMs: 10, latenessMs: 0, byClock: true },
  { name: "sliding", sizeMs: 10, slideMs: 4, latenessMs: 7 },
  { name: "sliding, with gaps", sizeMs: 4, slideMs: 7, latenessMs: 3 },
  { name: "sliced", sizeMs: 12, slideMs: 3, isSliced: true, latenessMs: 0 },
  { name: "sliced, late", sizeMs: 10, slideMs: 4, offsetMs: 1, isSliced: true, latenessMs: 9 },
  { name: "sliding by clock", sizeMs: 10, slideMs: 4, latenessMs: 0, byClock: true },
  { name: "sessions", sizeMs: 5, isSession: true, latenessMs: 0 },
  { name: "sessions, late", sizeMs: 5, isSession: true, latenessMs: 11 },
  { name: "for ever, until the end", sizeMs: Infinity, latenessMs: 0, trigger: "endOfStream" },
  { name: "tumbling, until the end", sizeMs: 10, latenessMs: 0, trigger: "endOfStream" },
  { name: "for ever, never", sizeMs: Infinity, latenessMs: 0, trigger: "never" },
];

const KEYS: readonly KeyId[] = ["a", "b", "c", "d", "e", "", "key-7", 1, 2, -3, 0.5, NaN, true, false];
const FINAL = Infinity;

function optionsOf<Contents>(testCase: Case, { fn, type }: TestContents<Contents>): PanesOptions<string, Contents> {
  const { sizeMs, slideMs = sizeMs, offsetMs = 0, latenessMs, trigger } = testCase;
  return {
    contents: fn,
    contentsType: type,
    slices: testCase.isSliced === true ? sliceLayout(sizeMs, slideMs, offsetMs) : undefined,
    deadlines: {
      fireTime: (window) => (trigger === undefined ? window.maxTimestamp() : trigger === "never" ? NaN : Infinity),
      dropTime: (window) => (trigger === undefined ? window.maxTimestamp() + latenessMs : Infinity),
    },
  };
}

function windowsAt(testCase: Case, time: number): TimeWindow[] {
  const { sizeMs, slideMs = sizeMs, offsetMs = 0 } = testCase;
  if (sizeMs === Infinity) return [new TimeWindow(-Infinity, Infinity)];
  if (testCase.isSession === true) return [new TimeWindow(time, time + sizeMs)];
  const windows: TimeWindow[] = [];
  for (let start = windowStart(time, offsetMs, slideMs); time < start + sizeMs; start -= slideMs) {
    windows.push(new TimeWindow(start, start + sizeMs));
  }
  return windows;
}

/** What a run met; the suite fails where a run meets too little. */
export interface Met {
  fired: number;
  late: number;
  merged: number;
  dropped: number;
  stops: number;
  restores: number;
  restoresInFiring: number;
  deltas: number;
}

/** Does what a window operator does with panes, at random, and compares every answer with the model's. */
class Run<Contents> {
  readonly #case: Case;
  readonly #contents: TestContents<Contents>;
  readonly #prng: Prng;
  readonly #met: Met;
  readonly #makes: readonly MakePanes<Contents>[];
  readonly #options: PanesOptions<string, Contents>;
  readonly #model: ModelPanes;
  readonly #sessions = new Map<KeyId, MergingWindowSet>();
  readonly #parts = new Map<string, Uint8Array>();
  readonly #recordCount = { value: 0 };
  #store: KeyedStore;
  #panes: TestPanes<Contents>;
  #checkpointId = 0;
  #time = -Infinity;

  /** @param makes the implementation to begin with, and those to restore into */
  constructor(testCase: Case, contents: TestContents<Contents>, seed: number, makes: readonly MakePanes<Contents>[], met: Met) {
    this.#case = testCase;
    this.#contents = contents;
    this.#prng = new Prng(seed);
    this.#met = met;
    this.#makes = makes;
    this.#options = optionsOf(testCase, contents);
    this.#model = new ModelPanes(optionsOf(testCase, LISTS));
    this.#store = newStore();
    this.#panes = makes[0]!(this.#options, this.#store);
    this.#panes.resumeFrom(this.#time);
  }

  play(steps: number): void {
    for (let step = 0; step < steps; step += 1) {
      const choice = this.#prng.int(10);
      if (choice < 6) this.#add();
      else if (choice < 8) this.#advance(Math.max(this.#time, 0) + this.#prng.int(9));
      else this.#checkpoint();
      expect(this.#panes.size).toBe(this.#model.size);
      expect(this.#panes.nextDeadline()).toBe(this.#model.nextDeadline());
    }
    this.#advance(FINAL);
    expect(this.#panes.size).toBe(0);
    expect(this.#panes.nextDeadline()).toBe(Infinity);
  }

  #add(): void {
    const { byClock } = this.#case;
    const now = Math.max(this.#time, 0);
    const time = byClock === true ? now + 1 : Math.max(0, now + this.#prng.int(40) - 20);
    const key = this.#prng.pick(KEYS);
    const record = `${String(key)}${(this.#recordCount.value += 1)}@${time}`;
    const firedUntil = byClock === true ? -Infinity : this.#time;
    const windows = this.#case.isSession === true ? this.#mergeSession(key, time) : windowsAt(this.#case, time);
    const kept = windows.filter((window) => byClock === true || this.#time < this.#options.deadlines.dropTime(window));
    if (kept.length === 0) return;

    this.#panes.add(key, kept, record, time, firedUntil);
    this.#model.add(key, kept, record, time, firedUntil);
    for (const window of kept) {
      if (this.#options.deadlines.fireTime(window) <= firedUntil) this.#met.late += 1;
      expect(this.#panes.read(key, window)).toEqual(this.#contents.of(this.#model.read(key, window)!));
    }
  }

  #mergeSession(key: KeyId, time: number): TimeWindow[] {
    const sessions = this.#sessions.get(key) ?? new MergingWindowSet();
    this.#sessions.set(key, sessions);
    const [added] = windowsAt(this.#case, time);
    const window = sessions.addWindow(added!, (result, merged) => {
      this.#met.merged += 1;
      this.#panes.merge(key, result, merged, this.#time);
      this.#model.merge(key, result, merged, this.#time);
    });
    if (this.#options.deadlines.dropTime(window) <= this.#time) sessions.retireWindow(window);
    return [window];
  }

  #advance(time: number): void {
    if (time <= this.#time) return;
    this.#time = time;
    const expected = this.#model.fireDue(time).map(({ key, window, records }) => [key, window, this.#contents.of(records)]);
    const fired: unknown[] = [];
    let budget = this.#prng.int(4);
    const mayContinue = (): boolean => 0 < budget--;
    while (!this.#panes.fireDue(time, (key, window, contents) => fired.push([key, `${window}`, this.#copyOf(contents)]), mayContinue)) {
      this.#met.stops += 1;
      expect(this.#panes.nextDeadline()).toBeLessThanOrEqual(time);
      if (this.#prng.int(3) === 0) this.#checkpoint(true);
      budget = this.#prng.int(8);
    }
    expect(fired).toEqual(expected);
    this.#met.fired += fired.length;

    const dropped: unknown[] = [];
    this.#panes.dropDue(time, (key, window) => {
      dropped.push([key, `${window}`]);
      if (this.#case.isSession === true) this.#sessions.get(key)!.retireWindow(window);
    });
    expect(dropped).toEqual(this.#model.dropDue(time));
    this.#met.dropped += dropped.length;
  }

  /** A snapshot that completes, fails or is restored from, at once or later. */
  #checkpoint(isFiring = false): void {
    this.#checkpointId += 1;
    const choice = this.#prng.int(4);
    const taken = this.#store.take(this.#checkpointId);
    // What is taken is written piece by piece, while the panes go on.
    if (this.#prng.int(2) === 0) taken.write();
    if (choice !== 3 && !isFiring) for (let record = this.#prng.int(4); 0 < record; record -= 1) this.#add();
    const { handle, parts } = taken.finish();
    for (const [name, bytes] of parts) this.#parts.set(name, bytes);
    for (const { deltas } of handle.groups) this.#met.deltas += deltas.length;
    if (choice === 0) return this.#store.aborted(this.#checkpointId);
    if (choice !== 1) this.#store.completed(this.#checkpointId);
    if (choice !== 3) return;

    this.#met.restores += 1;
    if (isFiring) this.#met.restoresInFiring += 1;
    this.#store = newStore();
    this.#store.restore([JSON.parse(JSON.stringify(handle)) as KeyedStateHandle], (part) => this.#parts.get(part)!);
    this.#panes = this.#prng.pick(this.#makes)(this.#options, this.#store);
    this.#panes.resumeFrom(this.#time);
  }

  /** What fires may grow later. */
  #copyOf(contents: Contents): Contents {
    return this.#contents.fn.copy!(contents);
  }
}

function newStore(): KeyedStore {
  return new KeyedStore({
    maxParallelism: MAX_PARALLELISM,
    keyGroups: { first: 0, last: MAX_PARALLELISM - 1 },
    partName: (checkpointId, index) => `${checkpointId}-${index}`,
  });
}

function entriesOf(component: KeyedComponent): string[] {
  component.prepareSnapshot?.();
  const entries: string[] = [];
  component.forEachAddress((key, namespace) => {
    const writer = new ByteWriter();
    expect(component.writeEntry(key, namespace, writer)).toBe(true);
    entries.push(`${typeof key} ${String(key)} ${namespace} ${writer.finish().join(",")}`);
  });
  return entries.sort();
}

const SEEDS = 40;
const STEPS = 120;

export function panesSuite<Contents>(
  name: string,
  contents: TestContents<Contents>,
  make: MakePanes<Contents>,
  others: readonly MakePanes<Contents>[],
): void {
  describe(`panes: ${name}`, () => {
    const met: Met = { fired: 0, late: 0, merged: 0, dropped: 0, stops: 0, restores: 0, restoresInFiring: 0, deltas: 0 };

    for (const testCase of CASES) {
      test(`${testCase.name}: answers as the model does, through snapshots into every implementation`, () => {
        for (let seed = 1; seed <= SEEDS; seed += 1) {
          try {
            new Run(testCase, contents, seed, [make, ...others], met).play(STEPS);
          } catch (error) {
            throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
          }
        }
      });
    }

    test("the runs met everything that can happen", () => {
      console.log(`panes, ${name}: ${JSON.stringify(met)}`);
      for (const [what, count] of Object.entries(met)) expect(count, what).toBeGreaterThan(50);
    });

    for (const testCase of CASES) {
      test(`${testCase.name}: writes the same entries as every other implementation, in mid-firing too`, () => {
        for (const other of others) expect(dumps(testCase, contents, make)).toEqual(dumps(testCase, contents, other));
      });
    }
  });
}

/** Every entry after each step of a fixed run that stops firing again and again. */
function dumps<Contents>(testCase: Case, contents: TestContents<Contents>, make: MakePanes<Contents>): string[][] {
  const options = optionsOf(testCase, contents);
  const panes = make(options, newStore());
  panes.resumeFrom(-Infinity);
  const all: string[][] = [];
  for (let time = 0; time < 60; time += 1) {
    const wave = testCase.isSession === true ? time - (time % 11) : time;
    const key = KEYS[(wave * 5) % KEYS.length]!;
    const windows = windowsAt(testCase, wave);
    const isNew = testCase.isSession !== true || wave === time;
    if (isNew && 0 < windows.length) panes.add(key, windows, `r${time}`, wave, -Infinity);
    if (time % 6 !== 5) continue;
    let budget = 2;
    while (!panes.fireDue(time, () => {}, () => 0 < budget--)) {
      all.push(entriesOf(panes));
      budget = 2;
    }
    panes.dropDue(time, () => {});
    all.push(entriesOf(panes));
  }
  return all;
}
