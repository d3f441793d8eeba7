import { expect, test } from "vitest";
import { Prng } from "../../core/lib/prng.ts";
import { types } from "../../core/data/type.ts";
import { KeyedStore } from "../../core/state/keyed-store.ts";
import { handleBytes, type KeyedSnapshot, type KeyedStateHandle, segmentBytes } from "../../core/state/snapshot.ts";

const MAX_PARALLELISM = 32;

/** Of what is alive, in bases; whatever the history. */
const STORED_MULTIPLE_MAX = 3;

interface Costs {
  readonly written: number;
  /** Bytes of all parts that the handle points into. */
  readonly stored: number;
  readonly replayed: number;
  readonly bases: number;
  readonly largestBase: number;
}

class Measured {
  readonly store = new KeyedStore({ maxParallelism: MAX_PARALLELISM, keyGroups: { first: 0, last: MAX_PARALLELISM - 1 }, partName: (id, index) => `${id}/${index}` });
  readonly table = this.store.table({ name: "state", kind: "value", type: types.string });
  readonly sizes = new Map<string, number>();
  readonly parts = new Map<string, Uint8Array>();
  readonly model = new Map<number, string>();
  #id = 0;

  put(key: number, value: string): void {
    this.table.put(key, "", value);
    this.model.set(key, value);
  }

  remove(key: number): void {
    this.table.remove(key, "");
    this.model.delete(key);
  }

  /** @param between called while the snapshot is written */
  checkpoint(between: () => void = () => {}): Costs {
    this.#id += 1;
    const expected = new Map(this.model);
    const taken = this.store.take(this.#id);
    while (taken.write() === undefined) between();
    this.store.completed(this.#id);
    return this.#costs(taken.finish(), expected);
  }

  checkRestores(handle: KeyedStateHandle, expected: ReadonlyMap<number, string>): void {
    const store = new KeyedStore({ maxParallelism: MAX_PARALLELISM, keyGroups: { first: 0, last: MAX_PARALLELISM - 1 }, partName: () => "" });
    store.restore([handle], (part) => this.parts.get(part)!);
    const found = new Map<number, string>();
    store.table({ name: "state", kind: "value", type: types.string }).forEach((key, _namespace, value) => found.set(key as number, value));
    expect(found).toEqual(expected);
  }

  #costs({ handle, parts }: KeyedSnapshot, expected: ReadonlyMap<number, string>): Costs {
    for (const [name, bytes] of parts) {
      this.sizes.set(name, bytes.length);
      this.parts.set(name, bytes);
    }
    for (const [name, bytes] of Object.entries(handle.parts)) expect(bytes).toBe(this.sizes.get(name));
    const bases = handle.groups.map(({ base }) => segmentBytes(base));
    const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
    this.checkRestores(handle, expected);
    return {
      written: sum([...parts.values()].map(({ length }) => length)),
      stored: sum(Object.values(handle.parts)),
      replayed: handleBytes(handle),
      bases: sum(bases),
      largestBase: Math.max(0, ...bases),
    };
  }
}

test("whatever the history, what is stored and replayed stays within a multiple of what is alive", () => {
  let compactedMost = 0;
  for (let seed = 1; seed <= 25; seed += 1) {
    const prng = new Prng(seed);
    const state = new Measured();
    const keys = 50 + prng.int(400);
    const hot = 1 + prng.int(keys);
    for (let key = 0; key < keys; key += 1) state.put(key, "x".repeat(20 + prng.int(60)));
    state.checkpoint();
    let deltasMax = 0;
    for (let round = 0; round < 120; round += 1) {
      const changes = prng.int(30);
      for (let change = 0; change < changes; change += 1) {
        const key = prng.int(4) === 0 ? prng.int(keys) : prng.int(hot);
        if (prng.int(12) === 0) state.remove(key);
        else state.put(key, String(round).padEnd(20 + prng.int(60)));
      }
      const { written, stored, replayed, bases, largestBase } = state.checkpoint();
      deltasMax = Math.max(deltasMax, written);
      const slack = 2 * deltasMax + largestBase;
      expect(replayed, `seed ${seed}, round ${round}`).toBeLessThanOrEqual(2 * bases + slack);
      expect(stored, `seed ${seed}, round ${round}`).toBeLessThanOrEqual(STORED_MULTIPLE_MAX * bases + slack);
      compactedMost = Math.max(compactedMost, stored / bases);
    }
  }
  console.log(`stored at most ${compactedMost.toFixed(2)} times the bases`);
});

test("what changes while groups are looked for that the next checkpoints fold is folded with them", () => {
  const prng = new Prng(11);
  const state = new Measured();
  const keys = 6_000;
  const change = (): void => {
    const key = prng.int(keys + 500);
    if (prng.int(3) === 0) state.remove(key);
    else state.put(key, String(prng.int(1e6)));
  };
  for (let key = 0; key < keys; key += 1) state.put(key, "first");
  let pieces = 0;
  for (let round = 0; round < 40; round += 1) {
    for (let count = 0; count < 1_500; count += 1) change();
    state.checkpoint(() => {
      pieces += 1;
      for (let count = 0; count < 20; count += 1) change();
    });
  }
  expect(pieces).toBeGreaterThan(10);
});

test("with changes all over the state no checkpoint writes much more than twice the changes", () => {
  const prng = new Prng(7);
  const state = new Measured();
  const valueOf = (): string => String(prng.int(1e9)).padEnd(100);
  for (let key = 0; key < 3_200; key += 1) state.put(key, valueOf());
  const { bases } = state.checkpoint();
  const written = Array.from({ length: 200 }, () => {
    for (let change = 0; change < 32; change += 1) state.put(prng.int(3_200), valueOf());
    return state.checkpoint().written;
  });
  const deltas = bases * 0.01;
  const total = written.reduce((sum, each) => sum + each, 0);
  // The sections of small deltas have names of their own.
  expect(total / written.length).toBeLessThan(5 * deltas);
  expect(Math.max(...written)).toBeLessThan(3 * deltas + (3 * bases) / MAX_PARALLELISM);
});

test("a few bytes of groups that hardly change do not keep the parts of others alive", () => {
  const state = new Measured();
  for (let key = 0; key < 400; key += 1) state.put(key, "x".repeat(200));
  state.checkpoint();
  let most = 0;
  for (let round = 0; round < 200; round += 1) {
    // One key changes a little each time; twenty others all the time.
    state.put(round % 400, "y".repeat(200));
    for (let key = 0; key < 20; key += 1) state.put(key, String(round).padEnd(400));
    const { stored, bases } = state.checkpoint();
    most = Math.max(most, stored / bases);
  }
  expect(most).toBeLessThan(STORED_MULTIPLE_MAX);
});
