import fc from "fast-check";
import type { ColumnBatch } from "../../core/data/column-batch.ts";
import { ColumnBuilder } from "../../core/data/column-builder.ts";

/** One element of a stream, as tests write it. */
export type Element = readonly ["record", unknown, number] | readonly ["watermark", number];

/** What a batch means. */
export function elementsOf(batch: ColumnBatch): Element[] {
  const elements: Element[] = [];
  batch.forEach(
    (row) => elements.push(["record", batch.rowAt(row), batch.timestamps[row]!]),
    (watermark) => elements.push(["watermark", watermark]),
  );
  return elements;
}

/** What a step that makes batches sends: batches, and between them what went by rows. */
export function throughBuilder(elements: readonly Element[], rowsMax: number): { sent: (ColumnBatch | Element)[]; builder: ColumnBuilder } {
  const builder = new ColumnBuilder(rowsMax);
  const sent: (ColumnBatch | Element)[] = [];
  const flush = (): void => {
    if (!builder.isEmpty) sent.push(builder.finish());
  };
  for (const element of elements) {
    if (element[0] === "watermark") {
      if (builder.isEmpty) sent.push(element);
      else builder.addWatermark(element[1]);
    } else if (!builder.add(element[1], element[2])) {
      flush();
      sent.push(element);
    } else if (builder.isFull) {
      flush();
    }
  }
  flush();
  return { sent, builder };
}

/** A batch of records that fit one layout. */
export function batchOf(records: readonly unknown[]): ColumnBatch {
  const builder = new ColumnBuilder(Math.max(1, records.length));
  for (const [index, record] of records.entries()) {
    if (!builder.add(record, index)) throw new Error(`record ${index} does not fit: ${builder.fallback}`);
  }
  return builder.finish();
}

/** Some rows of a batch: those whose bit in the pattern is set, over and over. */
export function selectionOf(batch: ColumnBatch, pattern: number): ColumnBatch {
  const rows: number[] = [];
  for (let row = 0; row < batch.rowCount; row += 1) if (((pattern >> (row % 8)) & 1) === 1) rows.push(row);
  return batch.select(Int32Array.from(rows));
}

const absent = fc.constantFrom(null, undefined);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const number = fc.oneof(fc.double(), fc.integer({ min: -3, max: 3 }), fc.constantFrom(NaN, -0, 0, Infinity, 2 ** 31, -(2 ** 31), 5e-324));

/** Values of one kind: most of them fit a column. */
export const valueOfKind = [
  number,
  fc.integer({ min: -5, max: 5 }),
  int64,
  fc.boolean(),
  fc.oneof(fc.constantFrom("", "a", "b", "ab", "\ud800", "é"), fc.string()),
  fc.array(fc.integer(), { maxLength: 2 }),
] as const;

/** Values that columns may refuse: of any kind. */
export const anyValue = fc.oneof(...valueOfKind, absent, fc.bigInt(), fc.date(), fc.record({ nested: fc.integer() }));

export const timestamp = fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.constantFrom(-Infinity, -0, 0.5, 1e15));
