import { isInt64 } from "../lib/int64.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { type Type, types } from "../data/type.ts";
import type { AggregateKind } from "./aggregates.ts";

/**
 * An accumulator of several built-in aggregates: the number of records, then the slots of each aggregate. All plain numbers in
 * most jobs, which engines hold as a flat array of doubles.
 */
export type Slots = unknown[];

/** How one aggregate lives in its slots, which begin at `at`. */
export interface SlotFunction {
  readonly initial: readonly unknown[];
  /** How each slot is stored. */
  readonly types: readonly Type<unknown>[];
  /** `isFirst`: no record was added before. */
  add(slots: Slots, at: number, value: unknown, timestamp: number, isFirst: boolean): void;
  /** Changes `earlier` only. Both hold records: `earlierCount` and `laterCount` of them. */
  merge(earlier: Slots, later: Slots, at: number, earlierCount: number, laterCount: number): void;
  /** Which slot the result is made of, counted from `at`, or from the start of the accumulator for the number of records. */
  readonly result: "count" | 0 | 1;
  /** Makes the result, a number, of that slot; absent where the slot is the result. */
  readonly finish?: (value: Numeric, count: number) => number;
}

/** What an aggregate is called in messages: `sum("price")`. */
export interface SlotName {
  readonly kind: AggregateKind;
  readonly field: string | undefined;
  readonly expression?: { toString(): string } | undefined;
}

export function slotFunction(name: SlotName): SlotFunction {
  switch (name.kind) {
    case "count":
      return counted;
    case "sum":
      return summed(name);
    case "avg":
      return { ...summed(name), finish: (total, count) => Number(total) / count };
    case "min":
      return extreme(name, Math.min, (value, best) => value < best, Infinity);
    case "max":
      return extreme(name, Math.max, (value, best) => best < value, -Infinity);
    case "varPop":
      return spread(name, (squares, count) => (squares as number) / count);
    case "varSamp":
      return spread(name, (squares, count) => (squares as number) / (count - 1));
    case "stddevPop":
      return spread(name, (squares, count) => Math.sqrt((squares as number) / count));
    case "stddevSamp":
      return spread(name, (squares, count) => Math.sqrt((squares as number) / (count - 1)));
    case "first":
      return byTime((timestamp, kept) => timestamp < kept);
    case "last":
      return byTime((timestamp, kept) => kept <= timestamp);
  }
}

const counted: SlotFunction = {
  initial: [],
  types: [],
  add: () => {},
  merge: () => {},
  result: "count",
};

type Numeric = number | bigint;

/** One slot: the sum, f64 or, where the values are bigints, a 64-bit integer. */
function summed(name: SlotName): SlotFunction {
  return {
    initial: [0],
    types: [types.union(types.number, types.bigint)],
    add(slots, at, value, _timestamp, isFirst) {
      if (typeof value === "number" && typeof slots[at] === "number") slots[at] = (slots[at] as number) + value;
      else slots[at] = isFirst ? int64(name, bigintOf(name, value, undefined)) : sumOfBigints(name, slots[at], value);
    },
    merge(earlier, later, at) {
      const [left, right] = [earlier[at], later[at]];
      earlier[at] = typeof left === "number" && typeof right === "number" ? left + right : sumOfBigints(name, left, right);
    },
    result: 0,
  };
}

function sumOfBigints(name: SlotName, total: unknown, value: unknown): bigint {
  const addend = bigintOf(name, value, total);
  return int64(name, (total as bigint) + addend);
}

function bigintOf(name: SlotName, value: unknown, before: unknown): bigint {
  if (typeof value === "bigint" && typeof before !== "number") return value;
  if (typeof value === "bigint" || typeof value === "number") throw mixed(name);
  throw refused(name, "numbers or bigints", value);
}

function int64(name: SlotName, total: bigint): bigint {
  if (isInt64(total)) return total;
  throw new JobError(
    "ARITHMETIC_OVERFLOW",
    `${title(name)} left the range of 64-bit integers: the next value makes it ${total}. Sum numbers instead, as ` +
      `${name.kind}((r) => Number(r.${name.field ?? "value"})), or a smaller unit`,
  );
}

/** One slot: the best value so far. */
function extreme(
  name: SlotName,
  ofNumbers: (a: number, b: number) => number,
  isBetter: (value: string | bigint, best: string | bigint) => boolean,
  initial: number,
): SlotFunction {
  const add = (slots: Slots, at: number, value: unknown, isFirst: boolean): void => {
    const best = slots[at];
    if (typeof value === "number" && typeof best === "number") {
      slots[at] = ofNumbers(best, value);
      return;
    }
    if (typeof value !== "bigint" && typeof value !== "string" && typeof value !== "number") {
      throw refused(name, "numbers, bigints or strings", value);
    }
    if (isFirst) slots[at] = value;
    else if (typeof value !== typeof best) throw mixed(name);
    else if (isBetter(value as string, best as string)) slots[at] = value;
  };
  return {
    initial: [initial],
    types: [types.union(types.number, types.bigint, types.string)],
    add: (slots, at, value, _timestamp, isFirst) => add(slots, at, value, isFirst),
    merge: (earlier, later, at) => add(earlier, at, later[at], false),
    result: 0,
  };
}

/**
 * Two slots: the mean, and the sum of squared distances from it. By Welford within a pane or slice, by Chan et al. between two.
 */
function spread(name: SlotName, finish: (squares: Numeric, count: number) => number): SlotFunction {
  return {
    initial: [0, 0],
    types: [types.number, types.number],
    add(slots, at, value) {
      if (typeof value !== "number" && typeof value !== "bigint") throw refused(name, "numbers or bigints", value);
      const number = Number(value);
      // The number of records is counted after all aggregates have seen the record.
      const count = (slots[0] as number) + 1;
      const mean = slots[at] as number;
      const delta = number - mean;
      const nextMean = mean + delta / count;
      slots[at] = nextMean;
      slots[at + 1] = (slots[at + 1] as number) + delta * (number - nextMean);
    },
    merge(earlier, later, at, earlierCount, laterCount) {
      const mean = earlier[at] as number;
      const delta = (later[at] as number) - mean;
      const count = earlierCount + laterCount;
      earlier[at] = mean + (delta * laterCount) / count;
      earlier[at + 1] =
        (earlier[at + 1] as number) + (later[at + 1] as number) + (delta * delta * earlierCount * laterCount) / count;
    },
    result: 1,
    finish,
  };
}

/** Two slots: the value, and its timestamp. */
function byTime(replaces: (timestamp: number, kept: number) => boolean): SlotFunction {
  const add = (slots: Slots, at: number, value: unknown, timestamp: number, isFirst: boolean): void => {
    if (!isFirst && !replaces(timestamp, slots[at + 1] as number)) return;
    slots[at] = value;
    slots[at + 1] = timestamp;
  };
  return {
    initial: [undefined, -Infinity],
    types: [types.dynamic, types.number],
    add,
    merge: (earlier, later, at) => add(earlier, at, later[at], later[at + 1] as number, false),
    result: 0,
  };
}

function title(name: SlotName): string {
  return `${name.kind}(${name.field === undefined ? String(name.expression ?? "…") : JSON.stringify(name.field)})`;
}

function refused(name: SlotName, taken: string, value: unknown): JobError {
  return new JobError(
    "INVALID_ARGUMENT",
    `${title(name)} takes ${taken}, but in this record it is ${show(value)}; ${absentAdvice(value)}`,
  );
}

function absentAdvice(value: unknown): string {
  if (value !== null && value !== undefined) return "filter such records before, or convert them";
  const check = value === undefined ? "is the field spelt right? Otherwise " : "";
  return check + "leave such records out before, with filter(col(…).isNotNull()) or a function, or say what stands for null with ifNull(…)";
}

function mixed(name: SlotName): JobError {
  return new JobError(
    "INVALID_ARGUMENT",
    `${title(name)} takes values of one type, but got a second one within one window; convert them before`,
  );
}
