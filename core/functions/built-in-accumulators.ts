import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import type { Accumulator } from "./accumulator.ts";

const INT_MIN = -2_147_483_648;
const INT_MAX = 2_147_483_647;

/** Counts in whole numbers. Unlike Flink's it never wraps: it is exact up to ±2^53. */
export class LongCounter implements Accumulator<number, number> {
  #sum: number;

  constructor(initial: number = 0) {
    this.#sum = wholeNumber("LongCounter", initial);
  }

  /** @throws JobError INVALID_ARGUMENT for a fraction; ARITHMETIC_OVERFLOW where the sum leaves ±2^53. */
  add(value: number): void {
    this.#sum = exactSum("LongCounter", this.#sum, value);
  }

  getLocalValue(): number {
    return this.#sum;
  }

  resetLocal(): void {
    this.#sum = 0;
  }

  merge(other: Accumulator<number, number>): void {
    this.add(other.getLocalValue());
  }

  clone(): LongCounter {
    return new LongCounter(this.#sum);
  }
}

/** Flink's name for a counter of 32 bits. Here it counts as `LongCounter` does: exact up to ±2^53, where Flink's wraps at 2^31. */
export class IntCounter implements Accumulator<number, number> {
  #sum: number;

  constructor(initial: number = 0) {
    this.#sum = wholeNumber("IntCounter", initial);
  }

  /** @throws JobError INVALID_ARGUMENT for a fraction; ARITHMETIC_OVERFLOW where the sum leaves ±2^53. */
  add(value: number): void {
    this.#sum = exactSum("IntCounter", this.#sum, value);
  }

  getLocalValue(): number {
    return this.#sum;
  }

  resetLocal(): void {
    this.#sum = 0;
  }

  merge(other: Accumulator<number, number>): void {
    this.add(other.getLocalValue());
  }

  clone(): IntCounter {
    return new IntCounter(this.#sum);
  }
}

/** Sums numbers; the last digits depend on the order in which subtasks add. */
export class DoubleCounter implements Accumulator<number, number> {
  #sum: number;

  constructor(initial: number = 0) {
    this.#sum = initial;
  }

  add(value: number): void {
    this.#sum += value;
  }

  getLocalValue(): number {
    return this.#sum;
  }

  resetLocal(): void {
    this.#sum = 0;
  }

  merge(other: Accumulator<number, number>): void {
    this.#sum += other.getLocalValue();
  }

  clone(): DoubleCounter {
    return new DoubleCounter(this.#sum);
  }
}

/** The mean of what was added; 0 where nothing was, as in Flink. */
export class AverageAccumulator implements Accumulator<number, number> {
  #count = 0;
  #sum = 0;

  add(value: number): void {
    this.#count += 1;
    this.#sum += value;
  }

  getLocalValue(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  resetLocal(): void {
    this.#count = 0;
    this.#sum = 0;
  }

  /** @throws JobError INVALID_ARGUMENT for an accumulator of another class: a mean alone does not tell its weight. */
  merge(other: Accumulator<number, number>): void {
    if (!(other instanceof AverageAccumulator)) {
      throw new JobError("INVALID_ARGUMENT", `an AverageAccumulator merges with another one only, not with ${show(other)}`);
    }
    this.#count += other.#count;
    this.#sum += other.#sum;
  }

  clone(): AverageAccumulator {
    const copy = new AverageAccumulator();
    copy.merge(this);
    return copy;
  }

  toData(): unknown {
    return { count: this.#count, sum: this.#sum };
  }

  mergeData(data: unknown): void {
    const { count, sum } = data as { readonly count: number; readonly sum: number };
    this.#count += count;
    this.#sum += sum;
  }
}

/** The smallest of 32-bit integers; 2147483647 where none was added, as in Flink. */
export class IntMinimum implements Accumulator<number, number> {
  #minimum: number;

  constructor(initial: number = INT_MAX) {
    this.#minimum = int32("IntMinimum", initial);
  }

  /** @throws JobError INVALID_ARGUMENT for anything but an integer of 32 bits. */
  add(value: number): void {
    this.#minimum = Math.min(this.#minimum, int32("IntMinimum", value));
  }

  getLocalValue(): number {
    return this.#minimum;
  }

  resetLocal(): void {
    this.#minimum = INT_MAX;
  }

  merge(other: Accumulator<number, number>): void {
    this.add(other.getLocalValue());
  }

  clone(): IntMinimum {
    return new IntMinimum(this.#minimum);
  }
}

/** The largest of 32-bit integers; −2147483648 where none was added, as in Flink. */
export class IntMaximum implements Accumulator<number, number> {
  #maximum: number;

  constructor(initial: number = INT_MIN) {
    this.#maximum = int32("IntMaximum", initial);
  }

  /** @throws JobError INVALID_ARGUMENT for anything but an integer of 32 bits. */
  add(value: number): void {
    this.#maximum = Math.max(this.#maximum, int32("IntMaximum", value));
  }

  getLocalValue(): number {
    return this.#maximum;
  }

  resetLocal(): void {
    this.#maximum = INT_MIN;
  }

  merge(other: Accumulator<number, number>): void {
    this.add(other.getLocalValue());
  }

  clone(): IntMaximum {
    return new IntMaximum(this.#maximum);
  }
}

/** The smallest of numbers; +∞ where none was added, NaN once a NaN was. */
export class DoubleMinimum implements Accumulator<number, number> {
  #minimum: number;

  constructor(initial: number = Infinity) {
    this.#minimum = initial;
  }

  add(value: number): void {
    this.#minimum = Math.min(this.#minimum, value);
  }

  getLocalValue(): number {
    return this.#minimum;
  }

  resetLocal(): void {
    this.#minimum = Infinity;
  }

  merge(other: Accumulator<number, number>): void {
    this.add(other.getLocalValue());
  }

  clone(): DoubleMinimum {
    return new DoubleMinimum(this.#minimum);
  }
}

/** The largest of numbers; −∞ where none was added, NaN once a NaN was. */
export class DoubleMaximum implements Accumulator<number, number> {
  #maximum: number;

  constructor(initial: number = -Infinity) {
    this.#maximum = initial;
  }

  add(value: number): void {
    this.#maximum = Math.max(this.#maximum, value);
  }

  getLocalValue(): number {
    return this.#maximum;
  }

  resetLocal(): void {
    this.#maximum = -Infinity;
  }

  merge(other: Accumulator<number, number>): void {
    this.add(other.getLocalValue());
  }

  clone(): DoubleMaximum {
    return new DoubleMaximum(this.#maximum);
  }
}

/** How often each whole number was added, by ascending number. */
export class Histogram implements Accumulator<number, ReadonlyMap<number, number>> {
  readonly #counts = new Map<number, number>();

  /** @throws JobError INVALID_ARGUMENT for a fraction. */
  add(value: number): void {
    this.#addTimes(wholeNumber("Histogram", value), 1);
  }

  getLocalValue(): ReadonlyMap<number, number> {
    return new Map([...this.#counts].sort(([a], [b]) => a - b));
  }

  resetLocal(): void {
    this.#counts.clear();
  }

  merge(other: Accumulator<number, ReadonlyMap<number, number>>): void {
    for (const [value, times] of other.getLocalValue()) this.#addTimes(value, times);
  }

  clone(): Histogram {
    const copy = new Histogram();
    copy.merge(this);
    return copy;
  }

  #addTimes(value: number, times: number): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + times);
  }
}

/** Everything that was added; subtask by subtask, in order within each. */
export class ListAccumulator<T> implements Accumulator<T, readonly T[]> {
  readonly #values: T[] = [];

  add(value: T): void {
    this.#values.push(value);
  }

  getLocalValue(): readonly T[] {
    return this.#values.slice();
  }

  resetLocal(): void {
    this.#values.length = 0;
  }

  merge(other: Accumulator<T, readonly T[]>): void {
    for (const value of other.getLocalValue()) this.#values.push(value);
  }

  clone(): ListAccumulator<T> {
    const copy = new ListAccumulator<T>();
    copy.merge(this);
    return copy;
  }
}

function wholeNumber(what: string, value: number): number {
  // Adding 0 turns −0 into 0.
  if (Number.isSafeInteger(value)) return value + 0;
  throw new JobError("INVALID_ARGUMENT", `${what} takes whole numbers within ±2^53, not ${show(value)}: use the Double accumulator of the kind`);
}

function exactSum(what: string, sum: number, value: number): number {
  const next = sum + wholeNumber(what, value);
  if (Number.isSafeInteger(next)) return next;
  throw new JobError("ARITHMETIC_OVERFLOW", `${what} leaves ±2^53 when ${value} is added to ${sum}: use DoubleCounter where digits may be lost`);
}

function int32(what: string, value: number): number {
  if (Number.isInteger(value) && INT_MIN <= value && value <= INT_MAX) return value + 0;
  throw new JobError("INVALID_ARGUMENT", `${what} takes integers of 32 bits, not ${show(value)}: use the Double accumulator of the kind`);
}
