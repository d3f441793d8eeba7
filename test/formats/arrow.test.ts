import * as flechette from "@uwdata/flechette";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import { ColumnBuilder } from "../../core/data/column-builder.ts";
import { JobError } from "../../core/lib/errors.ts";
import type { Source } from "../../core/connectors/source.ts";
import { collectSink, columnsOf, StreamExecutionEnvironment, WatermarkStrategy } from "../../core/index.ts";
import {
  ArrowBatches,
  arrowBytes,
  ArrowCollector,
  type ArrowData,
  type ArrowOptions,
  type ArrowOrigin,
  arrowSource,
  arrowTable,
} from "../../formats/arrow/index.ts";
import { SourceHarness } from "../connectors/source-harness.ts";
import { batchOf, selectionOf } from "../data/column-batches.ts";

function rowsOf(data: ArrowData, options?: ArrowOptions): unknown[] {
  return rowsIn(new ArrowBatches(data, options));
}

function rowsIn(batches: Iterable<ColumnBatch>): unknown[] {
  const rows: unknown[] = [];
  for (const batch of batches) for (let index = 0; index < batch.length; index += 1) rows.push(batch.rowAt(batch.rowOf(index)));
  return rows;
}

/** A column of Arrow as IPC bytes, in record batches of ten rows. */
function bytesOf(values: readonly unknown[], type: flechette.DataType): Uint8Array {
  return flechette.tableToIPC(flechette.tableFromArrays({ x: values as never }, { types: { x: type }, maxBatchRows: 10 }), { format: "stream" })!;
}

const times = [0, 1, 978_307_380_000, -1];
const KINDS: readonly { name: string; type: () => flechette.DataType; values: readonly unknown[]; kind: string; read?: readonly unknown[] }[] = [
  { name: "float64", type: flechette.float64, values: [1.5, -0, NaN, Infinity], kind: "f64" },
  { name: "float32", type: flechette.float32, values: [1.5, -0, 0.25], kind: "f64" },
  { name: "float16", type: flechette.float16, values: [1.5, 0.25, 3], kind: "f64" },
  { name: "int8", type: flechette.int8, values: [-128, 0, 127], kind: "i32" },
  { name: "uint8", type: flechette.uint8, values: [0, 255], kind: "i32" },
  { name: "int16", type: flechette.int16, values: [-(2 ** 15), 2 ** 15 - 1], kind: "i32" },
  { name: "uint16", type: flechette.uint16, values: [0, 2 ** 16 - 1], kind: "i32" },
  { name: "int32", type: flechette.int32, values: [-(2 ** 31), 2 ** 31 - 1], kind: "i32" },
  { name: "uint32", type: flechette.uint32, values: [0, 2 ** 32 - 1], kind: "f64" },
  { name: "int64", type: flechette.int64, values: [-(2n ** 63n), 2n ** 63n - 1n, 0n], kind: "i64" },
  { name: "uint64", type: flechette.uint64, values: [0n, 2n ** 63n - 1n], kind: "i64" },
  { name: "uint64 beyond int64", type: flechette.uint64, values: [2n ** 64n - 1n], kind: "object" },
  { name: "bool", type: flechette.bool, values: [true, false, true, true, false, false, true, false, true], kind: "bool" },
  { name: "utf8", type: flechette.utf8, values: ["", "a", "é😀", "a"], kind: "string" },
  { name: "large utf8", type: flechette.largeUtf8, values: ["", "a", "é😀", "a"], kind: "string" },
  { name: "dictionary", type: () => flechette.dictionary(flechette.utf8()), values: ["b", "a", "b"], kind: "string" },
  { name: "dictionary of 8 bits", type: () => flechette.dictionary(flechette.utf8(), flechette.int8()), values: ["b", "a"], kind: "string" },
  { name: "dictionary of u16", type: () => flechette.dictionary(flechette.utf8(), flechette.uint16()), values: ["b", "a"], kind: "string" },
  { name: "dictionary of u32", type: () => flechette.dictionary(flechette.utf8(), flechette.uint32()), values: ["b", "a"], kind: "string" },
  { name: "dictionary of numbers", type: () => flechette.dictionary(flechette.float64()), values: [2, 1, 2], kind: "object" },
  { name: "date, days", type: flechette.dateDay, values: [0, 86_400_000, -86_400_000], kind: "f64" },
  { name: "date, ms", type: flechette.dateMillisecond, values: [0, 86_400_000], kind: "f64" },
  { name: "timestamp, s", type: () => flechette.timestamp(flechette.TimeUnit.SECOND), values: [0, 978_307_380_000], kind: "f64" },
  { name: "timestamp, ms", type: () => flechette.timestamp(flechette.TimeUnit.MILLISECOND), values: times, kind: "f64" },
  { name: "timestamp, µs", type: () => flechette.timestamp(flechette.TimeUnit.MICROSECOND), values: times, kind: "f64" },
  { name: "timestamp, ns", type: () => flechette.timestamp(flechette.TimeUnit.NANOSECOND), values: times, kind: "f64" },
  { name: "time, s", type: flechette.timeSecond, values: [0, 86_399], kind: "i32" },
  { name: "time, ns", type: flechette.timeNanosecond, values: [0n, 86_399n * 10n ** 9n], kind: "i64" },
  { name: "duration", type: flechette.duration, values: [0n, -5n], kind: "i64" },
  { name: "decimal", type: () => flechette.decimal(9, 2), values: [1.25, -0.5], kind: "f64" },
  { name: "list", type: () => flechette.list(flechette.utf8()), values: [["a"], [], ["b", "c"]], kind: "object" },
  { name: "struct", type: () => flechette.struct({ y: flechette.int32() }), values: [{ y: 1 }, { y: 2 }], kind: "object" },
  { name: "null", type: flechette.nullType, values: [null, null], kind: "object" },
];

describe("reads", () => {
  test.each(KINDS)("$name into a column of kind $kind", ({ type, values, kind, read = values }) => {
    const batches = [...new ArrowBatches(bytesOf(values, type()))];
    expect(batches.map((batch) => batch.columns[0]!.kind)).toEqual([kind]);
    expect(rowsIn(batches)).toEqual(read.map((x) => ({ x })));
  });

  test.each(KINDS)("$name with nulls, over several record batches", ({ type, values, read = values }) => {
    const many = (some: readonly unknown[]): unknown[] => Array.from({ length: 67 }, (_, row) => (row % 3 === 1 ? null : some[row % some.length]));
    expect(rowsOf(bytesOf(many(values), type()))).toEqual(many(read).map((x) => ({ x })));
  });

  test("chosen columns, in the order they are chosen", () => {
    const table = flechette.tableFromArrays({ a: [1, 2], b: ["x", "y"], c: [true, false] });
    const batches = new ArrowBatches(table, { columns: ["c", "a"] });
    expect(batches.layout.names).toEqual(["c", "a"]);
    expect(rowsIn(batches)).toEqual([{ c: true, a: 1 }, { c: false, a: 2 }]);
  });

  test("int64 as numbers where that is asked for", () => {
    const values = [1n, null, -(2n ** 53n) + 1n];
    expect(rowsOf(bytesOf(values, flechette.int64()), { int64: "number" })).toEqual([{ x: 1 }, { x: null }, { x: -(2 ** 53) + 1 }]);
  });

  test("an IPC stream in parts, a file, and bytes that lie askew", () => {
    const table = flechette.tableFromArrays({ x: [1.5, 2.5], y: [1n, 2n] });
    const expected = [{ x: 1.5, y: 1n }, { x: 2.5, y: 2n }];
    const stream = flechette.tableToIPC(table, { format: "stream" })!;
    const askew = new Uint8Array(stream.length + 3);
    askew.set(stream, 3);
    const forms: ArrowData[] = [table, stream, [stream], askew.subarray(3), flechette.tableToIPC(table, { format: "file" })!, stream.slice().buffer];
    for (const form of forms) expect(rowsOf(form)).toEqual(expected);
  });

  test.each([flechette.int32(), flechette.int64()])("a dictionary with a string twice and a null in it has one id for a string", (width) => {
    const type = flechette.dictionary(flechette.utf8(), width);
    const strings = flechette.columnFromValues<string>(["a", "b", "a", null], type.dictionary);
    const numbers = width.bitWidth === 64 ? [0n, 1n, 2n, 3n, 2n] : [0, 1, 2, 3, 2];
    const indices = flechette.columnFromValues<unknown>(numbers, width).data[0]!;
    const Batch = flechette.batchType(type, {}) as new (parts: object) => flechette.Batch<string> & { setDictionary(strings: unknown): flechette.Batch<string> };
    const batch = new Batch({ length: 5, nullCount: 0, type, values: indices.values }).setDictionary(strings);
    const [read] = [...new ArrowBatches(flechette.tableFromColumns({ x: new flechette.Column([batch], type) }))];
    expect(rowsIn([read!])).toEqual(["a", "b", "a", null, "a"].map((x) => ({ x })));
    expect([...(read!.columns[0]!.values as Int32Array)].filter((_, row) => row !== 3)).toEqual([0, 1, 0, 0]);
  });

  test("every position of a table that has many batches", () => {
    const values = Array.from({ length: 10_000 }, (_, row) => (row % 5 === 0 ? null : row));
    const batches = new ArrowBatches(flechette.tableFromArrays({ x: values as number[] }, { maxBatchRows: 4_200 }));
    expect(batches.rowCount).toBe(10_000);
    expect([...batches].map(({ rowCount }) => rowCount)).toEqual([4_096, 104, 4_096, 104, 1_600]);
    for (let row = 0; row < 10_000; row += 277) expect(batches.batchAt(row)!.rowAt(0)).toEqual({ x: values[row] });
    expect(batches.batchAt(10_000)).toBeUndefined();
  });

  test("strings that hardly repeat end as they are, without a dictionary that grows for ever", () => {
    const values = Array.from({ length: 70_000 }, (_, row) => `row ${row}`);
    const kinds = new Set<string>();
    let row = 0;
    for (const batch of new ArrowBatches(bytesOf(values, flechette.utf8()))) {
      kinds.add(batch.columns[0]!.kind);
      expect(batch.rowAt(0)).toEqual({ x: values[row] });
      row += batch.rowCount;
    }
    expect([row, [...kinds]]).toEqual([70_000, ["string", "object"]]);
  });
});

describe("shares memory where the layouts agree", () => {
  test("reading", () => {
    const table = flechette.tableFromIPC(
      flechette.tableToIPC(
        flechette.tableFromArrays(
          { f64: [1.5, null, 3], i32: [1, null, 3], i64: [1n, null, 3n], text: ["a", null, "b"] },
          { types: { f64: flechette.float64(), i32: flechette.int32(), i64: flechette.int64(), text: flechette.dictionary(flechette.utf8()) } },
        ),
        { format: "stream" },
      )!,
    );
    const [batch] = [...new ArrowBatches(table)];
    for (const name of ["f64", "i32", "i64", "text"]) {
      const { values, validity } = batch!.column(name)!;
      const arrow = table.getChild(name).data[0]!;
      expect((values as Float64Array).buffer === arrow.values.buffer, name).toBe(true);
      expect(validity!.buffer === arrow.validity.buffer, name).toBe(true);
    }
  });

  test("writing", () => {
    const batch = batchOf([
      { f64: 1.5, i64: 1n, text: "a" },
      { f64: null, i64: null, text: null },
      { f64: 3, i64: 3n, text: "b" },
    ]);
    const table = arrowTable([batch]);
    for (const name of ["f64", "i64", "text"]) {
      const { values, validity } = batch.column(name)!;
      const arrow = table.getChild(name).data[0]!;
      expect((values as Float64Array).buffer === arrow.values.buffer, name).toBe(true);
      expect(validity!.buffer === arrow.validity.buffer, name).toBe(true);
    }
  });
});

const scalar = fc.oneof(fc.double(), fc.constantFrom(NaN, -0, 5e-324));
const values = {
  f64: fc.option(scalar),
  i64: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  bool: fc.option(fc.boolean()),
  text: fc.option(fc.string({ unit: "grapheme", maxLength: 3 })),
  list: fc.option(fc.array(fc.string({ unit: "grapheme-ascii", maxLength: 2 }), { maxLength: 2 })),
};

test("what is written is read again, by any batches and selections, as a stream and as a file", () => {
  fc.assert(
    fc.property(fc.array(fc.record(values), { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 255 }), (records, rows, pattern) => {
      const batches: ColumnBatch[] = [];
      const builder = new ColumnBuilder(rows);
      for (const record of records) {
        expect(builder.add({ ...record }, 0)).toBe(true);
        if (builder.isFull) batches.push(builder.finish());
      }
      if (!builder.isEmpty) batches.push(builder.finish());
      const selected = batches.map((batch, index) => (index % 2 === 0 ? batch : selectionOf(batch, pattern)));
      const expected = rowsIn(selected);
      if (expected.length === 0) return;
      expect(rowsOf(arrowBytes(selected))).toEqual(expected);
      expect(rowsOf(arrowBytes(selected, { format: "file" }))).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});

describe("writes", () => {
  test("numbers that are 32-bit integers in one batch and doubles in another as doubles", () => {
    const [one] = [...new ArrowBatches(bytesOf([1, 2], flechette.int32()))];
    expect(rowsOf(arrowBytes([one!, batchOf([{ x: 0.5 }])]))).toEqual([{ x: 1 }, { x: 2 }, { x: 0.5 }]);
    expect(rowsOf(arrowBytes([one!]))).toEqual([{ x: 1 }, { x: 2 }]);
  });

  test("scalars as one column, and timestamps as another", () => {
    const builder = new ColumnBuilder(4);
    builder.add("a", 5);
    builder.add("b", -Infinity);
    expect(rowsOf(arrowTable([builder.finish()], { timestamps: "at" }))).toEqual([{ value: "a", at: 5 }, { value: "b", at: null }]);
  });

  test("fields in another order, undefined as null, dates as ms", () => {
    const batches = [batchOf([{ a: 1, b: new Date(5) }]), batchOf([{ b: undefined, a: 2 }])];
    expect(rowsOf(arrowBytes(batches))).toEqual([{ a: 1, b: 5 }, { a: 2, b: null }]);
  });

  test("nothing at all", () => {
    expect(arrowTable([]).numRows).toBe(0);
    expect(rowsOf(arrowTable([]))).toEqual([]);
  });
});

describe("refuses", () => {
  const cutFile = (end: number): Uint8Array => flechette.tableToIPC(flechette.tableFromArrays({ x: [1, 2] }), { format: "file" })!.slice(0, end);
  const cases: readonly (readonly [string, () => unknown, string, string])[] = [
    ["no Arrow", () => new ArrowBatches(new TextEncoder().encode("no arrow at all, but long enough")), "MALFORMED_RECORD", "no Arrow IPC"],
    ["no bytes", () => new ArrowBatches(new Uint8Array(0)), "MALFORMED_RECORD", "no Arrow IPC stream or file: there are none"],
    ["no parts", () => arrowSource([]), "MALFORMED_RECORD", "there are none"],
    ["a file that was cut", () => new ArrowBatches(cutFile(-1)), "MALFORMED_RECORD", "the footer is missing: is the file complete?"],
    ["a file of which hardly anything is there", () => new ArrowBatches(cutFile(7)), "MALFORMED_RECORD", "the footer is missing: is the file complete?"],
    ["something else", () => new ArrowBatches("x" as never), "INVALID_ARGUMENT", 'but got "x"'],
    ["a column that is not there", () => new ArrowBatches(bytesOf([1], flechette.int8()), { columns: ["y"] }), "INVALID_ARGUMENT", 'no column "y"; it has x'],
    ["an option", () => new ArrowBatches(bytesOf([1], flechette.int8()), { column: ["x"] } as never), "UNKNOWN_OPTION", 'no option "column": did you mean "columns"?'],
    ["a column twice", () => new ArrowBatches(bytesOf([1], flechette.int8()), { columns: ["x", "x"] }), "INVALID_ARGUMENT", 'the column "x" stands twice'],
    [
      "int64 beyond numbers",
      () => rowsOf(bytesOf([1n, 2n ** 60n], flechette.int64()), { int64: "number" }),
      "MALFORMED_RECORD",
      'column "x", row 1 of its record batch: 1152921504606846976 is beyond',
    ],
    ["several types", () => arrowTable([batchOf([{ x: 1 }]), batchOf([{ x: "a" }])]), "NOT_SERIALIZABLE", 'the field "x" holds numbers and strings'],
    ["other fields", () => arrowTable([batchOf([{ x: 1 }]), batchOf([{ y: 1 }])]), "NOT_SERIALIZABLE", "records have x, and then y"],
    ["a map", () => arrowTable([batchOf([{ x: new Map() }])]), "NOT_SERIALIZABLE", "no type in Arrow"],
    ["lists of several types", () => arrowTable([batchOf([{ x: [1, "a"] }])]), "NOT_SERIALIZABLE", "several types"],
    ["a bigint beyond 64 bits", () => arrowTable([batchOf([{ x: 2n ** 70n }])]), "NOT_SERIALIZABLE", "does not fit 64 bits"],
    ["a name for timestamps that is taken", () => arrowTable([batchOf([{ x: 1 }])], { timestamps: "x" }), "INVALID_ARGUMENT", 'a field "x" already'],
  ];
  test.each(cases)("%s", (_name, call, code, message) => {
    let thrown: unknown;
    try {
      call();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(JobError);
    expect((thrown as JobError).code).toBe(code);
    expect((thrown as JobError).message).toContain(message);
  });
});

test("objects of one row are nobody else's: not of other rows, and not of the data", () => {
  const kinds: readonly (readonly [type: flechette.DataType, value: unknown])[] = [
    [flechette.list(flechette.float64()), [1, 2]],
    [flechette.binary(), Uint8Array.of(1, 2)],
    [flechette.dictionary(flechette.struct({ 0: flechette.float64() }) as never), { 0: 1 }],
  ];
  for (const [type, value] of kinds) {
    const table = flechette.tableFromArrays({ x: [value, value] as never }, { types: { x: type } });
    const before = JSON.stringify(rowsOf(table));
    const [first, second] = rowsOf(table) as { readonly x: Record<string, number> }[];
    first!.x[0] = 99;
    expect(second!.x[0]).toBe(1);
    expect(JSON.stringify(rowsOf(table))).toBe(before);
  }
});

describe("what is damaged is malformed, and no row has values of others or none", () => {
  const damaged: readonly [name: string, type: flechette.DataType, values: readonly unknown[], damage: (batch: Record<string, unknown>) => void][] = [
    ["a text that begins before the bytes", flechette.utf8(), ["a", "b"], (batch) => ((batch["offsets"] as Int32Array)[1] = -1)],
    ["a text that ends behind the bytes", flechette.utf8(), ["a", "b"], (batch) => ((batch["offsets"] as Int32Array)[2] = 2 ** 30)],
    ["too few texts", flechette.utf8(), ["a", "b"], (batch) => (batch["offsets"] = Int32Array.of(0, 1))],
    ["too few numbers", flechette.float64(), [1, 2], (batch) => (batch["values"] = Float64Array.of(1))],
    ["too few integers", flechette.int64(), [1n, 2n], (batch) => (batch["values"] = BigInt64Array.of(1n))],
    ["too few bits", flechette.bool(), [true, false], (batch) => (batch["values"] = new Uint8Array(0))],
    ["too few indices", flechette.dictionary(flechette.utf8()), ["a", "b"], (batch) => (batch["values"] = Int32Array.of(0))],
    ["too few bits of validity", flechette.float64(), Array.from({ length: 10 }, (_, row) => (row === 3 ? null : row)), (batch) => (batch["validity"] = Uint8Array.of(0))],
  ];
  test.each(damaged)("%s", (_name, type, values, damage) => {
    const table = flechette.tableFromIPC(bytesOf(values, type), { useBigInt: true });
    expect(rowsOf(table)).toEqual(values.map((x) => ({ x })));
    damage(table.children[0]!.data[0] as unknown as Record<string, unknown>);
    expect(() => rowsOf(table)).toThrow(/MALFORMED_RECORD.*column "x".*the Arrow data is damaged/);
  });
});

describe("as a source and a sink", () => {
  interface Row {
    readonly time: number;
    readonly room: string | null;
  }
  const rows: readonly Row[] = Array.from({ length: 10_000 }, (_, row) => ({ time: row, room: row % 4 === 0 ? null : `room ${row % 7}` }));
  const table = flechette.tableFromArrays({ time: rows.map(({ time }) => time), room: rows.map(({ room }) => room) }, { types: { time: flechette.float64(), room: flechette.utf8() } });

  async function collected(origin: ArrowOrigin): Promise<unknown[]> {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const results: unknown[] = [];
    env.fromSource(arrowSource<Row>(origin), WatermarkStrategy.noWatermarks(), "rows").sinkTo(collectSink<Row>(results as Row[]));
    await env.execute();
    return results;
  }

  test("a table, bytes, and bytes that come later", async () => {
    const bytes = flechette.tableToIPC(table, { format: "stream" })!;
    for (const origin of [table, bytes, () => bytes, () => Promise.resolve(bytes)]) expect(await collected(origin)).toEqual(rows);
  });

  test("what cannot be loaded fails the job and says why", async () => {
    await expect(collected(() => Promise.reject(new Error("no network")))).rejects.toThrow("no network");
    await expect(collected(() => new Uint8Array(64).fill(7))).rejects.toThrow("no Arrow IPC");
  });

  test("a restore goes on at the exact row, of the same data only", () => {
    const source = arrowSource<Row>(table);
    const first = new SourceHarness(source as Source<Row, unknown, unknown>);
    while (first.output[0]!.length === 0) first.poll();
    const before = first.take();
    const snapshot = first.snapshot(1);
    first.close();
    const second = new SourceHarness(arrowSource<Row>(table) as Source<Row, unknown, unknown>, {}, snapshot);
    second.drain();
    expect([...before, ...second.take()]).toEqual(rows.map((row) => JSON.stringify(row)));
    second.close();
    const shorter = arrowSource<Row>(flechette.tableFromArrays({ time: [1], room: ["a"] }));
    const third = new SourceHarness(shorter as Source<Row, unknown, unknown>, {}, snapshot);
    expect(() => third.drain()).toThrow("the Arrow data has 1 rows, but 4096 had been read");
  });

  test.each([2, 255, 256, 5_000])("a collector takes %i records as columns, and holds them when their arrays change", async (count) => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const columns = {
      at: Float64Array.from({ length: count }, (_, index) => index / 2),
      id: Int32Array.from({ length: count }, (_, index) => index),
      big: BigInt64Array.from(Array.from({ length: count }, (_, index) => BigInt(index) << 40n)),
      room: Array.from({ length: count }, (_, index) => (index % 3 === 0 ? null : `room ${index % 7}`)),
      isOpen: Array.from({ length: count }, (_, index) => index % 2 === 0),
    };
    const expected = Array.from(columns.id, (id) => ({ at: id / 2, id, big: BigInt(id) << 40n, room: columns.room[id], isOpen: columns.isOpen[id] }));
    const [all, odd] = [new ArrowCollector<object>(), new ArrowCollector<object>()];
    const stream = env.fromColumns(columns);
    stream.sinkTo(all).name("all");
    stream.filter(columnsOf<{ isOpen: boolean }>()("isOpen").eq(false) as never).sinkTo(odd).name("odd");
    expect(env.explain()).not.toContain("rows from here on");
    await env.execute();
    columns.at.fill(-1);
    columns.id.fill(-1);
    expect(rowsOf(all.toBytes())).toEqual(expected);
    expect(rowsOf(odd.toBytes())).toEqual(expected.filter(({ isOpen }) => !isOpen));
  });

  test("a collector holds every record, whatever its layout does, with its timestamps", async () => {
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const records = [{ a: 1, b: "x" }, { a: 2.5, b: null }, { a: null, b: "y" }, { b: "z", a: 4 }];
    const collector = new ArrowCollector<{ a: number | null; b: string | null }>();
    const strategy = WatermarkStrategy.forMonotonousTimestamps<{ a: number | null }>().withTimestampAssigner((record) => record.a ?? 3);
    env.fromCollection(records).assignTimestampsAndWatermarks(strategy).sinkTo(collector);
    await env.execute();
    const expected = records.map(({ a, b }) => ({ a, b }));
    expect(rowsOf(collector.toBytes({ format: "file" }))).toEqual(expected);
    expect(rowsOf(collector.toTable({ timestamps: "at" }))).toEqual([1, 2, 3, 4].map((at, index) => ({ ...expected[index]!, at })));
  });
});
