import { expect, test } from "vitest";
import { ResultStream } from "../../core/runtime/result-stream.ts";

test("a reader that waits when the stream is given up is told so, and one that comes later gets what comes", async () => {
  const stream = new ResultStream<number>();
  const waiting = stream.next();
  await stream.return();
  expect(await waiting).toEqual({ done: true, value: undefined });
  let thrownAway = false;
  stream.add([1], () => (thrownAway = true));
  expect(thrownAway).toBe(true);
  const later = stream.next();
  stream.add([2], () => {});
  expect(await later).toEqual({ done: false, value: [2] });
});

test("what is there is taken before an error is thrown, once", async () => {
  const stream = new ResultStream<number>();
  stream.add([1], () => {});
  stream.end(new Error("broken"));
  expect(await stream.next()).toEqual({ done: false, value: [1] });
  await expect(stream.next()).rejects.toThrow("broken");
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});
