import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BatchEncoder } from "../../core/connectors/array-encoder.ts";
import { ColumnBatch } from "../../core/data/column-batch.ts";
import { keyId } from "../../core/data/key.ts";
import { columnKeySelector } from "../../core/data/key-column.ts";
import { types } from "../../core/data/type.ts";
import { milliseconds } from "../../core/lib/duration.ts";
import type { OperatorFactory } from "../../core/operators/operator.ts";
import { windowFactory } from "../../core/operators/window-factory.ts";
import { type StoredWaiting, waitingBatch, waitingBytes } from "../../core/operators/window-waiting.ts";
import { keyGroupOf, subtaskOf } from "../../core/state/key-groups.ts";
import { OperatorHarness } from "../../core/testing/operator-harness.ts";
import { first, sum } from "../../core/windows/aggregates.ts";
import { builtInAggregates } from "../../core/windows/built-in-aggregates.ts";
import { aggregatePane } from "../../core/windows/pane-functions.ts";
import { TumblingEventTimeWindows } from "../../core/windows/tumbling-windows.ts";
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

function alone(bytes: Uint8Array): StoredWaiting {
  return { buffers: [bytes], watermark: -Infinity };
}

function meant(batch: ColumnBatch | undefined): readonly Element[] {
  return batch === undefined ? [] : elementsOf(batch);
}

test("what waits of a batch comes back as it was, also when it is stored once more", () => {
  checkLaw("checkpoint transparency of what waits", waitings, 300, (given) => {
    const was = stored(given);
    if (was === undefined) return;
    const back = waitingBatch(alone(was.bytes), ALL);
    expect(meant(back)).toEqual(was.rest);
    if (back !== undefined) expect(meant(waitingBatch(alone(waitingBytes(back, 0, 0)), ALL))).toEqual(was.rest);
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
      const back = waitingBatch({ buffers: bytes, watermark: 7 }, (_record, at) => ownerOf(at) === subtask);
      const isNone = bytes.every(({ length }) => length === 0);
      expect(meant(back)).toEqual(isNone ? [] : [...own, ["watermark", 7]]);
      // It may have to wait again before its first record.
      if (back !== undefined) expect(meant(waitingBatch(alone(waitingBytes(back, 0, 0)), ALL))).toEqual(meant(back));
    }
  });
});

interface Row {
  readonly key: string | number;
  readonly big: bigint;
}
type Step = readonly [key: number, ms: number];

const MAX_PARALLELISM = 128;

function factory(): OperatorFactory {
  return windowFactory({
    keyOf: columnKeySelector<Row>("key", ({ key }) => key),
    assigner: TumblingEventTimeWindows.of(milliseconds(10)),
    contents: aggregatePane(builtInAggregates<Row, Record<string, never>>({ key: first("key"), total: sum("big") } as never)) as never,
    contentsType: types.dynamic as never,
    emit: { kind: "values" } as never,
    allowedLatenessMs: 0,
    lateTag: undefined,
  });
}

/** Keys of two kinds, so that their column holds objects. Times only rise: no record is late, whatever becomes of watermarks. */
function rowsOf(steps: readonly Step[]): { readonly row: Row; readonly at: number }[] {
  let at = 0;
  return steps.map(([key, ms], index) => ({ row: { key: key % 2 === 0 ? key : `k${key}`, big: 2n ** 60n + BigInt(index) }, at: (at += ms) }));
}

/** The records of one subtask among so many as a batch, with a watermark behind each record that any of them has. */
function batchFor(rows: ReturnType<typeof rowsOf>, subtask: number, parallelism: number): ColumnBatch | undefined {
  const own: typeof rows = [];
  const watermarks: { rows: number[]; watermarks: number[] } = { rows: [], watermarks: [] };
  let watermark = -Infinity;
  for (const { row, at } of rows) {
    if (subtaskOf(keyGroupOf(keyId(row.key), MAX_PARALLELISM), parallelism, MAX_PARALLELISM) === subtask) own.push({ row, at });
    if (at - 1 <= watermark) continue;
    watermark = at - 1;
    watermarks.rows.push(own.length);
    watermarks.watermarks.push(watermark);
  }
  if (own.length === 0) return undefined;
  const columns = { key: own.map(({ row }) => row.key), big: own.map(({ row }) => row.big) };
  return new ColumnBatch({ ...new BatchEncoder().encode(columns, Float64Array.from(own, ({ at }) => at)), watermarks });
}

function resultsOf(harness: OperatorHarness): string[] {
  return harness.takeOutput().flatMap((output) => (output.kind === "record" ? [`${Object.values(output.value as object).map(String).join(" ")}@${output.timestamp}`] : []));
}

function finished(harness: OperatorHarness): string[] {
  while (harness.isSuspended) harness.resume();
  harness.watermark(Infinity);
  while (harness.isSuspended) harness.resume();
  return resultsOf(harness);
}

test.each([[2, 3], [3, 2], [2, 2], [1, 2]])("window operators that stop in the middle of their batches go from parallelism %i to %i", (before, after) => {
  const steps = fc.array(fc.tuple(fc.nat({ max: 12 }), fc.nat({ max: 6 })) as fc.Arbitrary<Step>, { minLength: 10, maxLength: 60 });
  checkLaw("rescaling in the middle of batches", fc.tuple(steps, fc.nat({ max: 12 })), 150, ([given, resumes]) => {
    const rows = rowsOf(given);
    const alone = new OperatorHarness(factory());
    alone.open();
    for (const { row, at } of rows) alone.element(row, at);
    const expected = finished(alone).sort();
    const results: string[] = [];
    const snapshots = Array.from({ length: before }, (_, subtask) => {
      const harness = new OperatorHarness(factory(), { parallelism: before, subtask, continueBudget: 1 });
      harness.open();
      const batch = batchFor(rows, subtask, before);
      if (batch !== undefined) harness.columns(batch);
      for (let count = subtask; count < resumes && harness.isSuspended; count += 1) harness.resume();
      results.push(...resultsOf(harness));
      return harness.snapshot(1);
    });
    for (let subtask = 0; subtask < after; subtask += 1) {
      const harness = OperatorHarness.restore(factory(), snapshots, { parallelism: after, subtask });
      harness.open();
      results.push(...finished(harness));
    }
    expect(results.sort()).toEqual(expected);
  });
});
