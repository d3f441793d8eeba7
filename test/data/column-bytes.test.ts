import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatchCursor } from "../../core/data/batch-cursor.ts";
import { BARRIER, BufferBuilder, BufferReader, DONE, END_OF_INPUT, LAYOUT_COLUMNS, readHeader, RECORD, WATERMARK } from "../../core/data/channel-buffer.ts";
import { ColumnBatch } from "../../core/data/column-batch.ts";
import { ColumnReader } from "../../core/data/column-reader.ts";
import { ColumnWriter } from "../../core/data/column-writer.ts";
import { ByteWriter } from "../../core/lib/bytes.ts";
import { anyValue, batchOf, type Element, elementsOf, selectionOf, throughBuilder, timestamp, valueOfKind } from "./column-batches.ts";

function bytesOf(batch: ColumnBatch, writer = new ColumnWriter({ remembers: true })): Uint8Array {
  writer.append(batch);
  return writer.write(new Uint8Array(0));
}

function readOne(bytes: Uint8Array, reader = new ColumnReader()): ColumnBatch {
  return reader.read(bytes, 0);
}

function addBatch(builder: BufferBuilder, batch: ColumnBatch): void {
  builder.addFrom(new BatchCursor(batch), batch.length);
}

/** Sends one batch through a channel of its own. */
function bufferOf(batch: ColumnBatch): Uint8Array {
  const builder = new BufferBuilder();
  addBatch(builder, batch);
  return builder.finish();
}

function walk(reader: BufferReader): unknown[] {
  const elements: unknown[] = [];
  while (reader.next() !== DONE) {
    if (reader.kind === RECORD) elements.push(["record", reader.value, reader.timestamp]);
    else if (reader.kind === WATERMARK) elements.push(["watermark", reader.watermark]);
    else elements.push([reader.kind]);
  }
  return elements;
}

const records = (...values: readonly unknown[]): Element[] => values.map((value, index) => ["record", value, index]);
const sample = [
  { n: 1.5, i: 7, b: 5n, t: true, s: "x", o: [1], u: undefined },
  { n: NaN, i: -7, b: -5n, t: false, s: "y", o: { p: 2 }, u: 1 },
  { n: -0, i: null, b: 2n ** 63n - 1n, t: true, s: "x", o: null, u: undefined },
];

describe("a batch as bytes", () => {
  test.each<readonly [string, readonly unknown[], readonly string[]]>([
    ["columns of every kind", sample, ["f64", "i32", "i64", "bool", "string", "object", "i32"]],
    ["nulls only", [{ a: null, b: undefined }], ["i32", "i32"]],
    ["integers of 32 bits as such, and −0 not", [{ a: 2 ** 31 - 1, b: -0, c: 2 ** 31 }], ["i32", "f64", "f64"]],
    ["scalars", ["x", null, "y"], ["string"]],
    ["lone surrogates", [{ s: "\ud800" }, { s: "\udc00x" }], ["string"]],
    ["objects without fields", [{}, {}], []],
    ["no rows", [], []],
  ])("brings back %s", (_title, given, kinds) => {
    const back = readOne(bytesOf(batchOf(given)));
    expect(elementsOf(back)).toStrictEqual(records(...given));
    expect(back.columns.map(({ kind }) => kind)).toEqual(kinds);
  });

  test("is read where it lies, unless it lies askew", () => {
    const bytes = bytesOf(batchOf(sample));
    expect(bytes.buffer.byteLength).toBe(bytes.length);
    const back = readOne(bytes);
    for (const column of [back.column("n"), back.column("i"), back.column("b"), back.column("t"), back.column("s")]) {
      expect((column!.values as Float64Array).buffer).toBe(bytes.buffer);
    }
    const askew = new Uint8Array(bytes.length + 3).subarray(3);
    askew.set(bytes);
    expect(elementsOf(readOne(askew))).toStrictEqual(records(...sample));
    const shifted = new Uint8Array(bytes.length + 16);
    shifted.set(bytes, 16);
    expect(elementsOf(readOne(shifted.subarray(16)))).toStrictEqual(records(...sample));
  });

  test("holds its selected rows only", () => {
    const batch = batchOf(sample).select(Int32Array.of(0, 2));
    const back = readOne(bytesOf(batch));
    expect(elementsOf(back)).toStrictEqual(elementsOf(batch));
    expect([back.rowCount, back.selection]).toEqual([2, undefined]);
    expect(elementsOf(readOne(bytesOf(batchOf(sample).select(new Int32Array(0)))))).toEqual([]);
  });

  test("has the same bits for equal values", () => {
    const records = [{ f: NaN, g: null, i: null, b: null, t: null, s: null }, { f: 1, g: 0.5, i: 1, b: 1n, t: true, s: "x" }];
    const odd = batchOf(records);
    const garbage = new Float64Array(1);
    new Uint32Array(garbage.buffer).set([1, 0xfff80000]);
    (odd.column("f")!.values as Float64Array)[0] = garbage[0]!;
    // What stands in rows without value is nobody's business.
    (odd.column("g")!.values as Float64Array)[0] = NaN;
    (odd.column("i")!.values as Float64Array)[0] = 0.5;
    (odd.column("b")!.values as BigInt64Array)[0] = 7n;
    (odd.column("t")!.values as Uint8Array)[0] = 9;
    (odd.column("s")!.values as Int32Array)[0] = 99;
    expect(bytesOf(odd)).toEqual(bytesOf(batchOf(records)));
    expect(elementsOf(odd)).toEqual(elementsOf(batchOf(records)));
    expect(elementsOf(readOne(bytesOf(odd)))).toEqual(elementsOf(odd));
  });

  test("of one layout give objects of one layout", () => {
    const writer = new ColumnWriter({ remembers: true });
    const reader = new ColumnReader();
    const layouts = [1, 2, 3].map((n) => readOne(bytesOf(batchOf([{ n }]), writer), reader).layout);
    expect(new Set(layouts).size).toBe(1);
    expect(readOne(bytesOf(batchOf([{ n: 1, m: 2 }]), writer), reader).layout.names).toEqual(["n", "m"]);
  });
});

describe("the bytes of a buffer", () => {
  const rows = [{ n: 1, s: "x", b: true, f: 0.5, o: [1], a: null }, { n: 2, s: "y", b: false, f: NaN, o: [], a: 7 }, { n: 3, s: "x", b: true, f: -0, o: [2], a: 8 }];

  test("are the same whatever their memory held", () => {
    for (const isColumns of [false, true]) {
      const fill = (builder: BufferBuilder): void => {
        if (isColumns) addBatch(builder, batchOf(rows));
        else for (const row of rows) builder.addRecord(row, 5);
        builder.addBarrier(1, 0);
      };
      const [clean, used] = [new BufferBuilder(), new BufferBuilder()];
      fill(clean);
      fill(used);
      expect(used.finish((byteLength) => new Uint8Array(new ArrayBuffer(4_096), 0, byteLength).fill(0xdb))).toEqual(clean.finish());
    }
  });
});

describe("a session sends each string once", () => {
  const many = Array.from({ length: 100 }, (_, index) => ({ key: `a rather long key ${index % 50}`, index }));

  test("as long as layout and dictionary last", () => {
    const writer = new ColumnWriter({ remembers: true });
    const reader = new ColumnReader();
    const first = bytesOf(batchOf(many), writer);
    const second = bytesOf(batchOf(many), writer);
    expect([first.length - second.length > 900, second.length < 1_650]).toEqual([true, true]);
    const batches = [first, second].map((bytes) => readOne(bytes, reader));
    for (const batch of batches) expect(elementsOf(batch)).toEqual(records(...many));
    const [a, b] = batches.map((batch) => batch.columns[0]!);
    expect(a!.kind === "string" && b!.kind === "string" && a!.dictionary === b!.dictionary).toBe(true);
    const other = bytesOf(batchOf(many.map(({ key }) => ({ key }))), writer);
    const again = bytesOf(batchOf(many), writer);
    expect(readOne(other, reader).rowAt(3)).toEqual({ key: many[3]!.key });
    expect(readOne(again, reader).rowAt(3)).toEqual(many[3]);
  });

  test("and only the strings of rows that are selected", () => {
    const batch = selectionOf(batchOf(many), 1);
    expect(bytesOf(batch).length).toBeLessThan(1_100);
    const back = readOne(bytesOf(batch)).columns[0]!;
    expect(back.kind === "string" && back.dictionary.strings.length).toBe(13);
  });

  test("from however many dictionaries they come", () => {
    const writer = new ColumnWriter({ remembers: true });
    const reader = new ColumnReader();
    const batches = Array.from({ length: 7 }, (_, index) => batchOf([{ s: `s${index}` }, { s: "both" }]));
    for (let turn = 0; turn < 3; turn += 1) {
      for (const batch of batches) expect(elementsOf(readOne(bytesOf(batch, writer), reader))).toEqual(elementsOf(batch));
    }
    const last = readOne(bytesOf(batches[0]!, writer), reader).columns[0]!;
    expect(last.kind === "string" && last.dictionary.strings.length).toBe(8);
  });

  test("begins anew when its dictionary is full", () => {
    const writer = new ColumnWriter({ remembers: true });
    const reader = new ColumnReader();
    const seen = new Set<unknown>();
    for (let start = 0; start < 140_000; start += 1_000) {
      const batch = batchOf(Array.from({ length: 1_000 }, (_, index) => ({ s: `${start + index}` })));
      const back = readOne(bytesOf(batch, writer), reader);
      expect(back.rowAt(999)).toEqual({ s: `${start + 999}` });
      if (back.columns[0]!.kind === "string") seen.add(back.columns[0]!.dictionary);
    }
    expect([...seen].map((dictionary) => (dictionary as { strings: readonly string[] }).strings.length)).toEqual([66_000, 66_000, 8_000]);
  });

  test("goes on after a batch that was refused or dropped", () => {
    const writer = new ColumnWriter({ remembers: true });
    const reader = new ColumnReader();
    const send = (batch: ColumnBatch): void => expect(elementsOf(readOne(bytesOf(batch, writer), reader))).toEqual(elementsOf(batch));
    send(batchOf([{ s: "a", o: [] }]));
    expect(() => writer.append(batchOf([{ s: "b", o: [() => 1] }]))).toThrow("$.o[0]");
    send(batchOf([{ s: "b", o: [] }]));
    writer.append(batchOf([{ s: "c", o: [] }]));
    writer.drop();
    send(batchOf([{ s: "c", o: [] }, { s: "a", o: [] }]));
  });

  test("unless it remembers nothing: then batches can be read by themselves, in any order", () => {
    const writer = new ColumnWriter({ remembers: false });
    const stored = [0, 1, 2].map((n) => bytesOf(batchOf([{ s: "x" }, { s: `y${n}` }]), writer));
    const reader = new ColumnReader();
    for (const index of [2, 0, 0, 1]) expect(readOne(stored[index]!, reader).rowAt(1)).toEqual({ s: `y${index}` });
    expect(readOne(stored[1]!).rowAt(0)).toEqual({ s: "x" });
  });

  test("and finds that bytes of it are missing, or come twice", () => {
    const writer = new ColumnWriter({ remembers: true });
    const [first, second, third] = ["a", "b", "c"].map((s) => bytesOf(batchOf([{ s }]), writer));
    const reader = new ColumnReader();
    readOne(first!, reader);
    expect(() => readOne(third!, reader)).toThrow("a dictionary goes on at string 2");
    expect(() => readOne(second!)).toThrow("CORRUPT_DATA");
  });
});

describe("a channel buffer of columns", () => {
  const stream: readonly Element[] = [
    ["record", { n: 1, s: "x" }, 10],
    ["watermark", 9],
    ["record", { n: 2, s: "y" }, 12],
    ["record", { n: 3, s: "x" }, -Infinity],
    ["watermark", 11],
    ["watermark", 12],
  ];
  const [batch] = throughBuilder(stream, 10).sent as [ColumnBatch];

  test("is walked like one of rows, and has the same header", () => {
    const bytes = bufferOf(batch);
    expect(walk(new BufferReader(bytes))).toStrictEqual(stream);
    const header = readHeader(bytes);
    expect(header).toMatchObject({ layout: LAYOUT_COLUMNS, rowCount: 3, controls: [{ row: 1, watermark: 9 }, { row: 3, watermark: 11 }, { row: 3, watermark: 12 }] });
    expect(header.bodyStart % 8).toBe(0);
    expect(readHeader(bytes.subarray(0, header.bodyStart))).toEqual(header);
  });

  test("gives its batch, cut only by what is no watermark", () => {
    const builder = new BufferBuilder();
    builder.addBarrier(1, 0);
    addBatch(builder, batch.select(Int32Array.of(1, 2)));
    builder.addWatermark(20);
    builder.addEndOfInput();
    expect([builder.isEmpty, builder.rowCount, builder.byteLength > 40]).toEqual([false, 2, true]);
    const reader = new BufferReader(builder.finish());
    expect(reader.takeBatch()).toBeUndefined();
    expect(reader.next()).toBe(BARRIER);
    const taken = reader.takeBatch()!;
    expect(elementsOf(taken)).toEqual([["watermark", 9], ...stream.slice(2), ["watermark", 20]]);
    expect(taken.selection).toBeUndefined();
    expect([reader.takeBatch(), reader.next(), reader.takeBatch(), reader.next()]).toEqual([undefined, END_OF_INPUT, undefined, DONE]);
  });

  test("gathers several batches that look alike, and gives them as one", () => {
    const builder = new BufferBuilder();
    const parts = [[{ n: 1, s: "x", b: 1n, t: true, o: [1] }], [{ n: 0.5, s: "y", b: null, t: false, o: { p: 1 } }, { n: NaN, s: "x", b: -1n, t: true, o: null }], [{ n: null, s: null, b: 2n, t: null, o: [2] }, { n: 3, s: "z", b: 2n, t: false, o: 1 }]];
    for (const [index, part] of parts.entries()) {
      addBatch(builder, batchOf(part));
      builder.addWatermark(index);
    }
    expect([builder.rowCount, builder.takes(batchOf([{ n: 1 }])), builder.takes(batchOf([{ n: "1", s: "x", b: 1n, t: true, o: [1] }])), builder.takes(batchOf(parts[0]!))]).toEqual([5, false, false, true]);
    const taken = new BufferReader(builder.finish()).takeBatch()!;
    expect(taken.columns.map(({ kind }) => kind)).toEqual(["f64", "string", "i64", "bool", "object"]);
    expect(elementsOf(taken).map(([kind, value]) => [kind, value])).toStrictEqual(parts.flatMap((part, index) => [...part.map((row) => ["record", row]), ["watermark", index]]));
  });

  test("takes nothing of several batches back where a later column refuses", () => {
    const builder = new BufferBuilder();
    addBatch(builder, batchOf([{ o: [{ a: 1 }], p: [1] }]));
    expect(() => addBatch(builder, batchOf([{ o: [{ b: 1 }], p: [1] }, { o: [{ c: 1 }], p: [() => 1] }]))).toThrow("$.p[0]");
    addBatch(builder, batchOf([{ o: [{ b: 2, c: 2 }], p: [2] }]));
    expect(walk(new BufferReader(builder.finish()))).toEqual([["record", { o: [{ a: 1 }], p: [1] }, 0], ["record", { o: [{ b: 2, c: 2 }], p: [2] }, 0]]);
  });

  test("cuts between records at most so many, and loses no watermark", () => {
    const cursor = new BatchCursor(batch);
    const builder = new BufferBuilder();
    const back: unknown[] = [];
    const reader = new BufferReader(builder.finish());
    while (!cursor.isDone) {
      builder.addFrom(cursor, 1);
      expect(builder.rowCount).toBe(1);
      reader.reset(builder.finish());
      back.push(...walk(reader));
    }
    expect(back).toStrictEqual(stream);
  });

  test("gives what is left of its batch", () => {
    const reader = new BufferReader(bufferOf(batch));
    reader.next();
    reader.next();
    expect(elementsOf(reader.takeBatch()!)).toEqual(stream.slice(2));
    expect(reader.next()).toBe(DONE);
  });

  test("comes between buffers of rows", () => {
    const builder = new BufferBuilder();
    const reader = new BufferReader(builder.finish());
    for (const [index, element] of [...stream, ...stream].entries()) {
      if (element[0] === "watermark") builder.addWatermark(element[1]);
      else if (index % 2 === 0) builder.addRecord(element[1], element[2]);
      else addBatch(builder, batchOf([element[1]]));
      reader.reset(builder.finish());
      const back = walk(reader) as Element[];
      expect(back.map(([kind, value]) => [kind, value])).toEqual([[element[0], element[1]]]);
    }
  });

  test("is left as it was by a batch that is refused", () => {
    const builder = new BufferBuilder();
    builder.addWatermark(3);
    expect(() => addBatch(builder, batchOf([{ f: [() => 1] }]))).toThrow("$.f[0]");
    builder.addRecord(1, 1);
    expect(() => addBatch(builder, batchOf([1]))).toThrow("look alike");
    expect(walk(new BufferReader(builder.finish()))).toEqual([["watermark", 3], ["record", 1, 1]]);
    addBatch(builder, batchOf([{ s: "a" }]));
    expect(() => builder.addRecord(1, 1)).toThrow("rows or as columns");
    builder.reset();
    addBatch(builder, batchOf([{ s: "a" }]));
    expect(walk(new BufferReader(builder.finish()))).toEqual([["record", { s: "a" }, 0]]);
  });

  test("any stream comes back from a channel, by rows and by batches", () => {
    const record = fc.record({ a: valueOfKind[0], b: fc.option(valueOfKind[4]), c: valueOfKind[2], d: fc.oneof({ weight: 20, arbitrary: valueOfKind[3] }, { weight: 1, arbitrary: anyValue }) });
    const element = fc.oneof<fc.Arbitrary<Element>[]>(fc.tuple(fc.constant("record" as const), record, timestamp), fc.tuple(fc.constant("watermark" as const), timestamp));
    const streams = fc.array(element, { maxLength: 60 });
    fc.assert(
      fc.property(streams, fc.integer({ min: 1, max: 12 }), fc.nat(255), fc.boolean(), (elements, rowsMax, pattern, whole) => {
        const builder = new BufferBuilder();
        const reader = new BufferReader(builder.finish());
        for (const sent of throughBuilder(elements, rowsMax).sent) {
          if (!(sent instanceof ColumnBatch)) continue;
          const selected = selectionOf(sent, pattern);
          addBatch(builder, selected);
          reader.reset(builder.finish());
          const taken = whole ? reader.takeBatch() : undefined;
          // A batch without records is a buffer of watermarks.
          const back = taken === undefined ? walk(reader) : elementsOf(taken);
          expect(back).toStrictEqual(elementsOf(selected));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("damaged columns", () => {
  const builder = new BufferBuilder();
  for (const watermark of [5, 6, 900]) {
    addBatch(builder, batchOf(sample));
    builder.addWatermark(watermark);
  }
  builder.addIdle(false);
  builder.addBarrier(3, 0);
  const bytes = builder.finish();
  const readAll = (damaged: Uint8Array): unknown => walk(new BufferReader(damaged));
  const takeAll = (damaged: Uint8Array): void => {
    const reader = new BufferReader(damaged);
    do {
      const taken = reader.takeBatch();
      if (taken !== undefined) elementsOf(taken);
    } while (reader.next() !== DONE);
  };

  test("every cut and every addition is refused", () => {
    for (let length = 0; length < bytes.length; length += 1) expect(() => readAll(bytes.subarray(0, length))).toThrow("CORRUPT_DATA");
    expect(() => readAll(Uint8Array.of(...bytes, 0))).toThrow("1 bytes are left after the last row");
  });

  test("a dictionary that does not end is refused", () => {
    const reader = new ColumnReader();
    const strings = (first: number, count: number): Uint8Array => {
      const writer = new ByteWriter();
      for (const part of [1, 0, 0, 4, 0, 0, first, count]) writer.varint(part);
      for (let index = 0; index < count; index += 1) writer.string("");
      while (writer.length % 8 !== 0) writer.u8(0);
      return writer.finish();
    };
    expect(readOne(strings(0, 65_536), reader).columns[0]).toMatchObject({ kind: "string" });
    expect(() => readOne(strings(65_536, 1), reader)).toThrow("should have ended");
  });

  test("every change of bytes gives elements or CORRUPT_DATA", () => {
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const damaged = bytes.slice();
        for (const [index, byte] of changes) damaged[index] = byte;
        for (const read of [readAll, takeAll]) {
          try {
            read(damaged);
          } catch (error) {
            expect(error).toMatchObject({ code: "CORRUPT_DATA" });
          }
        }
      }),
      { numRuns: 3_000 },
    );
    // Each byte by itself, with the values that matter most.
    for (let index = 0; index < bytes.length; index += 1) {
      for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
        const damaged = bytes.slice();
        damaged[index] = byte;
        try {
          readAll(damaged);
        } catch (error) {
          expect(error).toMatchObject({ code: "CORRUPT_DATA" });
        }
      }
    }
  });
});
