import { expect, test } from "vitest";
import { copied } from "../../core/data/copied.ts";

class Money {
  readonly #cents = 5;

  get cents(): number {
    return this.#cents;
  }
}

/** Whether the copy is equal and shares nothing that could change. */
function check(value: unknown): void {
  const copy = copied(value);
  expect(copy).toEqual(value);
  expect(Object.getPrototypeOf(Object(copy))).toBe(Object.getPrototypeOf(Object(value)));
  for (const object of objectsIn(copy)) expect(objectsIn(value)).not.toContain(object);
}

function objectsIn(value: unknown, found: Set<unknown> = new Set()): Set<unknown> {
  if (typeof value !== "object" || value === null || found.has(value)) return found;
  found.add(value);
  const held = value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : ArrayBuffer.isView(value) ? [] : Object.values(value);
  for (const each of held) objectsIn(each, found);
  return found;
}

test("copies of plain values share nothing with them, however deep", () => {
  const bare: object = Object.assign(Object.create(null) as object, { a: [1] });
  const values = [1, "x", null, undefined, 5n, { a: 1 }, { a: { b: [1, { c: 2 }] } }, [1, [2]], new Date(5), new Uint8Array([1, 2]), bare];
  for (const value of values) check(value);
  check(new Map([[{ k: 1 }, new Set([{ v: 1 }])]]));
  check({ "-0": -0, nan: NaN, gone: undefined });
});

test("what is shared within a value, a cycle too, is shared within its copy", () => {
  const shared = { n: 1 };
  const value: { left: object; right: object; self?: object } = { left: shared, right: shared };
  value.self = value;
  const copy = copied(value);
  expect(copy.left).toBe(copy.right);
  expect(copy.self).toBe(copy);
  expect(copy.left).not.toBe(shared);
});

test("what has a class of its own is taken as it is", () => {
  const money = new Money();
  const copy = copied({ money, run: check });
  expect([copy.money, copy.money.cents, copy.run]).toEqual([money, 5, check]);
  expect(copy.money).toBe(money);
});
