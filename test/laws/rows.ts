/** The one record type of random jobs. Whatever a stage makes is a row again, so that stages follow each other in any order. */
export interface Row {
  /** Unique among the rows of the sources; −1 where a window or timer made the row. */
  readonly id: number;
  /** Which key it has: the number stands for the key that the job really uses. */
  readonly key: number;
  /** Event time, ms. */
  readonly time: number;
  readonly value: number;
  /** What made it, in detail: results differ here if anything differs. */
  readonly note: string;
}

export const KEY_COUNT = 16;

/** The ways to write a key: each is a different path of key identity, hash and codec. */
export const KEY_FORMS = ["string", "integer", "double", "array", "object"] as const;
export type KeyForm = (typeof KEY_FORMS)[number];

/** The key of a row. Rows with one number get one key, however it is written: −0 or 0, any NaN, fields in either order. */
export function keyOfRow(form: KeyForm): (row: Row) => string | number | readonly (string | number)[] | { readonly [field: string]: number } {
  switch (form) {
    case "string":
      return (row) => `key ${row.key}`;
    case "integer":
      return (row) => row.key * 37 - 100;
    case "double":
      return ({ key, value }) => (key === 0 ? (value % 2 === 0 ? 0 : -0) : key === 1 ? NaN : key / 3);
    case "array":
      return ({ key }) => [key % 3, `part ${key}`];
    case "object":
      return ({ key, value }) => (value % 2 === 0 ? { a: key, b: -key } : { b: -key, a: key });
  }
}

export const KEY_OF_EVERY_SUBTASK = "every subtask of a keyed operator has processed a record";
