import { expect, test } from "vitest";
import type { Output } from "../../core/operators/operator.ts";
import { Suspensions } from "../../core/runtime/suspensions.ts";

function recording(log: string[]): Output<unknown> {
  return {
    processRecord: (record) => log.push(`record ${String(record)}`),
    processWatermark: (watermark) => log.push(`watermark ${watermark}`),
    processIdleness: (idle) => log.push(`idle ${idle}`),
  } as Output<unknown>;
}

test("what is furthest down goes on first", () => {
  const suspensions = new Suspensions();
  const log: string[] = [];
  const work = (name: string, turns: number) => ({
    snapshotable: true,
    resume: () => {
      log.push(name);
      turns -= 1;
      return turns === 0;
    },
  });
  suspensions.suspend(1, work("a", 2));
  suspensions.suspend(5, work("b", 2));
  while (0 <= suspensions.highest) suspensions.resume(() => true);
  expect(log).toEqual(["b", "b", "a", "a"]);
});

test("elements for a suspended operator are held, in order, and delivered when it is done", () => {
  const suspensions = new Suspensions();
  const log: string[] = [];
  const input = suspensions.guard(3, [recording(log) as Output<never>], () => true)[0]!;
  input.processRecord(1, 0);
  suspensions.suspend(3, { snapshotable: true, resume: () => log.push("done") > 0 });
  input.processRecord(2, 0);
  input.processWatermark(9);
  input.processIdleness(true);
  expect(log).toEqual(["record 1"]);
  expect(suspensions.isSnapshotable).toBe(false);
  suspensions.resume(() => true);
  expect(log).toEqual(["record 1", "done"]);
  while (0 <= suspensions.highest) suspensions.resume(() => true);
  expect(log).toEqual(["record 1", "done", "record 2", "watermark 9", "idle true"]);
  input.processRecord(3, 0);
  expect(log.at(-1)).toBe("record 3");
});

test("held elements wait while the task may not go on", () => {
  const suspensions = new Suspensions();
  const log: string[] = [];
  const input = suspensions.guard(0, [recording(log) as Output<never>], () => true)[0]!;
  suspensions.suspend(0, { snapshotable: true, resume: () => true });
  for (let record = 0; record < 3; record += 1) input.processRecord(record, 0);
  suspensions.resume(() => true);
  let budget = 2;
  suspensions.resume(() => 0 < budget--);
  expect(log).toEqual(["record 0", "record 1"]);
  expect(suspensions.highest).toBe(0);
  suspensions.resume(() => true);
  expect(log).toEqual(["record 0", "record 1", "record 2"]);
  expect(suspensions.highest).toBe(-1);
});

test("only an iterator of the user keeps a snapshot waiting", () => {
  const suspensions = new Suspensions();
  suspensions.suspend(1, { snapshotable: true, resume: () => true });
  expect(suspensions.isSnapshotable).toBe(true);
  suspensions.suspend(2, { snapshotable: false, resume: () => true });
  expect(suspensions.isSnapshotable).toBe(false);
});

test("an operator may suspend again right after its work is done", () => {
  const suspensions = new Suspensions();
  const log: string[] = [];
  suspensions.suspend(4, {
    snapshotable: true,
    resume: () => {
      suspensions.suspend(4, { snapshotable: true, resume: () => log.push("second") > 0 });
      return log.push("first") > 0;
    },
  });
  while (0 <= suspensions.highest) suspensions.resume(() => true);
  expect(log).toEqual(["first", "second"]);
});
