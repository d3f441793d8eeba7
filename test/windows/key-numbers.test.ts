import { expect, test } from "vitest";
import { BatchEncoder } from "../../core/connectors/array-encoder.ts";
import { StringDictionary } from "../../core/connectors/dictionary-array.ts";
import type { Column } from "../../core/data/column.ts";
import { KeyNumbers } from "../../core/windows/key-numbers.ts";
import { KeySlots } from "../../core/windows/key-slots.ts";
import { FIRST_KEY_SLOT } from "../../core/windows/kernel.ts";

test("a key that stands twice in a dictionary is forgotten by both of its numbers", () => {
  const strings = new StringDictionary(["a", "a", "b"]);
  const columnOf = (...ids: number[]): Column => new BatchEncoder().encode({ key: strings.arrayOf(Int32Array.from(ids)) }).columns[0]!;
  const slots = new KeySlots();
  const keys = new KeyNumbers(slots, (key) => FIRST_KEY_SLOT + slots.assign(key));
  const keysOf = (...ids: number[]): unknown[] => {
    const numbers = new Int32Array(ids.length);
    keys.write(columnOf(...ids), 0, undefined, ids.length, numbers);
    return Array.from(numbers, (number) => slots.keyOf(number));
  };
  expect(keysOf(0, 1)).toEqual(["a", "a"]);
  const freed = Int32Array.of(0);
  slots.free(freed);
  keys.forget(freed);
  expect(keysOf(2, 0, 1)).toEqual(["b", "a", "a"]);
});
