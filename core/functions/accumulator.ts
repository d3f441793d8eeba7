/**
 * Flink's accumulator: a value that each subtask adds to for itself and that the job's result merges.
 *
 * @typeParam V what is added
 * @typeParam R what comes out
 */
export interface Accumulator<V, R> {
  add(value: V): void;
  getLocalValue(): R;
  resetLocal(): void;
  /** Adds what another accumulator of the same class holds, and leaves that one as it is. */
  merge(other: Accumulator<V, R>): void;
  /** An independent copy, so that results can be merged while subtasks go on adding. */
  clone(): Accumulator<V, R>;
}
