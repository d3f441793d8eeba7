import * as fc from "fast-check";
import type { TimeWindowSpec } from "./time-window-spec.ts";

/** What a record of a random case holds. */
export interface Item {
  readonly key: number | string | bigint | boolean;
  readonly time: number;
  readonly value: number | bigint | string | null;
  readonly weight: number;
}

export interface CaseItem {
  readonly record: Item;
  /** Whether a row that is not selected stands before it in its batch. */
  readonly hasShadow: boolean;
}

export const KINDS = ["sum", "min", "max", "avg", "varPop", "stddevSamp", "first", "last"] as const;
export type Kind = (typeof KINDS)[number];

/** A random job over random records. */
export interface ColumnCase {
  readonly items: readonly CaseItem[];
  readonly batchSizes: readonly number[];
  readonly boundMs: number;
  readonly mode: "STREAMING" | "BATCH";
  readonly watermarks: "source" | "source, by a function" | "operator";
  readonly stage: "none" | "filter" | "select" | "ifNull" | "function";
  readonly assigner: TimeWindowSpec;
  readonly latenessMs: number;
  readonly hasLateTag: boolean;
  readonly kinds: readonly Kind[];
  /** Whether `sum(weight × 2)` is computed as well. */
  readonly hasExpression: boolean;
  readonly after: "none" | "filter" | "function";
  readonly parallelism: number;
  readonly turnRecords: number;
  readonly firePanesPerTurn: number;
  /** Steps between two checkpoints, and from a checkpoint or the start to the crash behind it. */
  readonly checkpointEvery: number;
  readonly crashAfter: number;
  readonly seed: number;
}

const KEYS: readonly ((index: number) => Item["key"])[] = [
  (index) => index,
  (index) => `key ${index}`,
  (index) => (index === 0 ? -0 : index === 1 ? NaN : index === 2 ? 2 ** 40 : index / 2),
  (index) => BigInt(index) - 2n,
  (index) => index % 2 === 0,
  (index) => (index % 3 === 0 ? `key ${index}` : index),
];

const SPECIAL = [0, -0, NaN, Infinity, -Infinity, 5e-324, -5e-324, 0.1, 0.2, 1e308, -1e308, 2 ** 53, 1];
const number = fc.oneof({ weight: 6, arbitrary: fc.integer({ min: -50, max: 50 }) }, { weight: 2, arbitrary: fc.double() }, fc.constantFrom(...SPECIAL));

/** Kinds of values, from those that a kernel holds to those that it does not. */
const VALUES: readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<Item["value"]> }[] = [
  { weight: 12, arbitrary: number },
  { weight: 5, arbitrary: fc.bigInt({ min: -1000n, max: 1000n }) },
  { weight: 1, arbitrary: fc.oneof({ weight: 30, arbitrary: fc.bigInt({ min: -9n, max: 9n }) }, fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n))) },
  { weight: 1, arbitrary: fc.oneof({ weight: 30, arbitrary: number }, fc.constant(null)) },
  { weight: 1, arbitrary: fc.constantFrom("a", "b", "c") },
  { weight: 1, arbitrary: fc.oneof({ weight: 20, arbitrary: number }, { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 9n }) }) },
];

const shift = fc.integer({ min: -11, max: 11 });

/** Offsets are smaller than what windows repeat by. */
function withOffset<A extends { readonly offsetMs: number; readonly sizeMs: number; readonly slideMs?: number }>(spec: A): A {
  return { ...spec, offsetMs: spec.offsetMs % (spec.slideMs ?? spec.sizeMs) };
}

const assigners: fc.Arbitrary<TimeWindowSpec> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("tumbling" as const), sizeMs: fc.integer({ min: 1, max: 40 }), offsetMs: shift }).map(withOffset) },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 2 }), shift).map(([slideMs, times, rest, offsetMs]) => {
      const sizeMs = slideMs * times + Math.min(rest, slideMs - 1);
      return withOffset({ kind: "sliding" as const, sizeMs, slideMs: Math.min(slideMs, sizeMs), offsetMs });
    }),
  },
  // Gaps between windows.
  { weight: 1, arbitrary: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), shift).map(([sizeMs, gapMs, offsetMs]) => withOffset({ kind: "sliding" as const, sizeMs, slideMs: sizeMs + gapMs, offsetMs })) },
  // Slices of a millisecond, more than a window is summed from.
  { weight: 1, arbitrary: fc.constant({ kind: "sliding" as const, sizeMs: 4_097, slideMs: 4_096, offsetMs: 100 }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("session" as const), gapMs: fc.integer({ min: 1, max: 15 }) }) },
);

interface DrawnItem {
  readonly key: number;
  readonly step: number;
  readonly back: number;
  readonly value: Item["value"];
  readonly weight: number;
  readonly hasShadow: boolean;
}

/** Times grow by steps; some records come late, a few of them very. */
function itemsOf(drawn: readonly DrawnItem[], keyKind: number, startMs: number): CaseItem[] {
  let now = startMs;
  return drawn.map(({ key, step, back, value, weight, hasShadow }) => {
    now += step;
    return { record: { key: KEYS[keyKind]!(key), time: now - back, value, weight }, hasShadow };
  });
}

const items: fc.Arbitrary<readonly CaseItem[]> = fc
  .tuple(fc.integer({ min: 0, max: KEYS.length - 1 }), fc.oneof(...VALUES.map(({ weight, arbitrary }) => ({ weight, arbitrary: fc.constant(arbitrary) }))), fc.constantFrom(-30, 0, 2 ** 31 - 40, -(2 ** 31) - 40, 1_700_000_000_000, -62_000_000_000_000))
  .chain(([keyKind, value, startMs]) => {
    const item: fc.Arbitrary<DrawnItem> = fc.record({
      key: fc.integer({ min: 0, max: 7 }),
      step: fc.constantFrom(0, 0, 0, 1, 1, 2, 5, 20),
      back: fc.constantFrom(0, 0, 0, 0, 1, 3, 8, 25, 60),
      value,
      weight: fc.integer({ min: -3, max: 9 }),
      hasShadow: fc.constantFrom(false, false, false, true),
    });
    return fc.array(item, { minLength: 1, maxLength: 160, size: "max" }).map((drawn) => itemsOf(drawn, keyKind, startMs));
  });

export const columnCases: fc.Arbitrary<ColumnCase> = fc.record({
  items,
  batchSizes: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
  boundMs: fc.constantFrom(0, 1, 5, 20),
  mode: fc.constantFrom("STREAMING" as const, "STREAMING" as const, "STREAMING" as const, "STREAMING" as const, "BATCH" as const),
  watermarks: fc.constantFrom("source" as const, "source" as const, "source, by a function" as const, "operator" as const),
  stage: fc.constantFrom("none" as const, "none" as const, "filter" as const, "select" as const, "ifNull" as const, "function" as const),
  assigner: assigners,
  latenessMs: fc.constantFrom(0, 0, 3, 12, 50),
  hasLateTag: fc.boolean(),
  kinds: fc.uniqueArray(fc.constantFrom(...KINDS), { maxLength: 4 }),
  hasExpression: fc.boolean(),
  after: fc.constantFrom("none" as const, "none" as const, "filter" as const, "function" as const),
  parallelism: fc.constantFrom(1, 1, 1, 2, 3),
  turnRecords: fc.constantFrom(1, 3, 20, 2_000),
  firePanesPerTurn: fc.constantFrom(1, 2, 5, 1_000),
  checkpointEvery: fc.integer({ min: 2, max: 25 }),
  crashAfter: fc.integer({ min: 5, max: 60 }),
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
});
