/**
 * A key selector that only reads a field says which, so that whoever has the records as columns need not make rows to ask it. It stays a function of a record
 * for everyone else.
 */
export interface ColumnKeySelector {
  (record: never): unknown;
  readonly column: string;
}

export function columnKeySelector<T>(column: string, keyOf: (record: T) => unknown): (record: T) => unknown {
  return Object.assign((record: T) => keyOf(record), { column });
}

/** The column that holds the keys; undefined where only a function knows them. */
export function keyColumnOf(keyOf: ((record: never) => unknown) | undefined): string | undefined {
  return keyOf === undefined ? undefined : (keyOf as Partial<ColumnKeySelector>).column;
}
