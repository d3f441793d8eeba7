/** What a user function emits to. Emitted records carry the timestamp of the record or timer at hand. */
export interface Collector<T> {
  collect(record: T): void;
}
