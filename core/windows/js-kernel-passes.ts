import { isInt64 } from "../lib/int64.ts";
import type { KernelTable } from "./js-kernel-table.ts";
import { DIRECT_KEY_MIN, type KernelAggregateKind, type KernelSpec, type KernelType } from "./kernel.ts";

/** Rows whose panes are known. Each pass goes over all of them for one aggregate, from the first to the last: that is the order of the arithmetic. */
export interface Pass {
  readonly tables: readonly (KernelTable | undefined)[];
  readonly spans: Int32Array;
  readonly timestamps: Float64Array;
  /** Index of the first word of each row's pane. */
  readonly targets: Int32Array;
  /** Number of records in the pane, the row included; set where a spread needs it. */
  readonly counts: Float64Array;
  readonly count: number;
}

/** Where a pane's words are. */
export const POSITION = 0;
export const COUNT = 1;

export type FloatPass = (pass: Pass, word: number, values: Float64Array) => void;
export type IntPass = (pass: Pass, word: number, values: BigInt64Array) => void;

/** An aggregate at its place in a pane. */
export interface PlacedAggregate {
  readonly kind: KernelAggregateKind;
  readonly type: KernelType;
  readonly column: number;
  readonly word: number;
}

export function placed({ columns, aggregates }: KernelSpec): PlacedAggregate[] {
  let word = COUNT + 1;
  return aggregates.map(({ kind, column }) => {
    const at = word;
    word += kind === "spread" || kind === "first" || kind === "last" ? 2 : 1;
    return { kind, type: columns[column]!, column, word: at };
  });
}

/**
 * A position is kept as position + 1 in a pane that has changed since its changes were last listed, and as the negative of that in any other: so a pane is
 * marked as changed without asking whether it is, which would cost more than all the rest.
 */
export function changed(position: number): number {
  return position + 1;
}

export function unchanged(position: number): number {
  return -1 - position;
}

export function positionOf(word: number): number {
  return Math.abs(word) - 1;
}

/** Marks all panes as not changed. */
export function settle(words: Float64Array, end: number, stride: number): void {
  for (let at = POSITION; at < end; at += stride) words[at] = -Math.abs(words[at]!);
}

/** Counts the rows from `from` to before `to`, all of which are in the span of these words, and marks their panes as changed. */
export function countRun({ targets, counts }: Pass, words: Float64Array, from: number, to: number): void {
  for (let row = from; row < to; row += 1) {
    const at = targets[row]!;
    words[at] = Math.abs(words[at]!);
    const counted = words[at + COUNT]! + 1;
    words[at + COUNT] = counted;
    counts[row] = counted;
  }
}

/** The same, and adds up a column of numbers on the way. */
export function countAndSumRun({ targets }: Pass, words: Float64Array, from: number, to: number, word: number, values: Float64Array): void {
  for (let row = from; row < to; row += 1) {
    const at = targets[row]!;
    words[at] = Math.abs(words[at]!);
    words[at + COUNT] = words[at + COUNT]! + 1;
    words[at + word] = words[at + word]! + values[row]!;
  }
}

export const FLOAT_PASSES: Readonly<Record<KernelAggregateKind, FloatPass>> = {
  sum(pass, word, values) {
    const { tables, spans, targets } = pass;
    let span = -1;
    let words = NO_WORDS;
    for (let row = 0; row < pass.count; row += 1) {
      if (spans[row] !== span) words = tables[(span = spans[row]!)]!.words;
      const at = targets[row]! + word;
      words[at] = words[at]! + values[row]!;
    }
  },

  min(pass, word, values) {
    const { tables, spans, targets } = pass;
    let span = -1;
    let words = NO_WORDS;
    for (let row = 0; row < pass.count; row += 1) {
      if (spans[row] !== span) words = tables[(span = spans[row]!)]!.words;
      const at = targets[row]! + word;
      words[at] = Math.min(words[at]!, values[row]!);
    }
  },

  max(pass, word, values) {
    const { tables, spans, targets } = pass;
    let span = -1;
    let words = NO_WORDS;
    for (let row = 0; row < pass.count; row += 1) {
      if (spans[row] !== span) words = tables[(span = spans[row]!)]!.words;
      const at = targets[row]! + word;
      words[at] = Math.max(words[at]!, values[row]!);
    }
  },

  /** Welford's mean and sum of squared distances. */
  spread(pass, word, values) {
    const { tables, spans, targets, counts } = pass;
    let span = -1;
    let words = NO_WORDS;
    for (let row = 0; row < pass.count; row += 1) {
      if (spans[row] !== span) words = tables[(span = spans[row]!)]!.words;
      const at = targets[row]! + word;
      const mean = words[at]!;
      const delta = values[row]! - mean;
      const nextMean = mean + delta / counts[row]!;
      words[at] = nextMean;
      words[at + 1] = words[at + 1]! + delta * (values[row]! - nextMean);
    }
  },

  first(pass, word, values) {
    const { tables, spans, targets, timestamps } = pass;
    for (let row = 0; row < pass.count; row += 1) {
      const { words } = tables[spans[row]!]!;
      const at = targets[row]! + word;
      // A new pane has NaN here, with which no comparison holds.
      if (words[at + 1]! <= timestamps[row]!) continue;
      words[at] = values[row]!;
      words[at + 1] = timestamps[row]!;
    }
  },

  last(pass, word, values) {
    const { tables, spans, targets, timestamps } = pass;
    for (let row = 0; row < pass.count; row += 1) {
      const { words } = tables[spans[row]!]!;
      const at = targets[row]! + word;
      if (timestamps[row]! < words[at + 1]!) continue;
      words[at] = values[row]!;
      words[at + 1] = timestamps[row]!;
    }
  },
};

/** Sums of integers come before all else, see `addInts`; spreads are f64 always. */
export const INT_PASSES: Readonly<Record<Exclude<KernelAggregateKind, "sum" | "spread">, IntPass>> = {
  min(pass, word, values) {
    for (let row = 0; row < pass.count; row += 1) {
      const { ints } = pass.tables[pass.spans[row]!]!;
      const at = pass.targets[row]! + word;
      if (values[row]! < ints[at]!) ints[at] = values[row]!;
    }
  },

  max(pass, word, values) {
    for (let row = 0; row < pass.count; row += 1) {
      const { ints } = pass.tables[pass.spans[row]!]!;
      const at = pass.targets[row]! + word;
      if (ints[at]! < values[row]!) ints[at] = values[row]!;
    }
  },

  first(pass, word, values) {
    for (let row = 0; row < pass.count; row += 1) {
      const { words, ints } = pass.tables[pass.spans[row]!]!;
      const at = pass.targets[row]! + word;
      if (words[at + 1]! <= pass.timestamps[row]!) continue;
      ints[at] = values[row]!;
      words[at + 1] = pass.timestamps[row]!;
    }
  },

  last(pass, word, values) {
    for (let row = 0; row < pass.count; row += 1) {
      const { words, ints } = pass.tables[pass.spans[row]!]!;
      const at = pass.targets[row]! + word;
      if (pass.timestamps[row]! < words[at + 1]!) continue;
      ints[at] = values[row]!;
      words[at + 1] = pass.timestamps[row]!;
    }
  },
};

/** Adds up integers until a sum leaves the range; returns how many rows were added. */
export function addInts({ tables, spans, targets, count }: Pass, word: number, values: BigInt64Array): number {
  for (let row = 0; row < count; row += 1) {
    const { ints } = tables[spans[row]!]!;
    const at = targets[row]! + word;
    const total = ints[at]! + values[row]!;
    if (!isInt64(total)) return row;
    ints[at] = total;
  }
  return count;
}

/** Takes the first `count` rows out of the sums again. */
export function subtractInts({ tables, spans, targets }: Pass, word: number, values: BigInt64Array, count: number): void {
  for (let row = 0; row < count; row += 1) {
    const { ints } = tables[spans[row]!]!;
    ints[targets[row]! + word]! -= values[row]!;
  }
}


const NO_WORDS = /* @__PURE__ */ new Float64Array(0);

/** Whether all are within ±2^30; of any other one, 2^30 more is negative among 32 bits. */
export function areOwnNumbers(keys: Int32Array): boolean {
  let bits = 0;
  let row = 0;
  // Four at a time, since this is asked of each row.
  for (; row + 3 < keys.length; row += 4) {
    bits |= (keys[row]! - DIRECT_KEY_MIN) | (keys[row + 1]! - DIRECT_KEY_MIN) | (keys[row + 2]! - DIRECT_KEY_MIN) | (keys[row + 3]! - DIRECT_KEY_MIN);
  }
  for (; row < keys.length; row += 1) bits |= keys[row]! - DIRECT_KEY_MIN;
  return 0 <= bits;
}
