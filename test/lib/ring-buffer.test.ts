import fc from "fast-check";
import { expect, test } from "vitest";
import { RingBuffer } from "../../core/lib/ring-buffer.ts";

test("behaves as an array does under push and shift", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer(), { nil: undefined }), { maxLength: 200 }), (steps) => {
      const ring = new RingBuffer<number>();
      const model: number[] = [];
      for (const step of steps) {
        if (step === undefined) expect(ring.shift()).toBe(model.shift());
        else {
          ring.push(step);
          model.push(step);
        }
        expect(ring.peek()).toBe(model[0]);
        expect(ring.length).toBe(model.length);
      }
      expect([...ring]).toEqual(model);
    }),
  );
});

test("grows while it is wrapped around, and can be cleared", () => {
  const ring = new RingBuffer<number>();
  for (let index = 0; index < 10; index += 1) ring.push(index);
  for (let index = 0; index < 8; index += 1) ring.shift();
  for (let index = 10; index < 50; index += 1) ring.push(index);
  expect([...ring]).toEqual(Array.from({ length: 42 }, (_, index) => index + 8));
  ring.clear();
  expect(ring.length).toBe(0);
  expect(ring.shift()).toBeUndefined();
  expect(ring.peek()).toBeUndefined();
});
