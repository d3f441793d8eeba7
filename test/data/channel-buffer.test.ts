import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ACTIVE,
  BARRIER,
  BufferBuilder,
  BufferReader,
  DONE,
  END_OF_INPUT,
  IDLE,
  readHeader,
  RECORD,
  WATERMARK,
} from "../../core/data/channel-buffer.ts";
import { type Type, types } from "../../core/data/type.ts";

type Element =
  | readonly ["record", unknown, number]
  | readonly ["watermark", number]
  | readonly ["barrier", checkpointId: number, purpose: number]
  | readonly ["idle" | "active" | "end"];

function add(builder: BufferBuilder, element: Element): void {
  if (element[0] === "record") builder.addRecord(element[1], element[2]);
  else if (element[0] === "watermark") builder.addWatermark(element[1]);
  else if (element[0] === "barrier") builder.addBarrier(element[1], element[2]);
  else if (element[0] === "end") builder.addEndOfInput();
  else builder.addIdle(element[0] === "idle");
}

function build(elements: readonly Element[], type?: Type<unknown>): Uint8Array {
  const builder = new BufferBuilder(type);
  for (const element of elements) add(builder, element);
  return builder.finish();
}

function readAll(reader: BufferReader): Element[] {
  const elements: Element[] = [];
  for (;;) {
    const ahead = reader.peek();
    const kind = reader.next();
    expect([ahead, reader.kind]).toEqual([kind, kind]);
    if (kind === DONE) return elements;
    if (kind === RECORD) elements.push(["record", reader.value, reader.timestamp]);
    else if (kind === WATERMARK) elements.push(["watermark", reader.watermark]);
    else if (kind === BARRIER) elements.push(["barrier", reader.checkpointId, reader.purpose]);
    else elements.push([kind === IDLE ? "idle" : kind === ACTIVE ? "active" : "end"]);
  }
}

const sample: readonly Element[] = [
  ["watermark", -Infinity],
  ["record", { a: 1, b: "x" }, 978_307_200_000],
  ["record", { a: 2, b: "y" }, 978_307_200_000],
  ["watermark", 978_307_100_000],
  ["barrier", 7, 2],
  ["record", { a: 3, b: "z" }, 978_307_199_000],
  ["record", "other", -Infinity],
  ["idle"],
  ["active"],
  ["watermark", Infinity],
  ["end"],
];

describe("a buffer", () => {
  test("keeps records and controls in order", () => {
    expect(readAll(new BufferReader(build(sample)))).toStrictEqual(sample);
  });

  test("tells its header without its body", () => {
    const bytes = build(sample);
    const header = readHeader(bytes);
    expect(header).toMatchObject({ layout: 0, rowCount: 4 });
    expect(header.controls).toEqual([
      { row: 0, kind: WATERMARK, watermark: -Infinity },
      { row: 2, kind: WATERMARK, watermark: 978_307_100_000 },
      { row: 2, kind: BARRIER, checkpointId: 7, purpose: 2 },
      { row: 4, kind: IDLE },
      { row: 4, kind: ACTIVE },
      { row: 4, kind: WATERMARK, watermark: Infinity },
      { row: 4, kind: END_OF_INPUT },
    ]);
    expect(readHeader(bytes.subarray(0, header.bodyStart))).toEqual(header);
  });

  test("is empty at first and again after finish", () => {
    const builder = new BufferBuilder();
    expect([builder.isEmpty, builder.rowCount, builder.byteLength]).toEqual([true, 0, 0]);
    expect(readAll(new BufferReader(builder.finish()))).toEqual([]);
    builder.addWatermark(5);
    expect([builder.isEmpty, builder.rowCount]).toEqual([false, 0]);
    builder.addRecord(1, 1);
    expect(builder.rowCount).toBe(1);
    builder.finish();
    expect([builder.isEmpty, builder.rowCount, builder.byteLength]).toEqual([true, 0, 0]);
  });

  test("can be read by itself: builder and reader start over", () => {
    const builder = new BufferBuilder();
    const buffers = [0, 1, 2].map(() => {
      for (const element of sample) add(builder, element);
      return builder.finish();
    });
    expect(buffers[2]).toEqual(buffers[0]);
    const reader = new BufferReader(buffers[0]!);
    for (const bytes of buffers) {
      reader.reset(bytes);
      expect(readAll(reader)).toStrictEqual(sample);
    }
  });

  test("with a type writes no field names", () => {
    const type: Type<unknown> = types.object({ name: types.string, at: types.date });
    const rows = [1, 2].map((time): Element => ["record", { name: `row${time}`, at: new Date(time) }, time]);
    const bytes = build(rows, type);
    expect(readAll(new BufferReader(bytes, type))).toStrictEqual(rows);
    expect(new TextDecoder("latin1").decode(bytes)).not.toContain("name");
  });

  test("is left as it was by a record that is refused", () => {
    const builder = new BufferBuilder();
    expect(() => builder.addRecord({ first: () => 1 }, 5)).toThrow("$.first");
    expect(builder.isEmpty).toBe(true);
    for (const element of sample.slice(0, 3)) add(builder, element);
    expect(() => builder.addRecord({ c: { d: 1 }, f: () => 1 }, 5)).toThrow("$.f");
    for (const element of sample.slice(3)) add(builder, element);
    expect(builder.finish()).toEqual(build(sample));
  });

  test("any elements come back", () => {
    const near = fc.integer({ min: 1_000, max: 1_010 });
    const time = fc.oneof(near, fc.integer(), fc.maxSafeInteger(), fc.double(), fc.constantFrom(1e-20, -0));
    const element = fc.oneof<fc.Arbitrary<Element>[]>(
      fc.tuple(fc.constant("record" as const), fc.oneof(fc.jsonValue(), fc.record({ a: fc.integer(), b: fc.string() })), time),
      fc.tuple(fc.constant("watermark" as const), time),
      fc.tuple(fc.constant("barrier" as const), fc.maxSafeNat(), fc.nat(255)),
      fc.tuple(fc.constantFrom("idle" as const, "active" as const, "end" as const)),
    );
    fc.assert(
      fc.property(fc.array(element, { maxLength: 30 }), (elements) => {
        const back = readAll(new BufferReader(build(elements)));
        expect(back).toEqual(elements);
        for (const [index, before] of elements.entries()) {
          const after = back[index]!;
          const position = before[0] === "record" ? 2 : 1;
          expect(Object.is(after[position], before[position])).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("damaged buffers", () => {
  const bytes = build(sample);

  test("every cut is refused", () => {
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => readAll(new BufferReader(bytes.subarray(0, length)))).toThrow("CORRUPT_DATA");
    }
    expect(() => readAll(new BufferReader(Uint8Array.of(...bytes, 0)))).toThrow("1 bytes are left after the last row");
  });

  test.each([
    [0, "its mark"],
    [1, "version"],
    [2, "layout"],
  ])("byte %d is checked", (index, message) => {
    const damaged = bytes.slice();
    damaged[index] = 0x63;
    expect(() => new BufferReader(damaged)).toThrow(message);
    expect(() => readHeader(damaged)).toThrow(message);
  });

  test("every change of bytes gives elements or CORRUPT_DATA", () => {
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const damaged = bytes.slice();
        for (const [index, byte] of changes) damaged[index] = byte;
        for (const read of [() => readAll(new BufferReader(damaged)), () => readHeader(damaged)]) {
          try {
            read();
          } catch (error) {
            expect(error).toMatchObject({ code: "CORRUPT_DATA" });
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
