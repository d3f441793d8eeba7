import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import { waitingBatch, waitingBytes } from "../../core/operators/window-waiting.ts";
import { anyValue, type Element, elementsOf, selectionOf, throughBuilder, timestamp, valueOfKind } from "../data/column-batches.ts";
import { checkLaw } from "../laws/law.ts";

const ALL = (): boolean => true;
const SUBTASKS = 3;

/** A batch with columns of every kind, values that are missing, rows that are not selected, and watermarks, as the row they begin to wait at leaves it. */
interface Waiting {
  readonly elements: readonly Element[];
  readonly pattern: number;
  readonly from: number;
}

const record = fc.record({
  number: fc.option(valueOfKind[0]),
  small: valueOfKind[1],
  big: fc.option(valueOfKind[2], { nil: undefined }),
  flag: fc.option(valueOfKind[3]),
  text: fc.option(valueOfKind[4], { nil: undefined }),
  mixed: fc.oneof(valueOfKind[5], anyValue.filter((value) => typeof value !== "bigint")),
});

function waitingOf(records: fc.Arbitrary<unknown>): fc.Arbitrary<Waiting> {
  const element = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.constant("record" as const), records, timestamp) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("watermark" as const), fc.integer({ min: 0, max: 1_000 })) },
  );
  return fc.record({ elements: fc.array(element, { maxLength: 30 }), pattern: fc.integer({ min: 0, max: 255 }), from: fc.nat({ max: 30 }) });
}

const waitings = fc.oneof(waitingOf(record), waitingOf(valueOfKind[4]), waitingOf(valueOfKind[2]));

/** The rest of the batch from a record on, stored; undefined where there is no batch. */
function stored({ elements, pattern, from }: Waiting): { readonly bytes: Uint8Array; readonly rest: readonly Element[] } | undefined {
  const batch = throughBuilder(elements, 1_000).sent.find((sent): sent is ColumnBatch => !Array.isArray(sent));
  if (batch === undefined) return undefined;
  const selected = selectionOf(batch, pattern);
  const index = Math.min(from, selected.length);
  const row = index < selected.length ? selected.rowOf(index) : Infinity;
  const nextWatermark = selected.watermarks.rows.filter((before) => before <= row).length;
  const all = elementsOf(selected);
  const rest: Element[] = [];
  let [records, watermarks] = [0, 0];
  for (const element of all) {
    const isAhead = element[0] === "record" ? index <= records++ : nextWatermark <= watermarks++;
    if (isAhead) rest.push(element);
  }
  return { bytes: waitingBytes(selected, index, nextWatermark), rest };
}

function meant(batch: ColumnBatch | undefined): readonly Element[] {
  return batch === undefined ? [] : elementsOf(batch);
}

test("what waits of a batch comes back as it was, also when it is stored once more", () => {
  checkLaw("checkpoint transparency of what waits", waitings, 300, (given) => {
    const was = stored(given);
    if (was === undefined) return;
    const back = waitingBatch([was.bytes], ALL);
    expect(meant(back)).toEqual(was.rest);
    if (back !== undefined) expect(meant(waitingBatch([waitingBytes(back, 0, 0)], ALL))).toEqual(was.rest);
  });
});

test("more or fewer subtasks share what waited: each has its own records in order, once", () => {
  checkLaw("rescaling of what waits", fc.tuple(waitings, waitings), 300, (given) => {
    const before = given.map(stored);
    const bytes = before.map((was) => was?.bytes ?? new Uint8Array(0));
    const records = before.flatMap((was) => was?.rest ?? []).filter(([kind]) => kind === "record");
    const ownerOf = (timestampOf: number): number => (Number.isFinite(timestampOf) ? Math.floor(Math.abs(timestampOf)) % SUBTASKS : 0);
    for (let subtask = 0; subtask < SUBTASKS; subtask += 1) {
      const own = records.filter((element) => ownerOf(element[2]!) === subtask);
      const back = waitingBatch(bytes, (_record, at) => ownerOf(at) === subtask);
      expect(meant(back)).toEqual(own);
      // It may have to wait again before its first record.
      if (back !== undefined) expect(meant(waitingBatch([waitingBytes(back, 0, 0)], ALL))).toEqual(own);
    }
  });
});
