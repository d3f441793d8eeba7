import { describe, expect, test } from "vitest";
import type { KeyId } from "../../core/data/key.ts";
import { type Type, types } from "../../core/data/type.ts";
import { JobError } from "../../core/lib/errors.ts";
import { Prng } from "../../core/lib/prng.ts";
import { keyGroupOf, keyGroupRange, type KeyGroupRange } from "../../core/state/key-groups.ts";
import type { StateTable } from "../../core/state/keyed-state.ts";
import { KeyedStore } from "../../core/state/keyed-store.ts";
import { handleBytes, type KeyedSnapshot, type KeyedStateHandle } from "../../core/state/snapshot.ts";

const MAX_PARALLELISM = 16;
const ALL: KeyGroupRange = { first: 0, last: MAX_PARALLELISM - 1 };

/** Stands for the checkpoint store: keeps parts, and gives handles back as JSON does. */
class Parts {
  readonly parts = new Map<string, Uint8Array>();

  keep({ handle, parts }: KeyedSnapshot): KeyedStateHandle {
    for (const [name, bytes] of parts) {
      expect(this.parts.has(name)).toBe(false);
      expect(bytes.length).toBeLessThanOrEqual(4 * 1024 * 1024);
      this.parts.set(name, bytes);
    }
    return JSON.parse(JSON.stringify(handle)) as KeyedStateHandle;
  }

  readonly read = (name: string): Uint8Array => this.parts.get(name)!;
}

let nextName = 0;

function newStore(keyGroups: KeyGroupRange = ALL, freeze = false): KeyedStore {
  const partName = (id: number, index: number): string => `${(nextName += 1)}/${id}/${index}`;
  return new KeyedStore({ maxParallelism: MAX_PARALLELISM, keyGroups, freeze, partName });
}

const anyType: Type<unknown> = types.dynamic;

function valueTable<T>(store: KeyedStore, name = "table", type: Type<T> = anyType as Type<T>): StateTable<T> {
  return store.table({ name, kind: "value", type });
}

function contentsOf<T>(table: StateTable<T>): Map<string, T> {
  const contents = new Map<string, T>();
  table.forEach((key, namespace, value) => contents.set(`${typeof key} ${String(key)} ${namespace}`, value));
  expect(contents.size).toBe(table.size);
  return contents;
}

function restored(parts: Parts, handles: readonly KeyedStateHandle[], keyGroups: KeyGroupRange = ALL): KeyedStore {
  const store = newStore(keyGroups);
  store.restore(handles, parts.read);
  return store;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof JobError) return `${error.code} ${error.reason}`;
    throw error;
  }
  return "no error";
}

const KEYS: readonly KeyId[] = ["", "a", "b", "snow ☃", 0, 1, -7, 2 ** 40, 0.25, NaN, true, false, "c", "d", "e"];
const NAMESPACES = ["", "0/10", "10/20"];

describe("keyed store", () => {
  test("any order of changes, snapshots, completions, failures and restores keeps what a Map keeps", () => {
    let deltas = 0;
    let folds = 0;
    let restores = 0;
    for (let seed = 1; seed <= 150; seed += 1) {
      const prng = new Prng(seed);
      const parts = new Parts();
      const model = new Map<string, unknown>();
      let store = newStore();
      let tables = ["one", "two"].map((name) => valueTable<unknown>(store, name));
      let running: { readonly id: number; readonly handle: KeyedStateHandle; readonly model: Map<string, unknown> }[] = [];
      let completed: (typeof running)[number] | undefined;
      let id = 0;
      const compare = (): void => {
        const found = new Map<string, unknown>();
        tables.forEach((table, index) => contentsOf(table).forEach((value, at) => found.set(`${index} ${at}`, value)));
        expect(found, `seed ${seed}`).toEqual(model);
      };
      for (let step = 0; step < 250; step += 1) {
        const choice = prng.int(40);
        const index = prng.int(2);
        const [key, namespace] = [prng.pick(KEYS), prng.pick(NAMESPACES)];
        const at = `${index} ${typeof key} ${String(key)} ${namespace}`;
        if (choice < 20) {
          const value = { step, list: new Array<number>(prng.int(4)).fill(step) };
          tables[index]!.put(key, namespace, value);
          model.set(at, value);
        } else if (choice < 32) {
          tables[index]!.remove(key, namespace);
          model.delete(at);
        } else if (choice < 35) {
          const handle = parts.keep(store.snapshot((id += 1)));
          for (const group of handle.groups) {
            deltas += group.deltas.length;
            const before = completed?.handle.groups.find((other) => other.group === group.group);
            if (group.deltas.length === 0 && before !== undefined && 0 < before.deltas.length) folds += 1;
          }
          running.push({ id, handle, model: new Map(model) });
        } else if (choice < 37 && 0 < running.length) {
          completed = prng.pick(running);
          store.completed(completed.id);
          running = running.filter((other) => completed!.id < other.id);
        } else if (choice < 38 && 0 < running.length) {
          const failed = prng.pick(running);
          store.aborted(failed.id);
          running = running.filter((other) => other !== failed);
        } else if (choice === 38 && completed !== undefined) {
          store = restored(parts, [completed.handle]);
          tables = ["one", "two"].map((name) => valueTable<unknown>(store, name));
          model.clear();
          for (const [address, value] of completed.model) model.set(address, value);
          running = [];
          restores += 1;
        } else if (choice === 39) {
          const handle = parts.keep(store.savepoint((id += 1)));
          expect(handle.groups.every((group) => group.deltas.length === 0)).toBe(true);
          const other = restored(parts, [handle]);
          expect(contentsOf(valueTable(other, "one"))).toEqual(contentsOf(tables[0]!));
        }
        compare();
      }
    }
    console.log(`keyed store: ${JSON.stringify({ deltas, folds, restores })}`);
    for (const count of [deltas, folds, restores]) expect(count).toBeGreaterThan(50);
  });

  test("the first snapshot is a base, later ones deltas of the last completed one, long deltas are folded", () => {
    const parts = new Parts();
    const store = newStore();
    const table = valueTable<string>(store, "words", types.string);
    const group = keyGroupOf("k0", MAX_PARALLELISM);
    const all = Array.from({ length: 2000 }, (_, index) => `k${index}`);
    const keys = all.filter((key) => keyGroupOf(key, MAX_PARALLELISM) === group);
    for (const key of keys) table.put(key, "", "value");
    const shapeOf = (snapshot: KeyedSnapshot): string => {
      const [only] = parts.keep(snapshot).groups;
      return `${only!.base[0]!.part.split("/")[1]} + ${only!.deltas.map((delta) => delta[0]!.part.split("/")[1]).join(" ")}`;
    };
    expect(shapeOf(store.snapshot(1))).toBe("1 + ");
    expect(shapeOf(store.snapshot(2))).toBe("2 + ");
    store.completed(2);
    table.put(keys[0]!, "", "other");
    expect(shapeOf(store.snapshot(3))).toBe("2 + 3");
    expect(shapeOf(store.snapshot(4))).toBe("2 + 4");
    store.aborted(3);
    store.completed(4);
    expect(shapeOf(store.snapshot(5))).toBe("2 + 4");
    store.completed(5);
    table.remove(keys[1]!, "");
    expect(shapeOf(store.snapshot(6))).toBe("2 + 4 6");
    store.completed(6);
    for (const key of keys.slice(0, keys.length * 0.6)) table.put(key, "", "third");
    // It is found to be too long when there is time, for the next one to fold.
    expect(shapeOf(store.snapshot(7))).toBe("2 + 4 6 7");
    store.completed(7);
    for (const key of keys.slice(0, keys.length * 0.3)) table.put(key, "", "fourth");
    expect(shapeOf(store.snapshot(8))).toBe("8 + ");
  });

  test("groups without state are absent, and one that is emptied goes with its fold", () => {
    const parts = new Parts();
    const store = newStore();
    const table = valueTable<string>(store);
    expect(store.snapshot(1).handle.groups).toEqual([]);
    store.completed(1);
    table.put("a", "", "1");
    const { handle } = store.snapshot(2);
    expect(handle.groups.map(({ group }) => group)).toEqual([keyGroupOf("a", MAX_PARALLELISM)]);
    expect(handleBytes(handle)).toBeGreaterThan(0);
    store.completed(2);
    table.remove("a", "");
    const after = parts.keep(store.snapshot(3));
    expect(after.groups).toEqual([]);
    store.completed(3);
    table.put("b", "", "1");
    table.remove("b", "");
    expect(store.snapshot(4).handle.groups).toEqual([]);
  });

  test("parts have 1 to 4 MiB, and larger groups are cut", () => {
    const parts = new Parts();
    const store = newStore();
    const table = valueTable<Uint8Array>(store, "blobs", types.bytes);
    const blob = (size: number, fill: number): Uint8Array => new Uint8Array(size).fill(fill);
    for (let index = 0; index < 40; index += 1) table.put(`small ${index}`, "", blob(300_000, index));
    table.put("huge", "", blob(9_000_000, 77));
    const snapshot = store.snapshot(1);
    const sizes = [...snapshot.parts.values()].map((part) => part.length);
    expect(sizes.slice(0, -1).every((size) => 1024 * 1024 <= size)).toBe(true);
    const handle = parts.keep(snapshot);
    const other = valueTable<Uint8Array>(restored(parts, [handle]), "blobs", types.bytes);
    expect(other.size).toBe(41);
    expect(Buffer.compare(other.get("huge", "")!, blob(9_000_000, 77))).toBe(0);
    expect(Buffer.compare(other.get("small 7", "")!, blob(300_000, 7))).toBe(0);
  });

  test("state that nothing asks for goes into every later snapshot, folded groups and savepoints included", () => {
    const parts = new Parts();
    const first = newStore();
    const kept = valueTable<number>(first, "kept", types.number);
    const used = valueTable<string>(first, "used", types.string);
    for (let key = 0; key < 50; key += 1) {
      kept.put(key, "", key);
      used.put(key, "ns", "x");
    }
    let handle = parts.keep(first.snapshot(1));
    first.completed(1);
    kept.remove(3, "");
    kept.put(4, "", 44);
    handle = parts.keep(first.snapshot(2));

    const second = restored(parts, [handle]);
    const table = valueTable<string>(second, "used", types.string);
    for (let key = 0; key < 50; key += 1) table.put(key, "ns", "a longer value, so that every group is folded");
    parts.keep(second.snapshot(3));
    second.completed(3);
    for (let key = 0; key < 50; key += 1) table.put(key, "ns", "another longer value, so that there is a budget");
    const folded = parts.keep(second.snapshot(4));
    expect(folded.groups.every(({ deltas }) => deltas.length === 0)).toBe(true);
    for (const each of [folded, parts.keep(second.savepoint(5))]) {
      const again = valueTable<number>(restored(parts, [each]), "kept", types.number);
      expect(again.size).toBe(49);
      expect(again.get(3, "")).toBe(undefined);
      expect(again.get(4, "")).toBe(44);
    }
  });

  test("other ranges are made from the groups of several handles; the next snapshot is then a base", () => {
    const parts = new Parts();
    const handles = [0, 1, 2].map((subtask) => {
      const range = keyGroupRange(subtask, 3, MAX_PARALLELISM);
      const store = newStore(range);
      const table = valueTable<number>(store, "table", types.number);
      for (let key = 0; key < 100; key += 1) {
        const group = keyGroupOf(key, MAX_PARALLELISM);
        if (range.first <= group && group <= range.last) table.put(key, "", key);
      }
      return parts.keep(store.snapshot(1));
    });
    const found: number[] = [];
    for (const subtask of [0, 1]) {
      const store = restored(parts, handles, keyGroupRange(subtask, 2, MAX_PARALLELISM));
      valueTable<number>(store, "table", types.number).forEach((_key, _namespace, value) => found.push(value));
      expect(store.snapshot(2).handle.groups.every(({ base }) => base[0]!.part.split("/")[1] === "2")).toBe(true);
    }
    expect(found.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, key) => key));
  });

  test("a restore after components have registered gives them their state at once", () => {
    const parts = new Parts();
    const first = newStore();
    valueTable<number>(first).put("a", "", 1);
    const handle = parts.keep(first.snapshot(1));
    const store = newStore();
    const table = valueTable<number>(store);
    store.restore([handle], parts.read);
    expect(table.get("a", "")).toBe(1);
    table.put("a", "", 2);
    expect(valueTable(restored(parts, [parts.keep(store.snapshot(2))])).get("a", "")).toBe(2);
  });

  test("refuses one name with two types, other types than stored, another maxParallelism", () => {
    const parts = new Parts();
    const store = newStore();
    valueTable(store, "x", types.string).put("a", "", "text");
    const conflict = /^STATE_TYPE_CONFLICT state "x" is used as value string and as value f64/;
    expect(codeOf(() => valueTable(store, "x", types.number))).toMatch(conflict);
    expect(codeOf(() => store.table({ name: "x", kind: "list", type: types.string }))).toMatch(/^STATE_TYPE_CONFLICT/);
    expect(valueTable(store, "x", types.string).get("a", "")).toBe("text");
    const handle = parts.keep(store.snapshot(1));
    const otherType = codeOf(() => valueTable(restored(parts, [handle]), "x", types.number));
    expect(otherType).toMatch(/^RESTORE_MISMATCH state\/x was stored as value string/);
    const otherMaximum = codeOf(() => newStore().restore([{ ...handle, maxParallelism: 128 }], parts.read));
    expect(otherMaximum).toMatch(/^RESTORE_MISMATCH .* setMaxParallelism\(128\)/);
  });

  test("a value that cannot be stored is named with its state and key", () => {
    const store = newStore();
    valueTable<unknown>(store, "x").put("the key", "", { f: () => 1 });
    expect(() => store.snapshot(1)).toThrow(/NOT_SERIALIZABLE\] state\/x: .*\$\.f[\s\S]*key "the key"/);
  });

  test("damaged bytes give CORRUPT_DATA or other values, nothing else", () => {
    const store = newStore();
    const table = valueTable<unknown>(store);
    for (const key of KEYS) table.put(key, "ns", { key, list: [1, "two", null] });
    const snapshot = store.snapshot(1);
    const [name, part] = [...snapshot.parts][0]!;
    let refused = 0;
    for (let seed = 1; seed <= 2000; seed += 1) {
      const prng = new Prng(seed);
      const damaged = prng.int(4) === 0 ? part.slice(0, prng.int(part.length)) : part.slice();
      if (0 < damaged.length) damaged[prng.int(damaged.length)]! ^= 1 << prng.int(8);
      try {
        const other = newStore();
        other.restore([snapshot.handle], (asked) => (asked === name ? damaged : new Uint8Array(0)));
        valueTable(other);
      } catch (error) {
        const isRefusal = error instanceof JobError && ["CORRUPT_DATA", "RESTORE_MISMATCH"].includes(error.code);
        if (!isRefusal) throw new Error(`seed ${seed}`, { cause: error });
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });

  test("freezes values where tests ask for it", () => {
    const store = newStore(ALL, true);
    const value = { list: [1], nested: { map: new Map([["k", { n: 1 }]]) }, bytes: new Uint8Array(2) };
    valueTable<typeof value>(store).put("a", "", value);
    expect(() => value.list.push(2)).toThrow(TypeError);
    expect(() => (value.nested.map.get("k")!.n = 2)).toThrow(TypeError);
  });
});
