import { COUNT, isInt64, type PlacedAggregate } from "./js-kernel-passes.ts";

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
