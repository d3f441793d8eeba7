import type { NoSuchField, NotAggregating, NotFiltering, NotKey, Refused } from "../../core/api/refused-arguments.ts";
import type { DistinctNames } from "../../core/data/expression-projection.ts";
import type { Aggregable } from "../../core/windows/aggregates.ts";
import { type DataStream, type Expression, type KeyedStream, type NamedExpressions, TumblingEventTimeWindows, avg, columnsOf, count, first, literal, max, min, minutes, sum, varPop } from "tamias";

/** Checked by the compiler alone: what expressions give to streams, and what streams refuse of them. */

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Fails to compile unless the type of the value is exactly `Expected`. */
function isExactly<Expected>() {
  return <Actual>(_value: Actual, ..._proof: Equal<Actual, Expected> extends true ? [] : [never]): void => {};
}

interface Flight {
  readonly origin: "JFK" | "LAX";
  readonly delay: number | null;
  readonly miles: number;
  readonly bytes: bigint;
  readonly tail?: string;
}

declare const flights: DataStream<Flight>;
const col = columnsOf<Flight>();

type RecordsOf<S> = S extends DataStream<infer R> ? R : never;

export function streams(): void {
  const late = flights.filter(col("delay").gt(30));
  isExactly<Flight>()(recordOf(late));
  flights.filter(literal(true));
  const selected = late.select(col("origin"), col("delay").dividedBy(60).as("hours"), col("tail"));
  isExactly<{ origin: "JFK" | "LAX"; hours: number | null; tail: string | undefined }>()(recordOf(selected));
  const added = late.addOrReplaceColumns(col("miles").times(1.6).as("km"), col("bytes").gt(1n).as("delay"));
  isExactly<{ readonly origin: "JFK" | "LAX"; readonly miles: number; readonly bytes: bigint; readonly tail?: string; km: number; delay: boolean }>()(recordOf(added));
  // The columns of what was inferred.
  const ofSelected = columnsOf(selected);
  isExactly<{ origin: "JFK" | "LAX"; tooLate: boolean | null }>()(recordOf(selected.select(ofSelected("origin"), ofSelected("hours").gt(3).as("tooLate"))));
  // @ts-expect-error it was left out
  ofSelected("delay");
  // Expressions over fewer fields, or over those of a wider type, fit.
  const origin = columnsOf<{ readonly origin: string }>()("origin");
  flights.filter(origin.eq("JFK")).select(origin);
  // Lambdas and type guards stay what they were.
  flights.filter((flight) => 30 < flight.miles).filter((flight): flight is Flight & { delay: number } => flight.delay !== null);
}

export function keys(): void {
  const byOrigin: KeyedStream<Flight, "JFK" | "LAX"> = flights.keyBy(col("origin"));
  const byTens: KeyedStream<Flight, number> = flights.keyBy(col("miles").dividedBy(10));
  byOrigin.filter(col("miles").lt(5));
  byTens.select(col("miles"));
}

export function nulls(): void {
  const known = flights.filter(col("delay").isNotNull());
  isExactly<number>()(recordOf(known).delay);
  isExactly<string | undefined>()(recordOf(known).tail);
  const both = flights.filter(col("miles").gt(5).and(col("delay").isNotNull()).and(col("tail").isNotNull()).and(true));
  isExactly<number>()(recordOf(both).delay);
  isExactly<string>()(recordOf(both).tail);
  isExactly<Flight["origin"]>()(recordOf(both).origin);
  const windows = known.keyBy("origin").window(TumblingEventTimeWindows.of(minutes(1)));
  const ofKnown = columnsOf(known);
  const means = windows.aggregate({ a: avg("delay"), b: sum(ofKnown("delay")), c: max(ofKnown("delay").times(2)), d: min(col("miles")), e: avg((flight) => flight.delay) });
  isExactly<{ a: number; b: number; c: number; d: number; e: number }>()(recordOf(means));
  both.keyBy("tail").countWindow(2).aggregate({ first: min("tail"), delay: avg("delay") });
  // What has no null is a stream of what may have.
  const flightsAgain: DataStream<Flight> = known;
  flightsAgain.filter(col("delay").gt(3));
  known.filter(col("delay").gt(3)).filter((flight) => 3 < flight.delay);
  const filled = flights.select(col("delay").ifNull(0).as("delay"), col("tail").ifNull("none").as("tail"), col("delay").ifNull(col("miles")).as("some"));
  isExactly<{ delay: number; tail: string; some: number }>()(recordOf(filled));
  flights.keyBy(col("tail").ifNull("none")).countWindow(2).aggregate({ delay: avg(col("delay").ifNull(0)) });
  // What says nothing of a field leaves its type as it is.
  isExactly<Flight>()(recordOf(flights.filter(col("delay").isNotNull().or(col("miles").gt(5)))));
  isExactly<Flight>()(recordOf(flights.filter(col("delay").isNotNull().not())));
  isExactly<Flight>()(recordOf(flights.filter(col("delay").isNotNull().isNotNull())));
  isExactly<Flight>()(recordOf(flights.filter(col("delay").as("tail").isNotNull())));
  isExactly<Flight>()(recordOf(flights.filter(col("delay").plus(1).isNotNull())));
  isExactly<Flight>()(recordOf(flights.filter(col("delay").isNull().and(true))));
  isExactly<Flight>()(recordOf(flights.filter(col("delay").isNotNull().eq(false))));
  // Of several fields or conditions, of which the compiler does not know which one it is, none is sure to have a value.
  const either: "delay" | "tail" = pick("delay", "tail");
  isExactly<Flight>()(recordOf(flights.filter(col(either).isNotNull())));
  isExactly<Flight>()(recordOf(flights.filter(pick(col("delay"), col("tail")).isNotNull())));
  isExactly<Flight>()(recordOf(flights.filter(pick(col("delay").isNotNull(), col("tail").isNotNull()))));
  const hasTail = col("tail").isNotNull();
  isExactly<Flight>()(recordOf(flights.filter(col("miles").gt(5).and(pick(hasTail, true)))));
  const delayAndMaybeTail = recordOf(flights.filter(col("delay").isNotNull().and(pick(hasTail, col("miles").isNotNull()))));
  isExactly<number>()(delayAndMaybeTail.delay);
  isExactly<string | undefined>()(delayAndMaybeTail.tail);
  // @ts-expect-error what stands for null is of the same kind
  col("delay").ifNull("none");
  // @ts-expect-error nor are numbers and bigints mixed here
  col("bytes").ifNull(0);
}

export function aggregates(): void {
  const windows = flights.keyBy("origin").window(TumblingEventTimeWindows.of(minutes(1)));
  const results = windows.aggregate({
    flights: count(),
    twice: sum(col("miles").times(2)),
    bytes: sum(col("bytes")),
    mean: avg(col("miles").plus(1)),
    spread: varPop(col("bytes")),
    near: min(col("miles")),
    last: max(col("origin")),
    tail: first(col("tail")),
    before: sum("miles"),
    far: max((flight: Flight) => flight.miles),
  });
  isExactly<{
    flights: number;
    twice: number;
    bytes: bigint;
    mean: number;
    spread: number;
    near: number;
    last: "JFK" | "LAX";
    tail: string | undefined;
    before: number;
    far: number;
  }>()(recordOf(results));
}

export function mistakes(): void {
  const other = columnsOf<{ readonly seats: number }>();
  // @ts-expect-error there is no such field
  flights.filter(col("dealy").gt(30));
  // @ts-expect-error the records of the stream have no such field
  flights.filter(other("seats").gt(30));
  // @ts-expect-error a number is no condition
  flights.filter(col("miles"));
  // @ts-expect-error what is computed needs a name
  flights.select(col("miles").plus(1));
  // @ts-expect-error the records of the stream have no such field
  flights.select(other("seats"));
  // @ts-expect-error nor to add to
  flights.addOrReplaceColumns(other("seats").plus(1).as("more"));
  // @ts-expect-error two values of one name
  flights.select(col("origin"), col("delay").as("origin"));
  // @ts-expect-error nor may they be added so
  flights.addOrReplaceColumns(col("delay").as("a"), col("miles"), col("miles").times(2).as("a"));
  // @ts-expect-error a key is never null
  flights.keyBy(col("delay"));
  // @ts-expect-error nor undefined
  flights.keyBy(col("tail"));
  const windows = flights.keyBy("origin").window(TumblingEventTimeWindows.of(minutes(1)));
  // @ts-expect-error what may be null is not summed
  windows.aggregate({ total: sum(col("delay").plus(1)) });
  // @ts-expect-error strings are not summed
  windows.aggregate({ total: sum(col("origin")) });
  // @ts-expect-error nor where they are named
  windows.aggregate({ total: sum("origin") });
  // @ts-expect-error nor is what a function gives
  windows.aggregate({ mean: avg((flight) => flight.origin) });
  // @ts-expect-error booleans have no largest
  windows.aggregate({ far: max(col("miles").gt(5)) });
  // @ts-expect-error there is no such field
  windows.aggregate({ far: max("mlies") });
  // @ts-expect-error the records of the stream have no such field
  windows.aggregate({ total: sum(other("seats").times(2)) });
}

/** What the compiler says of values that an aggregate does not take. */
export function texts(): void {
  type Summed<V> = Aggregable<V, number | bigint>;
  isExactly<"it may be null: filter by isNotNull() before, or say what stands for null with ifNull(…)">()(undefined as never as Summed<number | null>);
  isExactly<"only numbers and bigints can be added up">()(undefined as never as Summed<string>);
  isExactly<"only numbers, bigints and strings have a smallest and a largest">()(undefined as never as Aggregable<boolean, number | bigint | string>);
  isExactly<unknown>()(undefined as unknown as Summed<1 | 2n>);
}

/** What it says of arguments that streams do not take. */
export function textsOfStreams(): void {
  type NullKey = "it may be null, and a key is never: filter by isNotNull() before, or say what stands for null with ifNull(…)";
  type Miles = Expression<Flight, number, "miles">;
  isExactly<'a filter needs a boolean: compare the value, as in col("delay").gt(30)'>()(undefined as never as NotFiltering<Flight, Miles>);
  isExactly<"a filter needs a function that returns true or false">()(undefined as never as NotFiltering<Flight, (flight: Flight) => string>);
  isExactly<NoSuchField<{ readonly origin: "JFK" | "LAX"; readonly miles: number; readonly bytes: bigint }>>()(undefined as never as NotKey<Flight, "dealy">);
  isExactly<Refused<NullKey>>()(undefined as never as NotKey<Flight, "delay">);
  isExactly<Refused<NullKey>>()(undefined as never as NotKey<Flight, "tail">);
  isExactly<NullKey>()(undefined as never as NotKey<Flight, Expression<Flight, number | null, "delay">>);
  isExactly<NullKey>()(undefined as never as NotKey<Flight, (flight: Flight) => number | null>);
  isExactly<Refused<"keys are strings, numbers, booleans and bigints, and arrays and plain objects of them">>()(undefined as never as NotKey<{ at: Date }, "at">);
  isExactly<Refused<"keyBy takes the name of a field, an expression, or a function of the record">>()(undefined as never as NotKey<Flight, 5>);
  const spec = { flights: count(), mean: avg("delay"), total: sum("origin"), far: max("mlies"), miles: sum("miles"), seats: min(columnsOf<{ seats: number }>()("seats")) };
  isExactly<{
    readonly flights: unknown;
    readonly mean: "it may be null: filter by isNotNull() before, or say what stands for null with ifNull(…)";
    readonly total: "only numbers and bigints can be added up";
    readonly far: "the records have no such field";
    readonly miles: unknown;
    readonly seats: "the records have no such field";
  }>()(undefined as never as NotAggregating<Flight, typeof spec>);
  const unnamed = [col("origin"), col("miles").plus(1)] as const;
  isExactly<'give it a name with as("…")'>()(undefined as never as DistinctNames<typeof unnamed>[1]);
  const canceled = columnsOf<{ canceled: boolean }>()("canceled");
  isExactly<"only numbers, bigints and strings have an order">()(undefined as never as Extract<Parameters<typeof canceled.gt>[0], string>);
}

/** One aggregate that is refused takes nothing from the others, nor from those in a call with a window function. */
export function mistakesBesideOthers(): void {
  const windows = flights.keyBy("origin").window(TumblingEventTimeWindows.of(minutes(1)));
  // @ts-expect-error what may be null is not averaged
  windows.aggregate({ mean: avg("delay"), miles: avg((flight) => flight.miles) });
  // @ts-expect-error nor before a window function
  windows.aggregate({ mean: avg("delay") }, (key, _context, _results, out) => out.collect(key));
  // @ts-expect-error nor over all keys
  flights.windowAll(TumblingEventTimeWindows.of(minutes(1))).aggregate({ mean: avg("delay") });
  // @ts-expect-error a key is never null
  flights.keyBy("delay");
  // @ts-expect-error there is no such field
  flights.keyBy("dealy");
  // @ts-expect-error a string is no condition
  flights.filter((flight) => flight.origin);
  // @ts-expect-error what is computed needs a name
  flights.addOrReplaceColumns(col("miles").plus(1));
  // @ts-expect-error booleans have no order
  columnsOf<{ canceled: boolean }>()("canceled").gt(true);
}

/** Names that only run time knows are compared there. */
export function namesOfRunTime(name: string, given: NamedExpressions<Flight>): void {
  flights.select(...given);
  flights.select(col("origin"), ...given);
  flights.addOrReplaceColumns(col("origin"), col("miles").as(name));
}

/** One of the two. */
function pick<A, B>(one: A, _other: B): A | B {
  return one;
}

function recordOf<S>(_stream: S): RecordsOf<S> {
  return undefined as never;
}
