import type { Expression } from "../data/expression.ts";
import { type FieldReader, type ObjectMaker, objectMaker } from "../data/object-shape.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import type { AggregateFunction } from "../state/aggregation.ts";
import { type Type, types } from "../data/type.ts";
import { NO_TIMESTAMP } from "../time/timestamp.ts";
import { type SlotFunction, type Slots, slotFunction } from "./aggregate-slots.ts";
import type { AggregateKind, AggregateResult, AggregateSpec, FieldAggregate } from "./aggregates.ts";

/** One aggregate as data: what a kernel, or `explain`, recognises. */
export interface BuiltInAggregate {
  readonly kind: AggregateKind;
  /** The field of the record; undefined for `count` and where an expression or a function of the user computes the value. */
  readonly field: string | undefined;
  /** What computes the value, of records and of columns, where it is no field; see `aggregateColumns`. */
  readonly expression?: Expression<never, unknown, string | undefined> | undefined;
  /** The field of the result. */
  readonly output: string;
}

/** As `explain` shows it. */
export function showAggregate({ output, kind, field, expression }: BuiltInAggregate): string {
  return `${output} = ${kind}(${kind === "count" ? "" : (field ?? String(expression ?? "…"))})`;
}

/** A result: one slot of the accumulator, or what is made of it and the number of records. */
export interface AggregateOutcome {
  readonly slot: number;
  readonly finish: ((value: number | bigint, count: number) => number) | undefined;
}

interface Part {
  readonly at: number;
  readonly output: string;
  readonly valueOf: (record: unknown) => unknown;
  readonly slots: SlotFunction;
}

/**
 * Several built-in aggregates in one pass, and one accumulator. The arithmetic is defined, so that every engine and every kernel
 * gives the same bits:
 *
 * - numbers are f64; sums start at +0 and grow from left to right as records come; bigints are 64-bit integers, whose overflow is
 * an error
 * - slices add up by ascending start, sessions as earlier + later; variances by Chan et al.
 * - a NaN is made canonical before it leaves
 */
export class BuiltInAggregates<T, Out> implements AggregateFunction<T, Slots, Out> {
  readonly sliceable = true;
  readonly aggregates: readonly BuiltInAggregate[];
  /** Slots of each aggregate in `aggregates`, in order; slot 0 is the number of records. */
  readonly widths: readonly number[];
  /** What computes the value of each aggregate in `aggregates` from a record. */
  readonly selectors: readonly ((record: unknown) => unknown)[];
  /** How each result is made of an accumulator, in order. */
  readonly results: readonly AggregateOutcome[];
  readonly #parts: readonly Part[];
  readonly #initial: Slots;
  /** All results have one hidden class. */
  readonly #make: ObjectMaker<Slots, readonly AggregateOutcome[]>;

  /** @throws JobError INVALID_ARGUMENT where the specification is empty or holds something else than aggregates. */
  constructor(spec: AggregateSpec<T>) {
    const entries = Object.entries(spec);
    if (entries.length === 0)
      throw new JobError("INVALID_ARGUMENT", "aggregate({ … }) needs at least one aggregate, such as { records: count() }");
    const initial: Slots = [0];
    this.#parts = entries.map(([output, aggregate]) => {
      requireAggregate(output, aggregate);
      const slots = slotFunction(aggregate);
      const part = { at: initial.length, output, valueOf: valueOf(aggregate), slots };
      initial.push(...slots.initial);
      return part;
    });
    this.#initial = initial;
    this.aggregates = entries.map(([output, { kind, field, expression }]) => ({ kind, field, expression, output }));
    this.widths = this.#parts.map(({ slots }) => slots.initial.length);
    this.selectors = this.#parts.map((part) => part.valueOf);
    this.results = this.#parts.map(({ at, slots: { result, finish } }) => ({ slot: result === "count" ? 0 : at + result, finish }));
    this.#make = objectMaker(this.aggregates.map(({ output }) => output));
  }

  /** The columns that they read, but for what functions read. */
  get columnNames(): readonly string[] {
    return this.aggregates.flatMap(({ field, expression }) => (field === undefined ? [...(expression?.columnNames ?? [])] : [field]));
  }

  /** Accumulators as they are stored: the number of records, then each slot in order. */
  get accumulatorType(): Type<Slots> {
    const slotTypes: readonly Type<unknown>[] = [types.int, ...this.#parts.flatMap(({ slots }) => slots.types)];
    return {
      name: `aggregates(${this.aggregates.map(({ kind }) => kind).join(",")})`,
      write(writer, slots) {
        for (let index = 0; index < slotTypes.length; index += 1) slotTypes[index]!.write(writer, slots[index]);
      },
      read: (reader) => slotTypes.map((type) => type.read(reader)),
    };
  }

  createAccumulator(): Slots {
    return this.#initial.slice();
  }

  /** @param timestamp of the record, for `first` and `last`; without it the order of arrival decides */
  add(record: T, slots: Slots, timestamp: number = NO_TIMESTAMP): Slots {
    const isFirst = slots[0] === 0;
    for (const part of this.#parts) part.slots.add(slots, part.at, part.valueOf(record), timestamp, isFirst);
    slots[0] = (slots[0] as number) + 1;
    return slots;
  }

  merge(earlier: Slots, later: Slots): Slots {
    const [earlierCount, laterCount] = [earlier[0] as number, later[0] as number];
    if (laterCount === 0) return earlier;
    if (earlierCount === 0) return later.slice();
    for (const { at, slots } of this.#parts) slots.merge(earlier, later, at, earlierCount, laterCount);
    earlier[0] = earlierCount + laterCount;
    return earlier;
  }

  getResult(slots: Slots): Out {
    return this.#make(readResult, slots, this.results) as Out;
  }
}

/**
 * The aggregate function that `aggregate({ … })` stands for.
 *
 * @example
 * ```ts
 * const stats = builtInAggregates<Flight, { flights: FieldAggregate<unknown, number> }>({ flights: count() });
 * ```
 */
export function builtInAggregates<T, const S extends AggregateSpec<T>>(spec: S): BuiltInAggregates<T, AggregateResult<T, S>> {
  return new BuiltInAggregates(spec);
}

const readResult: FieldReader<Slots, readonly AggregateOutcome[]> = (index, slots, outcomes) => {
  const { slot, finish } = outcomes[index]!;
  const value = finish === undefined ? slots[slot] : finish(slots[slot] as number | bigint, slots[0] as number);
  // A computed NaN may carry any bits; what leaves has those of the constant.
  return value !== value ? NaN : value;
};

function valueOf(aggregate: FieldAggregate<never, unknown>): (record: unknown) => unknown {
  const { field, select } = aggregate;
  if (select !== undefined) return select as (record: unknown) => unknown;
  if (field === undefined) return () => undefined;
  return (record) => (record as { readonly [name: string]: unknown })[field];
}

function requireAggregate(output: string, aggregate: unknown): void {
  if (typeof aggregate === "object" && aggregate !== null && "kind" in aggregate && "field" in aggregate && "select" in aggregate)
    return;
  throw new JobError(
    "INVALID_ARGUMENT",
    `"${output}" of aggregate({ … }) must be an aggregate such as count() or sum("price"), but is ${show(aggregate)}`,
  );
}
