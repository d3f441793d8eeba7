import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BasicType, parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, describe, expect, test } from "vitest";
import type { Source } from "../../core/connectors/source.ts";
import type { JobError } from "../../core/lib/errors.ts";
import { type ParquetBuffer, type ParquetOptions, parquetSource } from "../../formats/parquet/index.ts";
import { parquetFileSource } from "../../node/files/parquet-file-source.ts";
import { SourceHarness } from "../connectors/source-harness.ts";
import { readSource, type SourceRead } from "../connectors/source-read.ts";

const folder = mkdtempSync(join(tmpdir(), "parquet-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function read(source: unknown, killEvery?: number): Promise<SourceRead> {
  const all = await readSource(() => source, killEvery);
  expect(all.kinds, "Parquet comes in columns only").toHaveLength(all.sizes.length);
  return all;
}

async function failureOf(source: unknown): Promise<JobError> {
  return await read(source).then(
    () => {
      throw new Error("nothing failed");
    },
    (cause: unknown) => cause as JobError,
  );
}

interface Written {
  readonly name: string;
  readonly data: unknown[];
  readonly type?: BasicType;
}

function parquet(columns: readonly Written[], rowGroupSize = 100_000): ArrayBuffer {
  return parquetWriteBuffer({ columnData: columns as never, rowGroupSize, codec: "SNAPPY" });
}

function sourceOf(buffer: ParquetBuffer, options?: ParquetOptions): unknown {
  return parquetSource([{ name: "test", open: () => buffer }], options);
}

const time = new Date("2001-01-31T09:05:00Z");

describe("reads", () => {
  const cases: readonly { name: string; type?: BasicType; data: unknown[]; kind: string; read?: unknown[]; options?: ParquetOptions }[] = [
    { name: "doubles", type: "DOUBLE", data: [1.5, -0, NaN], kind: "f64" },
    { name: "floats", type: "FLOAT", data: [1.5, 0.25], kind: "f64" },
    // Dictionary-encoded pages are decoded to plain arrays, and then to doubles.
    { name: "32-bit integers", type: "INT32", data: [-(2 ** 31), 2 ** 31 - 1], kind: "f64" },
    { name: "64-bit integers", type: "INT64", data: [-(2n ** 63n), 2n ** 63n - 1n], kind: "i64" },
    { name: "64-bit integers as numbers", type: "INT64", data: [1n, -(2n ** 53n) + 1n], kind: "f64", read: [1, -(2 ** 53) + 1], options: { int64: "number" } },
    { name: "booleans", type: "BOOLEAN", data: [true, false], kind: "bool" },
    { name: "strings", type: "STRING", data: ["", "a", "é😀", "a"], kind: "string" },
    { name: "timestamps", type: "TIMESTAMP", data: [time, new Date(0)], kind: "f64", read: [time.getTime(), 0] },
    { name: "UUIDs", type: "UUID", data: ["00000000-0000-0000-0000-000000000001"], kind: "string" },
    { name: "JSON", type: "JSON", data: [{ a: [1] }, { a: [] }], kind: "object" },
  ];

  test.each(cases)("$name", async ({ name, type, data, kind, read: expected = data, options }) => {
    const { records, kinds } = await read(sourceOf(parquet([{ name, data, ...(type === undefined ? {} : { type }) }]), options));
    expect(records).toEqual(expected.map((value) => ({ [name]: value })));
    expect(kinds).toEqual([[kind]]);
  });

  test.each(cases)("$name with nulls", async ({ name, type, data, read: expected = data, options }) => {
    const many = (values: readonly unknown[]): unknown[] => Array.from({ length: 40 }, (_, row) => (row % 3 === 1 ? null : values[row % values.length]));
    const { records } = await read(sourceOf(parquet([{ name, data: many(data), ...(type === undefined ? {} : { type }) }]), options));
    expect(records).toEqual(many(expected).map((value) => ({ [name]: value })));
  });

  test("timestamps within structs are numbers, that of the epoch too", async () => {
    const schema = [
      { name: "root", num_children: 1 },
      { name: "s", repetition_type: "OPTIONAL", num_children: 1 },
      { name: "t", type: "INT64", converted_type: "TIMESTAMP_MILLIS", repetition_type: "OPTIONAL" },
    ];
    const data = [{ t: new Date(0) }, { t: time }, { t: null }];
    const { records } = await read(sourceOf(parquetWriteBuffer({ columnData: [{ name: "s", data }], schema: schema as never })));
    expect(records).toEqual([{ s: { t: 0 } }, { s: { t: time.getTime() } }, { s: { t: null } }]);
  });

  test("objects of one row are not those of another, though they are equal", async () => {
    const data = Array.from({ length: 40 }, () => ({ a: [1] }));
    const { records } = await read(sourceOf(parquet([{ name: "x", data, type: "JSON" }])));
    (records as { readonly x: { readonly a: number[] } }[])[0]!.x.a.push(2);
    expect(records[1]).toEqual({ x: { a: [1] } });
  });

  test("several row groups, chosen columns, after a restore from any batch", async () => {
    const rows = 20_000;
    const row = Array.from({ length: rows }, (_, index) => index);
    const columns: Written[] = [
      { name: "row", data: row, type: "INT32" },
      { name: "text", data: row.map((index) => `text ${index % 50}`), type: "STRING" },
      { name: "unread", data: row.map(() => 0.5), type: "DOUBLE" },
    ];
    const buffer = parquet(columns, 6_000);
    const options = { columns: ["text", "row"] };
    const expected = row.map((index) => ({ text: `text ${index % 50}`, row: index }));
    const whole = await read(sourceOf(buffer, options));
    expect(whole.records).toEqual(expected);
    expect(whole.sizes).toEqual([4_096, 1_904, 4_096, 1_904, 4_096, 1_904, 2_000]);
    expect((await read(sourceOf(buffer, options), 1)).records).toEqual(expected);
    expect((await read(sourceOf(buffer, options), 3)).records).toEqual(expected);
  });

  test("files of a folder, one after another", async () => {
    for (const name of ["b", "a"]) writeFileSync(join(folder, `${name}.parquet`), new Uint8Array(parquet([{ name: "x", data: [name], type: "STRING" }])));
    expect((await read(parquetFileSource(join(folder, "*.parquet")))).records).toEqual([{ x: "a" }, { x: "b" }]);
  });
});

describe("says what is wrong", () => {
  const buffer = parquet([{ name: "x", data: [1n, 2n ** 60n], type: "INT64" }]);

  test.each<[string, unknown, string, string]>([
    ["a column that is not there", sourceOf(buffer, { columns: ["y"] }), "INVALID_ARGUMENT", 'the Parquet file "test" has no column "y"; it has x'],
    ["integers beyond numbers", sourceOf(buffer, { int64: "number" }), "MALFORMED_RECORD", 'column "x", row 2: 1152921504606846976 is beyond'],
    ["bytes that are no Parquet", sourceOf(new ArrayBuffer(100)), "SOURCE_FAILED", 'cannot read the Parquet file "test": '],
    ["a file that is not there", parquetFileSource(join(folder, "none.parquet")), "INVALID_ARGUMENT", "there is no file"],
  ])("%s", async (_name, source, code, message) => {
    const failure = await failureOf(source);
    expect(failure.code).toBe(code);
    expect(failure.reason).toContain(message);
  });

  test("a column chosen twice, and no file at all", () => {
    expect(() => sourceOf(buffer, { columns: ["x", "x"] })).toThrow('the column "x" is chosen twice');
    expect(() => parquetSource([])).toThrow("needs a file at least");
    expect(() => parquetFileSource([])).toThrow("needs the path");
  });

  test("a file that has become shorter", async () => {
    const rows = Array.from({ length: 9_000 }, (_, row) => row);
    const longer = new SourceHarness(sourceOf(parquet([{ name: "x", data: rows, type: "INT32" }])) as Source<unknown, unknown, unknown>);
    while (longer.output[0]!.length === 0) {
      longer.poll();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const snapshot = longer.snapshot(1);
    longer.close();
    const restored = new SourceHarness(sourceOf(buffer) as Source<unknown, unknown, unknown>, {}, snapshot);
    await expect(restored.drainAsync()).rejects.toThrow('the Parquet file "test" has 2 rows, but 4096 had been read');
    restored.close();
  });
});
