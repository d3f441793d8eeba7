import { describe, expect, test } from "vitest";
import { types } from "../../core/data/type.ts";
import { JobError } from "../../core/lib/errors.ts";
import type { ValueMerge } from "../../core/state/operator-state.ts";
import { OperatorStore } from "../../core/state/operator-store.ts";

function restored(...parts: readonly Uint8Array[]): OperatorStore {
  const store = new OperatorStore();
  store.restore(parts);
  return store;
}

function snapshotOf(fill: (store: OperatorStore) => void): Uint8Array {
  const store = new OperatorStore();
  fill(store);
  return store.snapshot();
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof JobError) return error.code;
    throw error;
  }
  return "no error";
}

describe("operator store", () => {
  test("lists and values come back", () => {
    const bytes = snapshotOf((store) => {
      const list = store.list("splits", types.string);
      list.add("a");
      list.update([...list.get(), "b"]);
      store.list("splits", types.string).add("c");
      store.list("cleared", types.dynamic).clear();
      store.value("watermark", types.number, -Infinity, "min").set(7);
      store.value<unknown>("untouched", types.dynamic, undefined, "first");
    });
    const store = restored(bytes);
    expect(store.list("splits", types.string).get()).toEqual(["a", "b", "c"]);
    expect(store.list("cleared", types.dynamic).get()).toEqual([]);
    expect(store.value("watermark", types.number, 0, "min").get()).toBe(7);
    expect(store.value<unknown>("untouched", types.dynamic, 1, "first").get()).toBe(undefined);
    expect(store.value("new", types.number, 3, "sum").get()).toBe(3);
  });

  test("what nothing asks for is carried along", () => {
    const bytes = snapshotOf((store) => {
      store.list("list", types.dynamic).update([1, { two: 2 }]);
      store.value("sum", types.number, 0, "sum").set(4);
    });
    const again = restored(restored(bytes, bytes).snapshot());
    expect(again.list("list", types.dynamic).get()).toEqual([1, { two: 2 }, 1, { two: 2 }]);
    expect(again.value("sum", types.number, 0, "sum").get()).toBe(8);
  });

  const MERGES: readonly (readonly [ValueMerge, number])[] = [["min", -1], ["max", 9], ["sum", 13], ["first", 5]];
  for (const [merge, expected] of MERGES) {
    test(`values of several subtasks become their ${merge}; the initial value takes no part`, () => {
      const parts = [5, 9, -1].map((value) => snapshotOf((store) => store.value("v", types.number, 0, merge).set(value)));
      expect(restored(...parts).value("v", types.number, -100, merge).get()).toBe(expected);
    });
  }

  test("refuses one name with two types, and other types than stored", () => {
    const bytes = snapshotOf((store) => store.list("x", types.string).add("a"));
    const store = restored(bytes);
    expect(codeOf(() => store.list("x", types.number))).toBe("RESTORE_MISMATCH");
    store.list("x", types.string);
    expect(codeOf(() => store.list("x", types.number))).toBe("STATE_TYPE_CONFLICT");
    expect(codeOf(() => store.value("x", types.string, "", "first"))).toBe("STATE_TYPE_CONFLICT");
  });

  test("damaged bytes are refused", () => {
    const bytes = snapshotOf((store) => store.list("x", types.string).add("a"));
    expect(codeOf(() => restored(bytes.slice(0, bytes.length - 1)))).toBe("CORRUPT_DATA");
    expect(codeOf(() => restored(new Uint8Array([9])))).toBe("CORRUPT_DATA");
  });
});
