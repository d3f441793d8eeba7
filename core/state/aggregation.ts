/** Combines two records into one of the same type; must be associative. */
export interface ReduceFunction<T> {
  reduce(left: T, right: T): T;
}

/**
 * Flink's AggregateFunction: an accumulator that records are added to.
 *
 * `merge` is needed for session windows. With `merge` and `sliceable: true` a sliding window is summed from slices, each accumulated on its own, then
 * merged by ascending start; without it every window accumulates for itself, record by record.
 */
export interface AggregateFunction<In, Acc, Out> {
  createAccumulator(): Acc;
  /** Returns the accumulator with the record added; it may change and return the one it was given. */
  add(record: In, accumulator: Acc): Acc;
  getResult(accumulator: Acc): Out;
  /** Returns both parts as one; `earlier` holds the records of the earlier pane or slice. It may change and return `earlier`; `later` it neither changes nor returns. */
  merge?(earlier: Acc, later: Acc): Acc;
  readonly sliceable?: boolean;
}
