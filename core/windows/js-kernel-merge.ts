import { isInt64 } from "../lib/int64.ts";
import { COUNT, type PlacedAggregate, positionOf } from "./js-kernel-passes.ts";
import type { KernelTable } from "./js-kernel-table.ts";

/** Words of panes, as numbers and, where an aggregate has any, as integers. */
export interface Words {
  readonly words: Float64Array;
  readonly ints: BigInt64Array;
}

const INT64_MIN = -(1n << 63n);
const INT64_MAX = (1n << 63n) - 1n;

/** The words of a pane without records, from `at` on. */
export function initialize({ words, ints }: Words, at: number, aggregates: readonly PlacedAggregate[]): void {
  words[at + COUNT] = 0;
  for (const { kind, type, word } of aggregates) {
    const isInt = type === "i64";
    if (isInt) ints[at + word] = kind === "min" ? INT64_MAX : kind === "max" ? INT64_MIN : 0n;
    else words[at + word] = kind === "min" ? Infinity : kind === "max" ? -Infinity : 0;
    if (kind === "spread") words[at + word + 1] = 0;
    // What comes first replaces it.
    if (kind === "first") words[at + word + 1] = NaN;
    if (kind === "last") words[at + word + 1] = -Infinity;
  }
}

/** Adds a later pane, at `from`, to an earlier one, at `to`, both with records. Returns false where a sum of integers leaves the range. */
export function mergePanes(earlier: Words, to: number, later: Words, from: number, aggregates: readonly PlacedAggregate[]): boolean {
  for (const aggregate of aggregates) {
    const merged = aggregate.type === "f64" ? mergeFloats(earlier.words, to, later.words, from, aggregate) : mergeInts(earlier, to, later, from, aggregate);
    if (!merged) return false;
  }
  earlier.words[to + COUNT] = earlier.words[to + COUNT]! + later.words[from + COUNT]!;
  return true;
}

/**
 * Adds the panes of a slice to a sum of earlier ones: panes whose keys the sum has run by run, each aggregate by itself; those of new keys are copied. Returns
 * false where a sum of integers leaves the range. `targets` has room for the slice. Without `contents`, only keys and positions are of use.
 */
export function addSlice(sum: KernelTable, slice: KernelTable, aggregates: readonly PlacedAggregate[], targets: Int32Array, contents: boolean): boolean {
  for (let first = 0; first < slice.count; first += 1) {
    const end = findPanes(sum, slice, targets, first);
    if (contents && first < end && !mergeRun(sum, slice, aggregates, targets, first, end)) return false;
    first = end;
    if (first === slice.count) break;
    copyPane(slice, first * slice.stride, sum, sum.insert(slice.keys[first]!) * sum.stride);
    noteOrder(sum, positionOf(slice.words[first * slice.stride]!));
  }
  return true;
}

function mergeRun(sum: KernelTable, slice: KernelTable, aggregates: readonly PlacedAggregate[], targets: Int32Array, first: number, end: number): boolean {
  for (const aggregate of aggregates) {
    if (aggregate.kind === "sum" && aggregate.type === "f64") addColumn(sum, slice, targets, first, end, aggregate.word);
    else if (!mergeColumn(sum, slice, targets, first, end, aggregate)) return false;
  }
  // Last, since a spread needs the counts before.
  addColumn(sum, slice, targets, first, end, COUNT);
  return true;
}

/** Sets the targets of rows from `first` on for as long as the sum has their keys; returns where that ended. */
function findPanes(sum: KernelTable, slice: KernelTable, targets: Int32Array, first: number): number {
  const { base, direct, stride } = sum;
  const { keys, count } = slice;
  let row = first;
  for (; row < count; row += 1) {
    const place = (keys[row]! - base) >>> 0;
    const found = place < direct.length ? direct[place]! : 0;
    if (found === 0) break;
    targets[row] = (found - 1) * stride;
  }
  if (row === count || 0 < direct.length) return row;
  for (; row < count; row += 1) {
    const found = sum.find(keys[row]!);
    if (found < 0) break;
    targets[row] = found * stride;
  }
  return row;
}

function addColumn(sum: KernelTable, slice: KernelTable, targets: Int32Array, first: number, end: number, word: number): void {
  const { words: earlier } = sum;
  const { words: later, stride } = slice;
  for (let row = first; row < end; row += 1) {
    const target = targets[row]!;
    earlier[target + word] = earlier[target + word]! + later[row * stride + word]!;
  }
}

function mergeColumn(sum: KernelTable, slice: KernelTable, targets: Int32Array, first: number, end: number, aggregate: PlacedAggregate): boolean {
  const isFloat = aggregate.type === "f64";
  for (let row = first; row < end; row += 1) {
    const target = targets[row]!;
    const from = row * slice.stride;
    if (isFloat) mergeFloats(sum.words, target, slice.words, from, aggregate);
    else if (!mergeInts(sum, target, slice, from, aggregate)) return false;
  }
  return true;
}

/** Not number by number: an integer may look like a NaN, whose bits a copied number need not keep. */
export function copyPane(from: KernelTable, fromAt: number, to: KernelTable, toAt: number): void {
  if (from.ints.length === 0) for (let word = 0; word < from.stride; word += 1) to.words[toAt + word] = from.words[fromAt + word]!;
  else for (let word = 0; word < from.stride; word += 1) to.ints[toAt + word] = from.ints[fromAt + word]!;
}

/** A row that was appended to a table keeps it in order where its position is the largest. */
export function noteOrder(table: KernelTable, position: number): void {
  const before = table.count - 2;
  if (0 <= before && position < positionOf(table.words[before * table.stride]!)) table.isInOrder = false;
}

function mergeFloats(earlier: Float64Array, to: number, later: Float64Array, from: number, { kind, word }: PlacedAggregate): true {
  const left = to + word;
  const right = from + word;
  switch (kind) {
    case "sum":
      earlier[left] = earlier[left]! + later[right]!;
      break;
    case "min":
      earlier[left] = Math.min(earlier[left]!, later[right]!);
      break;
    case "max":
      earlier[left] = Math.max(earlier[left]!, later[right]!);
      break;
    case "spread":
      mergeSpread(earlier, to, later, from, word);
      break;
    case "first":
    case "last":
      if (!isReplaced(kind, earlier[left + 1]!, later[right + 1]!)) break;
      earlier[left] = later[right]!;
      earlier[left + 1] = later[right + 1]!;
  }
  return true;
}

/** Chan et al. */
function mergeSpread(earlier: Float64Array, to: number, later: Float64Array, from: number, word: number): void {
  const left = to + word;
  const right = from + word;
  const earlierCount = earlier[to + COUNT]!;
  const laterCount = later[from + COUNT]!;
  const count = earlierCount + laterCount;
  const mean = earlier[left]!;
  const delta = later[right]! - mean;
  earlier[left] = mean + (delta * laterCount) / count;
  earlier[left + 1] = earlier[left + 1]! + later[right + 1]! + (delta * delta * earlierCount * laterCount) / count;
}

function mergeInts(earlier: Words, to: number, later: Words, from: number, { kind, word }: PlacedAggregate): boolean {
  const left = to + word;
  const right = from + word;
  const a = earlier.ints[left]!;
  const b = later.ints[right]!;
  if (kind === "sum") {
    const total = a + b;
    if (!isInt64(total)) return false;
    earlier.ints[left] = total;
  } else if (kind === "min" || kind === "max") {
    if (kind === "min" ? b < a : a < b) earlier.ints[left] = b;
  } else if (kind === "first" || kind === "last") {
    if (!isReplaced(kind, earlier.words[left + 1]!, later.words[right + 1]!)) return true;
    earlier.ints[left] = b;
    earlier.words[left + 1] = later.words[right + 1]!;
  }
  return true;
}

/** Whether the value of the later pane takes the place of the kept one. */
function isReplaced(kind: "first" | "last", kept: number, timestamp: number): boolean {
  return kind === "first" ? timestamp < kept : kept <= timestamp;
}
