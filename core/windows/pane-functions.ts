import { copied } from "../data/copied.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import type { AggregateFunction, ReduceFunction } from "../state/aggregation.ts";
import type { Slots } from "./aggregate-slots.ts";
import { BuiltInAggregates } from "./built-in-aggregates.ts";
import type { PaneFunction } from "./panes.ts";

/** What a window holds, and what its window function is given of it: `In` records, one reduced record, one result. */
export interface WindowContents<T, Contents, V> extends PaneFunction<T, Contents> {
  /** What a window function iterates over: its own copy where it is a list. */
  values(contents: Contents): readonly V[];
  /** The one value, where there is one of any contents. */
  value?(contents: Contents): V;
  /** What is aggregated, where the aggregates are built in: what a kernel recognises. The contents are then their slots. */
  readonly builtIn?: BuiltInAggregates<T, V>;
}

/** Every record, in the order in which they came; those of an earlier session before those of the one it is merged with. */
export function listPane<T>(): WindowContents<T, T[], T> {
  return {
    kind: "list",
    create: (record) => [record],
    add(contents, record) {
      contents.push(record);
      return contents;
    },
    merge(earlier, later) {
      for (const record of later) earlier.push(record);
      return earlier;
    },
    // The window may fire again: what a function of the user keeps of this firing must not grow.
    values: (contents) => contents.slice(),
  };
}

/** One record, reduced from all. */
export function reducePane<T>(fn: ReduceFunction<T>): WindowContents<T, T, T> {
  return {
    kind: "reduce",
    // The function may change its first argument, which whoever emitted the record may still have: a collection, say.
    create: (record) => copied(record),
    add: (contents, record) => returned("reduce", REDUCE_RETURNS, fn.reduce(contents, record)),
    merge: (earlier, later) => returned("reduce", REDUCE_RETURNS, fn.reduce(earlier, later)),
    values: (contents) => [contents],
  };
}

/** An accumulator of a user's function, or of built-in aggregates. */
export function aggregatePane<T, Acc, Out>(fn: AggregateFunction<T, Acc, Out>): WindowContents<T, Acc, Out> {
  // The accumulators of built-in aggregates are slots, which the compiler cannot conclude from the class.
  if (fn instanceof BuiltInAggregates) return builtInPane<T, Out>(fn) as unknown as WindowContents<T, Acc, Out>;
  if (fn.sliceable === true && fn.merge === undefined) {
    throw new JobError("INVALID_ARGUMENT", `an AggregateFunction with sliceable: true needs merge, but ${show(fn)} has none`);
  }
  const merge =
    fn.merge === undefined ? undefined : (earlier: Acc, later: Acc): Acc => returned("merge", "both accumulators as one", fn.merge!(earlier, later));
  return {
    kind: "aggregate",
    create: (record) => returned("add", ADD_RETURNS, fn.add(record, fn.createAccumulator())),
    add: (contents, record) => returned("add", ADD_RETURNS, fn.add(record, contents)),
    merge,
    values: (contents) => [fn.getResult(contents)],
    value: (contents) => fn.getResult(contents),
    // An empty accumulator takes in a copy; a merge never changes the later part.
    ...(fn.sliceable === true && merge !== undefined
      ? { copy: (contents: Acc) => mergedAnew(merge(fn.createAccumulator(), contents), contents) }
      : {}),
  };
}

/** `first` and `last` go by time, which an AggregateFunction is not told. */
function builtInPane<T, Out>(fn: BuiltInAggregates<T, Out>): WindowContents<T, Slots, Out> {
  return {
    kind: "aggregate",
    create: (record, timestamp) => fn.add(record, fn.createAccumulator(), timestamp),
    add: (contents, record, timestamp) => fn.add(record, contents, timestamp),
    merge: (earlier, later) => fn.merge(earlier, later),
    copy: (contents) => contents.slice(),
    values: (contents) => [fn.getResult(contents)],
    value: (contents) => fn.getResult(contents),
    builtIn: fn,
  };
}

const REDUCE_RETURNS = "both records combined";
const ADD_RETURNS = "the accumulator with the record added";

/** Undefined is what a function without a `return` gives, and is nothing that a window could hold. */
function returned<R>(method: string, what: string, result: R): R {
  if (result === undefined) throw new TypeError(`${method} returned undefined: it must return ${what}`);
  return result;
}

/** The slice that a sum begins with lives on: the sum would change it if it were the same object. */
function mergedAnew<Acc>(merged: Acc, slice: Acc): Acc {
  if (merged !== slice || typeof merged !== "object" || merged === null) return merged;
  throw new TypeError("merge returned its second argument, which with sliceable: true must stay as it is: return the first, changed, or a new accumulator");
}
