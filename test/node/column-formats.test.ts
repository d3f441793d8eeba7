import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JobError } from "../../core/lib/errors.ts";
import { csvColumns, type CsvColumnsOptions, type CsvValues } from "../../node/files/csv-columns.ts";
import { CsvFormat } from "../../node/files/csv-format.ts";
import { type FileFormat, FileSource } from "../../node/files/file-source.ts";
import { jsonLinesColumns } from "../../node/files/json-lines-columns.ts";
import { JsonLinesFormat } from "../../node/files/json-lines-format.ts";
import { numberIn } from "../../node/files/number-text.ts";
import { timestampIn } from "../../node/files/timestamp-text.ts";
import { readSource, type SourceRead } from "../connectors/source-read.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tamias-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(content: string): string {
  const path = join(folder, "input");
  writeFileSync(path, content);
  return path;
}

function read<T>(format: FileFormat<T>, path: string, killEvery?: number): Promise<SourceRead> {
  return readSource(() => new FileSource(format, [path]), killEvery);
}

async function failureOf<T extends object>(format: FileFormat<T>, path: string): Promise<JobError> {
  return await read(format, path).then(
    () => {
      throw new Error("nothing failed");
    },
    (cause: unknown) => cause as JobError,
  );
}

const asText = (...names: string[]): CsvColumnsOptions<CsvValues> => ({ types: Object.fromEntries(names.map((name) => [name, "string" as const])) });

describe("numbers", () => {
  const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(`x${text}y`);
  const parsed = (text: string): number => numberIn(bytesOf(text), 1, bytesOf(text).length - 1);

  test("are those of JSON, bit for bit", () => {
    fc.assert(fc.property(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), fc.maxSafeInteger(), fc.float({ noNaN: true, noDefaultInfinity: true })), (value) => {
      for (const text of [JSON.stringify(value), value.toExponential(), value.toFixed(3)]) {
        if (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) expect(parsed(text)).toBe(Number(text));
      }
    }));
    expect(parsed("-0")).toBe(-0);
    expect(parsed("123456789012345678901234567890")).toBe(123456789012345678901234567890);
    expect(parsed("0.1234567890123456789")).toBe(0.1234567890123456789);
  });

  test.each(["", "-", "007", "+1", ".5", "1.", "1.e5", "1e", "1e+", "1_000", "0x10", "NaN", "Infinity", " 1", "1 ", "1,5", "--1", "1.5.2"])("%j is none", (text) => {
    expect(parsed(text)).toBeNaN();
  });
});

describe("timestamps", () => {
  const parsed = (text: string): number => {
    const bytes = new TextEncoder().encode(`1${text}1`);
    return timestampIn(bytes, 1, bytes.length - 1);
  };

  test("are those of Date, and in UTC where no zone is written", () => {
    fc.assert(fc.property(fc.date({ noInvalidDate: true, min: new Date("0000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z") }), (date) => {
      const text = date.toISOString();
      expect(parsed(text)).toBe(date.getTime());
      expect(parsed(text.slice(0, 23))).toBe(date.getTime());
      expect(parsed(text.slice(0, 19).replace("T", " "))).toBe(date.setUTCMilliseconds(0));
      expect(parsed(`${text.slice(0, 16)}+05:30`)).toBe(date.setUTCSeconds(0) - 19_800_000);
      expect(parsed(text.slice(0, 10))).toBe(date.setUTCHours(0, 0));
    }));
    expect(parsed("2001-05-31T06:00:00.1239Z")).toBe(Date.parse("2001-05-31T06:00:00.123Z"));
    expect(parsed("2001-05-31T06:00:00.5-01:00")).toBe(Date.parse("2001-05-31T07:00:00.500Z"));
    expect(parsed("2000-02-29")).toBe(Date.parse("2000-02-29"));
  });

  test.each([
    "", "2001", "2001-05", "20010531", "2001-02-29", "1900-02-29", "2001-00-01", "2001-13-01", "2001-04-31", "2001-04-00", "2001-05-31T", "2001-05-31T06", "2001-05-31T06:0", "2001-05-31T24:00",
    "2001-05-31T06:60", "2001-05-31T06:00:60", "2001-05-31T06:00:00.", "2001-05-31T06:00:00.Z", "2001-05-31t06:00", "2001-05-31T06:00z", "2001-05-31T06:00ZZ", "2001-05-31T06:00+02", "2001-05-31T06:00+0200",
    "2001-05-31T06:00+24:00", "2001-05-31T06:00:", "2001-05-31Z", " 2001-05-31", "2001-05-31 ", "+2001-05-31", "991180800000",
  ])("%j is none", (text) => {
    expect(parsed(text)).toBeNaN();
  });
});

describe("CSV", () => {
  test("an integer that a number does not hold is a name", async () => {
    const { records } = await read(csvColumns(), file("id,n\n1788888888888888889,1.5\n1788888888888888891,12E5\n"));
    expect(records).toEqual([{ id: "1788888888888888889", n: 1.5 }, { id: "1788888888888888891", n: 12e5 }]);
    const late = Array.from({ length: 200 }, (_, row) => row).join("\n");
    expect((await read(csvColumns(), file(`id\n${late}\n1788888888888888889\n`))).records.at(-1)).toEqual({ id: "1788888888888888889" });
    expect((await read(csvColumns({ types: { id: "number" } }), file("id\n1788888888888888889\n"))).records).toEqual([{ id: 1788888888888888800 }]);
  });

  test("the first rows say what the columns hold", async () => {
    const { records, kinds } = await read(csvColumns(), file("a,b,c,d\n1,x,true,\n-2.5,,false,\n,y,,\n"));
    expect(records).toEqual([
      { a: 1, b: "x", c: true, d: null },
      { a: -2.5, b: "", c: false, d: null },
      { a: null, b: "y", c: null, d: null },
    ]);
    expect(kinds).toEqual([["f64", "string", "bool", "f64"]]);
  });

  test("a value that does not fit later stays as it is written, in any batch", async () => {
    const rows = Array.from({ length: 3_000 }, (_, row) => (row === 1_500 ? "n/a,yes" : `${row},true`));
    const { records, sizes, kinds } = await read(csvColumns(), file(`n,b\n${rows.join("\n")}\n`));
    expect(records).toEqual(rows.map((_, row) => (row === 1_500 ? { n: "n/a", b: "yes" } : { n: row, b: true })));
    expect(sizes).toEqual([1_024, 1_024, 952]);
    expect(kinds).toEqual([["f64", "bool"], ["object", "object"], ["object", "object"]]);
  });

  test("declared columns hold what is declared, or say so", async () => {
    const path = file("zip,count\n007,1\n1,\n");
    expect((await read(csvColumns({ types: { zip: "string", count: "number" } }), path)).records).toEqual([{ zip: "007", count: 1 }, { zip: "1", count: null }]);
    const failure = await failureOf(csvColumns({ types: { zip: "number" } }), path);
    expect(failure.code).toBe("MALFORMED_RECORD");
    expect(failure.reason).toContain(`${path}, line 2: the column "zip" must hold numbers, but here it holds "007"`);
  });

  test("a column without values in the first rows is null until its first value, which says what it holds", async () => {
    const rows = Array.from({ length: 3_000 }, (_, row) => (row < 2_000 ? `${row},,,` : row % 2 === 0 ? `${row},${row},true,x${row % 3}` : `${row},,,`));
    const expected = rows.map((_, row) => (row < 2_000 || row % 2 === 1 ? { row, n: null, b: null, s: null } : { row, n: row, b: true, s: `x${row % 3}` }));
    const path = file(`row,n,b,s\n${rows.join("\n")}\n`);
    const { records, kinds } = await read(csvColumns(), path);
    expect(records).toEqual(expected);
    expect(kinds).toEqual([["f64", "f64", "f64", "f64"], ["f64", "f64", "bool", "string"], ["f64", "f64", "bool", "string"]]);
    expect((await read(csvColumns(), path, 1)).records).toEqual(expected);
    // Of a row that is refused nothing is learned.
    const refused = file(`row,n\n${Array.from({ length: 200 }, (_, row) => `${row},`).join("\n")}\n1,text,2\nword,text\n7,"1"\n8,\n`);
    const format = csvColumns({ types: { row: "number" }, onMalformed: () => undefined });
    expect((await read(format, refused)).records.slice(-2)).toEqual([{ row: 7, n: 1 }, { row: 8, n: null }]);
  });

  test("timestamps are written in ISO 8601, and are numbers", async () => {
    const path = file("at,n\n2001-05-31T06:00:00Z,1\n,2\n2001-05-31 08:00+02:00,3\n");
    const at = Date.parse("2001-05-31T06:00:00Z");
    const { records, kinds } = await read(csvColumns<{ at: number; n: number }>({ types: { at: "timestamp" } }), path);
    expect(records).toEqual([{ at, n: 1 }, { at: null, n: 2 }, { at, n: 3 }]);
    expect(kinds).toEqual([["f64", "f64"]]);
    const failure = await failureOf(csvColumns({ types: { n: "timestamp" } }), path);
    expect([failure.code, failure.reason]).toEqual(["MALFORMED_RECORD", expect.stringContaining(`${path}, line 2: the column "n" must hold timestamps in ISO 8601, but here it holds "1"`)]);
  });

  test("some columns, in another order, without a header", async () => {
    const format = csvColumns({ columns: ["a", "b", "c"], select: ["c", "a"], delimiter: ";" });
    expect((await read(format, file("1;2;3\r\n4;5;6\r\n"))).records).toEqual([{ c: 3, a: 1 }, { c: 6, a: 4 }]);
  });

  test("quotes, line feeds within them, a byte order mark", async () => {
    const path = file('\uFEFF"a ""1""",b\n"x,1","2"\n"line\nfeed",""\nplain,3\n');
    expect((await read(csvColumns(), path)).records).toEqual([
      { 'a "1"': "x,1", b: 2 },
      { 'a "1"': "line\nfeed", b: null },
      { 'a "1"': "plain", b: 3 },
    ]);
  });

  test("a row with a wrong count of fields is malformed, or what onMalformed makes of it", async () => {
    const path = file("a,b\n1,2\n3\n4,5,6\n7,8\n");
    expect((await failureOf(csvColumns(), path)).reason).toContain(`${path}, line 3: 1 fields where there should be 2 (a, b)`);
    const lines: string[] = [];
    const format = csvColumns<{ a: number; b: number }>({
      onMalformed: (line, lineNumber) => {
        lines.push(`${lineNumber}: ${line}`);
        return lineNumber === 4 ? { a: 0, b: 0 } : undefined;
      },
    });
    expect((await read(format, path)).records).toEqual([{ a: 1, b: 2 }, { a: 0, b: 0 }, { a: 7, b: 8 }]);
    expect(lines).toEqual(["3: 3", "4: 4,5,6"]);
  });

  test("a restore anywhere goes on at the exact row, and knows what the first rows said", async () => {
    const rows = Array.from({ length: 9_000 }, (_, row) => `${row < 200 ? row : "late"},${row % 7}`);
    const path = file(`n,d\n${rows.join("\n")}\n`);
    const whole = await read(csvColumns(), path);
    expect((await read(csvColumns(), path, 2)).records).toEqual(whole.records);
    expect((await read(csvColumns(), path, 1)).records).toEqual(whole.records);
    expect(whole.records).toHaveLength(9_000);
  });

  test("reads what CsvFormat reads", async () => {
    const cell = fc.oneof(fc.constantFrom("", "1", "a", '"', '""', ",", "\n", '"a"', '"a,b"', '"a\nb"', '"a""b"', "é"), fc.string({ maxLength: 3 }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 12 }), async (rows) => {
        const path = file(`a,b\n${rows.map((row) => row.join(",")).join("\n")}`);
        const kept: string[] = [];
        const onMalformed = (line: string): undefined => void kept.push(line);
        const expected = await read(new CsvFormat({ onMalformed }), path);
        const keptByRows = kept.splice(0);
        const { records } = await read(csvColumns({ ...asText("a", "b"), onMalformed }), path);
        expect(records).toEqual(expected.records);
        expect(kept).toEqual(keptByRows);
      }),
      { numRuns: 150 },
    );
  });

  test.each<[string, () => unknown, string]>([
    ["a wrong type", () => csvColumns({ types: { a: "date" as never } }), 'the type of "a" is "date"'],
    ["a selection twice", () => csvColumns({ select: ["a", "a"] }), 'the column "a" is selected twice'],
    ["a column that is not there", () => csvColumns({ columns: ["a"], select: ["b"] }), 'the CSV has no column "b"; it has a'],
    ["a delimiter", () => csvColumns({ delimiter: ",," }), "one ASCII character"],
    ["an option that is misspelt", () => csvColumns({ type: {} } as never), '[UNKNOWN_OPTION] csvColumns has no option "type": did you mean "types"?'],
    ["an option that is not there", () => csvColumns({ header: false } as never), "it has delimiter, columns, types, select, lineBytesMax, onMalformed"],
    ["a list of types", () => csvColumns({ types: ["a"] as never }), '[INVALID_ARGUMENT] csvColumns: types is an object such as { name: "number" }, not a list'],
    ["a list of fields", () => jsonLinesColumns({ fields: ["a"] as never }), 'jsonLinesColumns: fields is an object such as { name: "number" }, not a list'],
    ["a word for fields", () => jsonLinesColumns({ fields: "a" as never }), 'fields is an object such as { name: "number" }, not "a"'],
    ["an option of JSON lines", () => jsonLinesColumns({ types: {} } as never), '[UNKNOWN_OPTION] jsonLinesColumns has no option "types": it has fields, lineBytesMax, onMalformed'],
    ["a wrong type of JSON lines", () => jsonLinesColumns({ fields: { a: "date" as never } }), '[INVALID_ARGUMENT] a field of JSON lines is a number, string, boolean, timestamp or any, but "a" is "date"'],
  ])("refuses %s", (_name, call, message) => {
    expect(call).toThrow(message);
  });

  test.each(["constructor", "toString", "__proto__"])("a column may have the name %s", async (name) => {
    const path = file(`${name},b\n7,1\n8,2\n`);
    const typed = await read(csvColumns(), path);
    expect(typed.records.map((each) => Object.entries(each as object))).toEqual([[[name, 7], ["b", 1]], [[name, 8], ["b", 2]]]);
    const { records } = await read(new CsvFormat(), path);
    expect(records.map((each) => Object.entries(each as object))).toEqual([[[name, "7"], ["b", "1"]], [[name, "8"], ["b", "2"]]]);
  });

  test("a restore before the first rows have said what the columns hold", async () => {
    const format = csvColumns({ onMalformed: (line) => ({ a: line, b: null }) });
    const path = file("a,b\nbad\n1,x\n2,y\n");
    const { records } = await read(format, path);
    expect(records).toEqual([{ a: "bad", b: null }, { a: 1, b: "x" }, { a: 2, b: "y" }]);
    expect((await read(format, path, 1)).records).toEqual(records);
  });

  test("refuses a column that the header does not have", async () => {
    const path = file("a,delay\n1,2\n");
    const failure = await failureOf(csvColumns({ types: { b: "number" } }), path);
    expect([failure.code, failure.reason]).toEqual(["INVALID_ARGUMENT", `${path}: the CSV has no column "b"; it has a, delay`]);
    const misspelt = await failureOf(csvColumns({ select: ["dealy"] }), path);
    expect([misspelt.code, misspelt.reason]).toEqual(["INVALID_ARGUMENT", `${path}: the CSV has no column "dealy"; it has a, delay. Did you mean "delay"?`]);
  });
});

describe("JSON lines", () => {
  test("each kind of column, nulls, nested values, escapes and white space", async () => {
    const lines = [
      '{"n":1,"t":"a","b":true,"o":null,"x":[1]}',
      '{"n":-0.5e3,"t":"é\\n\\u0041","b":false,"o":null,"x":{"y":"z"}}',
      ' { "n" : null , "t" : null , "b" : null , "o" : 7 , "x" : "s" } \r',
      "",
      '{"n":12345678901234567890,"t":"","b":true,"o":8,"x":null}',
    ];
    const { records, kinds } = await read(jsonLinesColumns(), file(`${lines.join("\n")}\n`));
    expect(records).toEqual(lines.filter((line) => line !== "").map((line) => JSON.parse(line) as unknown));
    expect(kinds).toEqual([["f64", "string", "bool", "f64", "object"]]);
  });

  test("declared fields: others are passed over, missing ones are null, wrong ones malformed", async () => {
    const format = jsonLinesColumns<{ b: number | null; a: string | null }>({ fields: { b: "number", a: "string" } });
    const path = file('{"a":"x","z":"\\"","b":1}\n{"a":"y","z":{},"b":2}\n{"b":3}\n{"b":null,"a":null}\n{"b":4}\n');
    expect((await read(format, path)).records).toEqual([{ b: 1, a: "x" }, { b: 2, a: "y" }, { b: 3, a: null }, { b: null, a: null }, { b: 4, a: null }]);
    const failure = await failureOf(jsonLinesColumns<{ a: number }>({ fields: { a: "number" } }), path);
    expect(failure.reason).toContain(`${path}, line 1: the field "a" must be a number, but is "x"`);
  });

  test("a declared field that is missing is null, however many others the line has instead", async () => {
    const lines = ['{"k":"a","temp":20}', '{"k":"a","hum":1}', '{"k":"a","hum":2}', '{"k":"a","hum":3}', '{"temp":4,"k":"b"}', '{"hum":1,"wind":2}', '{"hum":1,"wind":2}'];
    const format = jsonLinesColumns<{ k: string; temp: number }>({ fields: { k: "string", temp: "number" } });
    const rows: readonly (readonly [string | null, number | null])[] = [["a", 20], ["a", null], ["a", null], ["a", null], ["b", 4], [null, null], [null, null]];
    expect((await read(format, file(lines.join("\n")))).records).toEqual(rows.map(([k, temp]) => ({ k, temp })));
  });

  test("gives what JSON.parse gives of the declared fields, whatever else is written or missing", async () => {
    const kinds = { n: "number", s: "string", b: "boolean", x: "any" } as const;
    const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
    const text = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('"', "\\", "\n", "é", "\u0000"));
    const any = fc.oneof(number, text, fc.boolean(), fc.constant(null), fc.array(fc.integer(), { maxLength: 2 }), fc.constant({ n: 1 }));
    const valueOf = { n: fc.option(number), s: fc.option(text), b: fc.option(fc.boolean()), x: any, extra: any, other: any, "e\"s": any };
    type Name = keyof typeof valueOf;
    // A few shapes that come again and again, since only lines that are written like the one before are scanned.
    const shape = fc.shuffledSubarray(Object.keys(valueOf) as Name[]);
    const line = (names: readonly Name[]) => fc.tuple(...names.map((name) => valueOf[name] as fc.Arbitrary<unknown>)).map((values) => names.map((name, at) => [name, values[at]] as const));
    const lines = fc.array(shape, { minLength: 1, maxLength: 4 }).chain((shapes) => fc.array(fc.constantFrom(...shapes).chain((names) => fc.array(line(names), { minLength: 1, maxLength: 4 })), { maxLength: 8 }));
    const written = (entries: readonly (readonly [string, unknown])[], gap: string): string =>
      `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${gap}${JSON.stringify(value)}`).join(`,${gap}`)}}`;
    await fc.assert(
      fc.asyncProperty(lines, fc.constantFrom("", " "), async (runs, gap) => {
        const path = file(runs.flat().map((entries) => written(entries, gap)).join("\n"));
        const parsed = (await read(new JsonLinesFormat<Record<string, unknown>>(), path)).records as Record<string, unknown>[];
        const expected = parsed.map((record) => Object.keys(kinds).map((name) => (Object.hasOwn(record, name) ? record[name] : null)));
        const declared = (await read(jsonLinesColumns({ fields: kinds }), path)).records as Record<string, unknown>[];
        expect(declared.map((record) => Object.keys(kinds).map((name) => record[name]))).toEqual(expected);
        expect((await read(jsonLinesColumns(), path)).records).toEqual(parsed);
      }),
      { numRuns: 100 },
    );
  });

  test("declared timestamps are text in ISO 8601, and become numbers", async () => {
    const format = jsonLinesColumns<{ at: number | null }>({ fields: { at: "timestamp" } });
    const path = file('{"at":"2001-05-31T06:00:00Z"}\n{"at":"2001-05-31T06:00:00.5Z"}\n{"at":"2001\\u002d05-31"}\n{"at":null}\n{}\n{"at":"2001-05-31"}\n');
    const day = Date.parse("2001-05-31");
    expect((await read(format, path)).records).toEqual([{ at: day + 21_600_000 }, { at: day + 21_600_500 }, { at: day }, { at: null }, { at: null }, { at: day }]);
    for (const [value, shown] of [["991180800000", "991180800000"], ['"yesterday"', '"yesterday"'], ["true", "true"]]) {
      const failure = await failureOf(format, file(`{"at":"2001-05-31"}\n{"at":${value}}\n`));
      expect([failure.code, failure.reason]).toEqual(["MALFORMED_RECORD", expect.stringContaining(`line 2: the field "at" must be a time as text in ISO 8601, but is ${shown}`)]);
    }
  });

  test.each(["constructor", "toString", "__proto__"])("a declared field with the name %s may be missing", async (name) => {
    const format = jsonLinesColumns({ fields: { [name]: "any", b: "number" } });
    const { records } = await read(format, file(`{"b":1}\n{"b":2,"${name}":5}\n`));
    expect(records.map((each) => Object.entries(each as object))).toEqual([[[name, null], ["b", 1]], [[name, 5], ["b", 2]]]);
  });

  test("lines with other fields go by rows for a while, in their place", async () => {
    const lines = Array.from({ length: 200 }, (_, row) => (row === 50 ? '{"b":1}' : `{"a":${row}}`));
    const { records, sizes } = await read(jsonLinesColumns(), file(`${lines.join("\n")}\n`));
    expect(records).toEqual(lines.map((line) => JSON.parse(line) as unknown));
    expect(sizes).toEqual([50, ...Array.from({ length: 16 }, () => 1), 134]);
  });

  test.each<[string, string]>([
    ['{"a":1}\n{"a":\n', "line 2: not JSON: "],
    ['{"a":1}\n{"a":1}x\n', "line 2: not JSON: "],
    ['{"a":1}\n{"a":01}\n', "line 2: not JSON: "],
    ['{"a":1}\n{"a":tru}\n', "line 2: not JSON: "],
    ['{"a":1}\n[1]\n', "line 2: a line must be a JSON object"],
    ["5\n", "line 1: a line must be a JSON object"],
  ])("%j is malformed", async (content, message) => {
    const path = file(content);
    const failure = await failureOf(jsonLinesColumns(), path);
    expect(failure.code).toBe("MALFORMED_RECORD");
    expect(failure.reason).toContain(`${path}, ${message}`);
  });

  test("reads what JsonLinesFormat reads, whatever is written, and after any restore", async () => {
    const value = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null), fc.string({ maxLength: 4 }), fc.array(fc.integer(), { maxLength: 2 }));
    const record = fc.oneof(
      { weight: 5, arbitrary: fc.record({ a: value, b: fc.integer(), c: fc.string({ unit: "grapheme", maxLength: 3 }) }, { noNullPrototype: true }) },
      { weight: 1, arbitrary: fc.dictionary(fc.constantFrom("a", "b", "c", "__proto__", "1"), value, { noNullPrototype: true }) },
    );
    const space = fc.constantFrom("", " ", "\t");
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 60 }), space, fc.integer({ min: 1, max: 9 }), async (records, gap, killEvery) => {
        const written = records.map((each) => `{${Object.entries(each).map(([name, held]) => `${JSON.stringify(name)}:${gap}${JSON.stringify(held)}`).join(`${gap},`)}}`);
        const path = file(written.join("\n"));
        const expected = await read(new JsonLinesFormat(), path);
        const whole = await read(jsonLinesColumns(), path);
        expect(whole.records).toEqual(expected.records);
        expect(whole.records.map((each) => JSON.stringify(each))).toEqual(expected.records.map((each) => JSON.stringify(each)));
        expect((await read(jsonLinesColumns(), path, killEvery)).records).toEqual(expected.records);
      }),
      { numRuns: 100 },
    );
  });

  test("a file much larger than a chunk, with lines across chunks", async () => {
    const lines = Array.from({ length: 30_000 }, (_, row) => JSON.stringify({ row, text: `line ${row % 100} äöü` }));
    const { records, sizes } = await read(jsonLinesColumns(), file(lines.join("\n")));
    expect(records).toEqual(lines.map((line) => JSON.parse(line) as unknown));
    expect(sizes.length).toBeLessThan(50);
  });
});
