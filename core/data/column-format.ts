import type { ColumnKind } from "./column.ts";

/**
 * A batch as bytes, in layout `columns`. Everything lies in one array of bytes; the positions count from its start, where the
 * header of a channel buffer may stand.
 *
 *     description
 *       version                   a byte
 *       row count                 varint
 *       names                     varint: 0 for scalars, else their count + 1; the names, strings
 *       for each column
 *         kind, flags             a byte each
 *         of strings              dictionary: generation, first id, count of the strings that follow (varints); strings
 *         of objects              varint: bytes of its values
 *     sections                    each begins at a multiple of 8, zeros before it
 *       timestamps                f64 a row
 *       for each column
 *         validity                a bit a row, where the flags say so
 *         values                  8 (f64, i64), 4 (i32; ids of strings) or 1 (booleans) bytes a row; objects: one session of the
 *                                 self-describing form
 *
 * Numbers are little-endian, so that a reader looks at the sections where they lie. A column of numbers whose values all are
 * integers of 32 bits is written as i32. NaN always has the same bits, and so has a row without value: zeros.
 *
 * Dictionaries belong to a session, a writer and the reader of all its bytes in order: only strings that are new in their
 * generation are written. A generation that begins (first id 0) is readable by itself. What is to be stored is written by
 * writers without memory, whose every batch begins new generations.
 */
export const COLUMNS_VERSION = 1;

/** The place of a kind in this list is part of the format: new ones go to its end. */
export const COLUMN_KINDS: readonly ColumnKind[] = ["f64", "i32", "i64", "bool", "string", "object"];

export const FLAG_VALIDITY = 1;
/** Rows without value held undefined, not null. */
export const FLAG_UNDEFINED = 2;
export const FLAGS_END = 4;

/** Sections begin at multiples of this. */
export const ALIGNMENT = 8;

export function aligned(position: number): number {
  return Math.ceil(position / ALIGNMENT) * ALIGNMENT;
}

/** Bytes that one value takes; 0 where that is not fixed. */
export function bytesOfKind(kind: ColumnKind): number {
  switch (kind) {
    case "f64":
    case "i64":
      return 8;
    case "i32":
    case "string":
      return 4;
    case "bool":
      return 1;
    case "object":
      return 0;
  }
}
