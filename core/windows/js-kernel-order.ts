import { positionOf } from "./js-kernel-passes.ts";

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
/** Positions of one window that lie within this of each other are sorted by digits. */
const RANGE_MAX = 2 ** 32;

/** Rows by ascending position: digit by digit, which compares nothing, so it costs the same however the slices of a window overlap in time. */
export function rowsByPosition(words: Float64Array, stride: number, count: number): Int32Array {
  let least = Infinity;
  let most = 0;
  for (let row = 0; row < count; row += 1) {
    const position = positionOf(words[row * stride]!);
    if (position < least) least = position;
    if (most < position) most = position;
  }
  let rows = new Int32Array(count);
  for (let row = 0; row < count; row += 1) rows[row] = row;
  if (RANGE_MAX <= most - least) return rows.sort((a, b) => positionOf(words[a * stride]!) - positionOf(words[b * stride]!));
  const ranks = new Uint32Array(count);
  for (let row = 0; row < count; row += 1) ranks[row] = positionOf(words[row * stride]!) - least;
  let spare = new Int32Array(count);
  for (let shift = 0; shift < 32 && 2 ** shift <= most - least; shift += DIGIT_BITS) {
    sortByDigit(rows, spare, ranks, shift);
    [rows, spare] = [spare, rows];
  }
  return rows;
}

function sortByDigit(from: Int32Array, to: Int32Array, ranks: Uint32Array, shift: number): void {
  const next = new Int32Array(DIGITS + 1);
  for (let index = 0; index < from.length; index += 1) next[((ranks[from[index]!]! >>> shift) & (DIGITS - 1)) + 1]! += 1;
  for (let digit = 1; digit < DIGITS; digit += 1) next[digit]! += next[digit - 1]!;
  for (let index = 0; index < from.length; index += 1) {
    const row = from[index]!;
    const digit = (ranks[row]! >>> shift) & (DIGITS - 1);
    to[next[digit]!] = row;
    next[digit]! += 1;
  }
}
