/**
 * What a user function emits to. Emitted records carry the timestamp of the record or timer at hand. A record is handed over: the next function may change it,
 * so emit a copy of what you keep in a field or in state, or emit twice.
 */
export interface Collector<T> {
  collect(record: T): void;
}
