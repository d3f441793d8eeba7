import type { ByteReader, ByteWriter } from "../lib/bytes.ts";

/** What the first time of a sequence is relative to. */
export const NO_PREVIOUS = 0;

/** A double of its own follows. */
const VERBATIM = 0;
const NEGATIVE_INFINITY = 1;
const POSITIVE_INFINITY = 2;
/** From here on: the zigzag difference to the time before. */
const FIRST_DIFFERENCE = 3;
/** Differences below this, in either direction, keep the code within 31 bits: fast to write and to read. 12 days in ms. */
const DIFFERENCE_END = 2 ** 30 - 2;

/**
 * A timestamp or watermark, relative to the one before that was a safe integer: one to three bytes where they lie close
 * together. Any double can be written.
 */
export function writeTime(writer: ByteWriter, time: number, previous: number): void {
  const difference = time - previous;
  if (Math.abs(difference) < DIFFERENCE_END && (difference | 0) === difference && isSum(time, previous, difference)) {
    writer.varint(((difference << 1) ^ (difference >> 31)) + FIRST_DIFFERENCE);
  } else if (time === Number.NEGATIVE_INFINITY) {
    writer.u8(NEGATIVE_INFINITY);
  } else if (time === Number.POSITIVE_INFINITY) {
    writer.u8(POSITIVE_INFINITY);
  } else {
    writer.u8(VERBATIM);
    writer.f64(time);
  }
}

/** Not so for a small fraction, which the subtraction rounded away, and for −0, which equals 0 but is another number. */
function isSum(time: number, previous: number, difference: number): boolean {
  return previous + difference === time && (time !== 0 || 0 < 1 / time);
}

export function readTime(reader: ByteReader, previous: number): number {
  const code = reader.varint();
  if (FIRST_DIFFERENCE <= code) {
    const folded = code - FIRST_DIFFERENCE;
    return previous + ((folded >>> 1) ^ -(folded & 1));
  }
  if (code === NEGATIVE_INFINITY) return Number.NEGATIVE_INFINITY;
  if (code === POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  return reader.f64();
}
