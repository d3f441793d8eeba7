import fc from "fast-check";
import { expect, test } from "vitest";
import { IndexedHeap, NOT_IN_HEAP } from "../../core/lib/heap.ts";

interface Item {
  readonly order: number;
  heapIndex: number;
}

function heapOf(orders: readonly number[]): { heap: IndexedHeap<Item>; items: Item[] } {
  const heap = new IndexedHeap<Item>((a, b) => a.order - b.order);
  const items = orders.map((order) => ({ order, heapIndex: NOT_IN_HEAP }));
  for (const item of items) heap.push(item);
  return { heap, items };
}

test("gives its items in order, whatever was pushed and removed before", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.boolean())), (rows) => {
      const { heap, items } = heapOf(rows.map(([order]) => order));
      const kept = items.filter((item, index) => {
        const removed = rows[index]![1];
        if (removed) heap.remove(item);
        return !removed;
      });
      expect(heap.size).toBe(kept.length);
      expect(heap.toArray().every((item, index) => item.heapIndex === index)).toBe(true);
      const popped: number[] = [];
      for (let item = heap.pop(); item !== undefined; item = heap.pop()) popped.push(item.order);
      expect(popped).toEqual(kept.map((item) => item.order).sort((a, b) => a - b));
      expect(items.every((item) => item.heapIndex === NOT_IN_HEAP)).toBe(true);
    }),
  );
});

test("peek leaves the smallest item, clear takes all", () => {
  const { heap, items } = heapOf([3, 1, 2]);
  expect(heap.peek()).toBe(items[1]);
  expect([...heap]).toHaveLength(3);
  heap.clear();
  expect(heap.size).toBe(0);
  expect(heap.pop()).toBeUndefined();
  heap.push(items[0]!);
  expect(heap.peek()).toBe(items[0]);
});

test("an item cannot enter twice, nor leave a heap it is not in", () => {
  const { heap, items } = heapOf([1]);
  expect(() => heap.push(items[0]!)).toThrow("lies in none");
  expect(() => heap.remove({ order: 1, heapIndex: 0 })).toThrow("lies in this heap");
});
