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
  /**
   * What stands for it where subtasks run in several threads: plain data. Default: what `getLocalValue` returns. Needed, with `mergeData`, where that is not all
   * that `merge` needs, as for a mean, or is no plain data.
   */
  toData?(): unknown;
  /** As `merge`, with what `toData` of another one has returned. Default: `merge` with an accumulator that has `getLocalValue` alone. */
  mergeData?(data: unknown): void;
}
