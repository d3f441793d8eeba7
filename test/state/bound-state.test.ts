import { describe, expect, test } from "vitest";
import { types } from "../../core/data/type.ts";
import { bindState, type KeyCursor } from "../../core/state/bound-state.ts";
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from "../../core/state/descriptors.ts";
import { KeyedStore } from "../../core/state/keyed-store.ts";

function newStore(): KeyedStore {
  const partName = (id: number, index: number): string => `${id}-${index}`;
  return new KeyedStore({ maxParallelism: 8, keyGroups: { first: 0, last: 7 }, freeze: true, partName });
}

/** A store that holds what a snapshot of this one holds. */
function copyOf(store: KeyedStore): KeyedStore {
  const { handle, parts } = store.savepoint(1);
  const copy = newStore();
  copy.restore([handle], (part) => parts.get(part)!);
  return copy;
}

/** Runs the check on the state as it is, and as it comes back from a snapshot. */
function alsoRestored(store: KeyedStore, check: (store: KeyedStore) => void): void {
  check(store);
  check(copyOf(store));
}

describe("bound state", () => {
  test("a value belongs to the key and namespace where the cursor stands", () => {
    const descriptor = new ValueStateDescriptor<number | null>("v");
    const cursor: KeyCursor = { key: "a", namespace: "" };
    const store = newStore();
    const state = bindState(store, descriptor, cursor);
    expect(state.value()).toBe(undefined);
    state.update(1);
    cursor.key = "b";
    expect(state.value()).toBe(undefined);
    state.update(null);
    cursor.namespace = "w";
    state.update(3);
    alsoRestored(store, (each) => {
      const at = (key: string, namespace: string): unknown => bindState(each, descriptor, { key, namespace }).value();
      expect([at("a", ""), at("b", ""), at("b", "w"), at("a", "w")]).toEqual([1, null, 3, undefined]);
    });
    state.clear();
    expect(state.value()).toBe(undefined);
  });

  test("a list that has nothing is empty, and one that was asked for stays as it was", () => {
    const descriptor = new ListStateDescriptor<number>("l", types.int);
    const cursor: KeyCursor = { key: 1, namespace: "" };
    const store = newStore();
    const state = bindState(store, descriptor, cursor);
    expect([...state.get()]).toEqual([]);
    state.addAll([]);
    expect(store.table({ name: "l", kind: "list", type: types.array(types.int) }).size).toBe(0);
    state.add(1);
    state.addAll([2, 3]);
    for (const element of state.get()) state.add(element * 10);
    state.addAll(state.get());
    const expected = [1, 2, 3, 10, 20, 30, 1, 2, 3, 10, 20, 30];
    alsoRestored(store, (each) => expect([...bindState(each, descriptor, cursor).get()]).toEqual(expected));
    const before = state.get();
    state.update([7]);
    expect([...before]).toEqual(expected);
    expect([...state.get()]).toEqual([7]);
    state.update([]);
    expect([...state.get()]).toEqual([]);
  });

  test("a map has keys by content, keeps their form and order, and none is empty", () => {
    type Key = string | number | boolean | bigint | readonly unknown[] | { readonly [name: string]: unknown };
    const descriptor = new MapStateDescriptor<Key, string>("m");
    const cursor: KeyCursor = { key: "k", namespace: "" };
    const store = newStore();
    const state = bindState(store, descriptor, cursor);
    expect([state.isEmpty(), state.get("x"), state.contains("x"), [...state.entries()]]).toEqual([true, undefined, false, []]);
    state.put({ b: 1, a: [2] }, "object");
    state.put("\u0000x", "odd");
    state.put(-0, "zero");
    state.putAll([[NaN, "nan"], ["s", "string"], [[1, "x"], "array"], [12n, "bigint"], [true, "yes"]]);
    state.put({ a: [2], b: 1 }, "the same object");
    state.remove("s");
    state.remove("never there");
    alsoRestored(store, (each) => {
      const map = bindState(each, descriptor, cursor);
      const keys = [{ b: 1, a: [2] }, "\u0000x", 0, NaN, [1, "x"], 12n, true];
      expect([...map.keys()]).toEqual(keys);
      expect(Object.keys([...map.keys()][0] as object)).toEqual(["b", "a"]);
      expect([...map.values()]).toEqual(["the same object", "odd", "zero", "nan", "array", "bigint", "yes"]);
      expect([...map.entries()].map(([key]) => key)).toEqual(keys);
      expect([map.get(12), map.get(0), map.get([1, "x"])]).toEqual(["bigint", "zero", "array"]);
      expect([map.contains(NaN), map.isEmpty()]).toEqual([true, false]);
      const entries = map.entries();
      expect([...entries]).toEqual([...entries]);
    });
    for (const key of state.keys()) state.remove(key);
    expect(state.isEmpty()).toBe(true);
    expect(store.savepoint(2).handle.groups).toEqual([]);
  });

  test("reducing and aggregating state add up", () => {
    const worst = new ReducingStateDescriptor<number>("worst", (a, b) => Math.max(a, b), types.number);
    const mean = new AggregatingStateDescriptor<number, { sum: number; count: number }, number>("mean", {
      createAccumulator: () => ({ sum: 0, count: 0 }),
      add(record, accumulator) {
        accumulator.sum += record;
        accumulator.count += 1;
        return accumulator;
      },
      getResult: ({ sum, count }) => sum / count,
    });
    const cursor: KeyCursor = { key: "k", namespace: "" };
    const store = newStore();
    const reducing = bindState(store, worst, cursor);
    const aggregating = bindState(store, mean, cursor);
    expect([reducing.get(), aggregating.get()]).toEqual([undefined, undefined]);
    for (const value of [1, 5, 3]) {
      reducing.add(value);
      aggregating.add(value);
    }
    alsoRestored(store, (each) => {
      expect([bindState(each, worst, cursor).get(), bindState(each, mean, cursor).get()]).toEqual([5, 3]);
    });
    reducing.clear();
    aggregating.clear();
    expect([reducing.get(), aggregating.get()]).toEqual([undefined, undefined]);
  });

  test("a function without a return is told so", () => {
    const cursor: KeyCursor = { key: "k", namespace: "" };
    const lost = (() => undefined) as () => never;
    const reducing = bindState(newStore(), new ReducingStateDescriptor<number>("r", lost), cursor);
    reducing.add(1);
    expect(() => reducing.add(2)).toThrow("reduce returned undefined: it must return");
    const fn = { createAccumulator: () => ({ n: 0 }), add: lost, getResult: () => 0 };
    const aggregating = bindState(newStore(), new AggregatingStateDescriptor<number, { n: number }, number>("a", fn), cursor);
    expect(() => aggregating.add(1)).toThrow("add returned undefined: it must return");
  });

  test("in tests, a value that is changed without update is found", () => {
    const cursor: KeyCursor = { key: "k", namespace: "" };
    const store = newStore();
    const value = bindState(store, new ValueStateDescriptor<{ n: number }>("v"), cursor);
    const list = bindState(store, new ListStateDescriptor<{ n: number }>("l"), cursor);
    const map = bindState(store, new MapStateDescriptor<string, { n: number }>("m"), cursor);
    value.update({ n: 1 });
    list.add({ n: 1 });
    list.add({ n: 2 });
    map.put("a", { n: 1 });
    expect(() => (value.value()!.n = 2)).toThrow(TypeError);
    expect(() => ([...list.get()][1]!.n = 3)).toThrow(TypeError);
    expect(() => (map.get("a")!.n = 2)).toThrow(TypeError);
  });

  test("changes in place reach the next delta", () => {
    const cursor: KeyCursor = { key: "k", namespace: "" };
    const descriptor = new ListStateDescriptor<number>("l");
    const store = newStore();
    const parts = new Map<string, Uint8Array>();
    const state = bindState(store, descriptor, cursor);
    state.addAll(Array.from({ length: 100 }, (_, index) => index));
    for (const id of [1, 2, 3]) {
      const snapshot = store.snapshot(id);
      for (const [name, bytes] of snapshot.parts) parts.set(name, bytes);
      store.completed(id);
      const copy = newStore();
      copy.restore([snapshot.handle], (part) => parts.get(part)!);
      expect([...bindState(copy, descriptor, cursor).get()]).toEqual([...state.get()]);
      state.add(-id);
      state.add(-id);
    }
  });
});

describe("state descriptors", () => {
  const REFUSED: readonly (readonly [string, () => unknown])[] = [
    ["an empty name", () => new ValueStateDescriptor("")],
    ["no name", () => new ListStateDescriptor(undefined as unknown as string)],
    ["a constructor for a type", () => new ValueStateDescriptor("x", String as unknown as typeof types.string)],
    ["a map without a key type of its own", () => new MapStateDescriptor("x", {} as unknown as typeof types.string)],
    ["no reduce function", () => new ReducingStateDescriptor("x", {} as unknown as () => number)],
    ["no aggregate function", () => new AggregatingStateDescriptor("x", (() => 0) as never)],
  ];
  for (const [what, make] of REFUSED) test(`refuse ${what}`, () => expect(make).toThrow(/INVALID_ARGUMENT/));

  test("say what they are", () => {
    expect(new ValueStateDescriptor<number>("n")).toMatchObject({ kind: "value", name: "n", type: types.dynamic });
    const map = new MapStateDescriptor("m", types.string, types.number);
    expect(map).toMatchObject({ kind: "map", keyType: types.string, type: types.number });
    expect(new ReducingStateDescriptor<number>("r", { reduce: (a, b) => a + b }).reduceFunction.reduce(1, 2)).toBe(3);
  });
});
