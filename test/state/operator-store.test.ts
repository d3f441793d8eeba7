import { describe, expect, test } from "vitest";
import { types } from "../../core/data/type.ts";
import { JobError } from "../../core/lib/errors.ts";
import type { ValueMerge } from "../../core/state/operator-state.ts";
import { OperatorStore } from "../../core/state/operator-store.ts";

function restored(part: Uint8Array): OperatorStore {
  const store = new OperatorStore();
  store.restore([part]);
  return store;
}

/** What so many subtasks make of what others had. */
function rescaled(parts: readonly Uint8Array[], parallelism: number): readonly OperatorStore[] {
  return Array.from({ length: parallelism }, (_, index) => {
    const store = new OperatorStore();
    store.restore(parts, { index, parallelism });
    return store;
  });
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
    const again = restored(restored(bytes).snapshot());
    expect(again.list("list", types.dynamic).get()).toEqual([1, { two: 2 }]);
    expect(again.value("sum", types.number, 0, "sum").get()).toBe(4);
  });

  test.each([1, 2, 3, 5])("what nothing asks for is kept once by %i subtasks", (parallelism) => {
    const parts = [1, 2, 4].map((value) =>
      snapshotOf((store) => {
        store.list("list", types.number).update([value, value]);
        store.value("sum", types.number, 0, "sum").set(value);
      }),
    );
    const kept = rescaled(rescaled(parts, parallelism).map((store) => store.snapshot()), 1);
    expect([...kept[0]!.list("list", types.number).get()].sort()).toEqual([1, 1, 2, 2, 4, 4]);
    expect(kept[0]!.value("sum", types.number, 0, "sum").get()).toBe(7);
  });

  const MERGES: readonly (readonly [ValueMerge, readonly number[]])[] = [
    ["min", [-1, -1, -1, -1]],
    ["max", [9, 9, 9, 9]],
    ["sum", [13, 0, 0, 0]],
    ["first", [5, 5, 5, 5]],
    ["initial", [0, 0, 0, 0]],
  ];
  test.each(MERGES)("values by their %s: of three subtasks as of four or one that come after them", (merge, expected) => {
    const parts = [5, 9, -1].map((value) => snapshotOf((store) => store.value("v", types.number, 0, merge).set(value)));
    const values = (parallelism: number): readonly number[] => rescaled(parts, parallelism).map((store) => store.value("v", types.number, 0, merge).get());
    expect(values(4)).toEqual(expected);
    expect(values(1)).toEqual(expected.slice(0, 1));
    expect(restored(parts[2]!).value("v", types.number, 0, merge).get()).toBe(-1);
  });

  test.each([
    [1, [["a", "b", "c", "d", "e"]]],
    [2, [["a", "b", "c"], ["d", "e"]]],
    [3, [["a", "b"], ["c", "d"], ["e"]]],
    [7, [["a"], ["b"], ["c"], ["d"], ["e"], [], []]],
  ])("lists are split evenly over %i subtasks, as Flink splits them", (parallelism, expected) => {
    const parts = [["a", "b", "c"], [], ["d", "e"]].map((elements) => snapshotOf((store) => store.list("l", types.string).update(elements)));
    expect(rescaled(parts, parallelism).map((store) => store.list("l", types.string).get())).toEqual(expected);
  });

  test("every subtask gets all of a list that is shared as a union", () => {
    const parts = [["a", "b"], ["c"]].map((elements) => snapshotOf((store) => store.list("l", types.string, "union").update(elements)));
    for (const store of rescaled(parts, 3)) expect(store.list("l", types.string, "union").get()).toEqual(["a", "b", "c"]);
  });

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
