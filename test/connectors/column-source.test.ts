import { describe, expect, test } from "vitest";
import { BatchEncoder } from "../../core/connectors/array-encoder.ts";
import type { ColumnArrays } from "../../core/connectors/column-arrays.ts";
import { ColumnSource } from "../../core/connectors/column-source.ts";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import type { Output } from "../../core/operators/operator.ts";
import { SourceHarness } from "./source-harness.ts";

type Columns = Readonly<Record<string, never>>;
const sourceOf = (columns: object): ColumnSource<Columns> => new ColumnSource(columns as Columns);

/** The records of columns, and the batches in which they went out. */
function run(columns: object, parallelism = 1): { readonly records: unknown[]; readonly batches: ColumnBatch[] } {
  const batches: ColumnBatch[] = [];
  const output: Output<unknown> = {
    processRecord: () => expect.unreachable(),
    processWatermark: () => {},
    processIdleness: () => {},
    processColumns: (batch) => void batches.push(batch),
  };
  expect(new SourceHarness(sourceOf(columns), { output, parallelism }).drain()).toBe(true);
  const records = batches.flatMap((batch) => Array.from({ length: batch.rowCount }, (_, row) => batch.rowAt(row)));
  return { records, batches };
}

test.each<[string, object, unknown[]]>([
  ["typed arrays", { a: new Float64Array([0.5, -0]), b: new Int32Array([1, 2]), c: new BigInt64Array([3n, 4n]) }, [{ a: 0.5, b: 1, c: 3n }, { a: -0, b: 2, c: 4n }]],
  ["widened ones", { a: new Uint8Array([255]), b: new Uint32Array([2 ** 32 - 1]), c: new Float32Array([0.5]), d: new Int16Array([-1]) }, [{ a: 255, b: 2 ** 32 - 1, c: 0.5, d: -1 }]],
  ["plain values", { s: ["x", "y", "x"], p: [true, false, true], n: [1, null, 3], u: [1n, undefined, 2n] }, [{ s: "x", p: true, n: 1, u: 1n }, { s: "y", p: false, n: null, u: undefined }, { s: "x", p: true, n: 3, u: 2n }]],
  ["values of several kinds", { m: [1, "x", null, undefined, [2]] }, [{ m: 1 }, { m: "x" }, { m: null }, { m: undefined }, { m: [2] }]],
  ["nothing but null", { m: [null, null] }, [{ m: null }, { m: null }]],
  ["no rows", { a: [], b: new Float64Array(0) }, []],
])("%s become records", (_, columns, records) => {
  expect(run(columns).records).toEqual(records);
});

test.each<[string, object, string]>([
  ["", 5 as never, "columns are given as an object with an array for each field, such as { time: new Float64Array(100) }, but got 5"],
  ["", [[1]], "but got [[1]]"],
  ["", new Float64Array(1), "an object with an array for each field"],
  ["", {}, "there must be a column at least"],
  ["", { a: [1], b: 5 }, 'the column "b" must be a typed array or an array, but is 5'],
  ["", { a: [1], b: new DataView(new ArrayBuffer(1)) }, 'the column "b" must be a typed array'],
  ["", { a: new BigUint64Array(1) }, "give a BigInt64Array"],
  ["", { a: [1, 2], b: new Float64Array(3) }, 'all columns must have equally many rows, but "a" has 2 and "b" 3'],
  ["", Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`c${index}`, []])), "there can be 128 columns at most, but these are 129"],
])("misuse is refused%s: %#", (_, columns, message) => {
  expect(() => sourceOf(columns)).toThrow(message);
});

describe("batches", () => {
  const rows = 10_000;
  const columns = { n: Float64Array.from({ length: rows }, (_, row) => row), s: Array.from({ length: rows }, (_, row) => `s${row % 7}`) };

  test("have 4,096 rows at most, and the memory of the arrays", () => {
    const { batches } = run(columns);
    expect(batches.map(({ length }) => length)).toEqual([4_096, 4_096, 1_808]);
    expect(batches.map((batch) => (batch.columns[0]!.values as Float64Array).buffer)).toEqual([columns.n.buffer, columns.n.buffer, columns.n.buffer]);
  });

  test("share one layout and, for equal strings, ids", () => {
    const { batches } = run(columns);
    expect(new Set(batches.map(({ layout }) => layout)).size).toBe(1);
    const dictionaries = new Set(batches.map((batch) => (batch.columns[1] as { dictionary: unknown }).dictionary));
    expect(dictionaries.size).toBe(1);
  });

  test("strings are numbered once, however often the source runs", () => {
    const source = sourceOf(columns);
    const seen: unknown[][] = [];
    for (let runs = 0; runs < 2; runs += 1) {
      const output: Output<unknown> = { processRecord: () => {}, processWatermark: () => {}, processIdleness: () => {}, processColumns: (batch) => void (seen[runs] ??= []).push(batch.columns[1]) };
      new SourceHarness(source, { output }).drain();
    }
    expect(seen[0]!.every((column, index) => column === seen[1]![index])).toBe(true);
  });

  test("each subtask reads one range", () => {
    const harness = new SourceHarness(sourceOf({ n: columns.n }), { parallelism: 2 });
    expect(harness.drain()).toBe(true);
    const read = [0, 1].map((subtask) => harness.take(subtask).map((line) => (JSON.parse(line) as { n: number }).n));
    expect(read.flat().sort((a, b) => a - b)).toEqual([...columns.n]);
    for (const numbers of read) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(read.map(({ length }) => length)).toEqual([8_192, 1_808]);
  });

  test("a restore goes on behind the last batch", () => {
    const straight = new SourceHarness(sourceOf(columns));
    straight.drain();
    const expected = straight.take();
    for (let cut = 0; cut <= 4; cut += 1) {
      const first = new SourceHarness(sourceOf(columns));
      for (let polls = 0; polls < cut; polls += 1) first.poll();
      const second = new SourceHarness(sourceOf(columns), {}, first.snapshot(1));
      expect(second.drain()).toBe(true);
      expect([...first.take(), ...second.take()]).toEqual(expected);
    }
  });

  test("a restore with shorter columns is refused", () => {
    const first = new SourceHarness(sourceOf(columns));
    first.poll();
    const shorter = sourceOf({ n: columns.n.subarray(0, 5_000), s: columns.s.slice(0, 5_000) });
    expect(() => new SourceHarness(shorter, {}, first.snapshot(1)).drain()).toThrow("the columns have 5000 rows, but the snapshot was taken when they had 10000 or more");
  });

  test("a job that changes an object of its record does not change the array", () => {
    const tags = [["a"], ["b"]];
    const { records } = run({ tags });
    (records[0] as { tags: string[] }).tags.push("more");
    expect(tags).toEqual([["a"], ["b"]]);
  });
});

describe("columns from a function", () => {
  const rows = 10_000;
  const columns = { n: Float64Array.from({ length: rows }, (_, row) => row), s: Array.from({ length: rows }, (_, row) => `s${row % 7}`) };
  const given = new SourceHarness(sourceOf(columns));
  given.drain();
  const expected = given.take();
  /** A source that counts how often it loads. */
  function loaded(load: () => unknown): { readonly source: ColumnSource<Columns>; readonly calls: () => number } {
    let calls = 0;
    const source = sourceOf(function readings() {
      calls += 1;
      return load();
    });
    return { source, calls: () => calls };
  }

  test.each<[string, () => unknown]>([
    ["at once", () => columns],
    ["later", () => Promise.resolve(columns)],
    ["later, from a promise of another make", () => ({ then: (answer: (given: unknown) => void) => Promise.resolve(columns).then(answer) })],
  ])("that come %s are the same, and loaded when they are read", async (_, load) => {
    const { source, calls } = loaded(load);
    const harness = new SourceHarness(source);
    expect([calls(), source.columnNames, source.describe()]).toEqual([0, undefined, "columns from readings"]);
    await harness.drainAsync();
    expect(harness.take()).toEqual(expected);
    expect(calls()).toBe(1);
  });

  test("are loaded once for all subtasks of one place, and each reads one range", async () => {
    const { source, calls } = loaded(() => Promise.resolve(columns));
    const harness = new SourceHarness(source, { parallelism: 4 });
    await harness.drainAsync();
    const read = [0, 1, 2, 3].map((subtask) => harness.take(subtask));
    expect(read.map(({ length }) => length)).toEqual([4_096, 4_096, 1_808, 0]);
    expect(read.flat()).toEqual(expected);
    expect(calls()).toBe(1);
  });

  test("where no subtask reads, nothing is loaded", () => {
    const { source, calls } = loaded(() => columns);
    new SourceHarness(source).close();
    expect(calls()).toBe(0);
  });

  test.each([1, 2])("a restore goes on behind the last batch, whether it was loaded or not, at parallelism %i", async (parallelism) => {
    for (let cut = 0; cut <= 4; cut += 1) {
      const first = new SourceHarness(loaded(() => columns).source, { parallelism });
      for (let polls = 0; polls < cut; polls += 1) for (let subtask = 0; subtask < parallelism; subtask += 1) first.poll(subtask);
      const second = new SourceHarness(loaded(() => Promise.resolve(columns)).source, { parallelism }, first.snapshot(1));
      await second.drainAsync();
      const all = [first, second].flatMap((harness) => harness.output.flat());
      expect(all.sort()).toEqual([...expected].sort());
    }
  });

  test("a snapshot while they are being loaded has all of them still to be read", async () => {
    const { source } = loaded(() => new Promise(() => {}));
    const first = new SourceHarness(source);
    first.drain();
    const second = new SourceHarness(loaded(() => columns).source, {}, first.snapshot(1));
    await second.drainAsync();
    expect(second.take()).toEqual(expected);
  });

  test.each<[string, () => unknown, string]>([
    ["throws", () => { throw new Error("404"); }, '[SOURCE_FAILED] the source "columns from readings" failed: 404'],
    ["rejects", () => Promise.reject(new Error("404")), '[SOURCE_FAILED] the source "columns from readings" failed: 404'],
    ["gives no columns", () => 5, "[INVALID_ARGUMENT] columns are given as an object with an array for each field"],
    ["gives no columns later", () => Promise.resolve({ a: [1], b: [] }), '[INVALID_ARGUMENT] all columns must have equally many rows, but "a" has 1 and "b" 0'],
  ])("fail the job where the function %s, and are loaded anew by the next attempt", async (_, load, message) => {
    let fails = true;
    const { source } = loaded(() => (fails ? load() : columns));
    const failing = new SourceHarness(source).drainAsync();
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.toThrow('operator "source", subtask 1/1');
    fails = false;
    const again = new SourceHarness(source);
    await again.drainAsync();
    expect(again.take()).toEqual(expected);
  });

  test("what comes when nobody reads any more is of no interest", async () => {
    let reject = (_cause: Error): void => {};
    const { source } = loaded(() => new Promise((_resolve, refuse) => (reject = refuse)));
    const harness = new SourceHarness(source);
    harness.drain();
    harness.close();
    reject(new Error("404"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(harness.failure).toBeUndefined();
  });
});

test("an encoder keeps its layout and its ids from batch to batch, and starts over where names change", () => {
  const encoder = new BatchEncoder();
  const encode = (columns: ColumnArrays<object>, timestamps?: Float64Array): ColumnBatch => encoder.encode(columns, timestamps);
  const first = encode({ s: ["x", "y"] }, new Float64Array([1, -Infinity]));
  const second = encode({ s: ["y"] });
  expect([...first.timestamps, ...second.timestamps]).toEqual([1, -Infinity, -Infinity]);
  expect(second.layout).toBe(first.layout);
  expect(second.columns[0]!.values[0]).toBe(first.columns[0]!.values[1]);
  expect(encode({ t: ["y"] }).layout).not.toBe(first.layout);
  expect(encode({ t: Array.from({ length: 9_000 }, () => "z") }).rowAt(8_999)).toEqual({ t: "z" });
  expect(() => encode({ t: ["y"] }, new Float64Array(2))).toThrow("there must be a timestamp for each row, but there are 1 rows and 2 timestamps");
});
