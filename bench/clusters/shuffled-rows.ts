/** What is exchanged between two workers, by whatever way. */
export interface ShuffledRow {
  readonly key: number;
  readonly value: number;
  readonly time: number;
}

/** Of one array of rows, and of one batch of columns. */
export const SHUFFLED_ROWS = 1_000;

/** The next of so many rows in all, new objects. */
export function rowsOf(keys: Int32Array, from: number, end: number): ShuffledRow[] {
  const rows: ShuffledRow[] = [];
  for (let at = from; at < Math.min(end, from + SHUFFLED_ROWS); at += 1) rows.push({ key: keys[at % keys.length]!, value: at & 0x3ff, time: at });
  return rows;
}

/** The same as columns. */
export class ShuffledColumns {
  readonly #keys: Int32Array;
  readonly #end: number;
  #next = 0;
  #columns = newColumns();

  constructor(keys: Int32Array, end: number) {
    this.#keys = keys;
    this.#end = end;
  }

  /** In the memory of those before, but for `renew`; undefined at the end. */
  next(): { readonly key: Int32Array; readonly value: Int32Array; readonly time: Float64Array } | undefined {
    const length = Math.min(SHUFFLED_ROWS, this.#end - this.#next);
    if (length <= 0) return undefined;
    const { key, value, time } = this.#columns;
    for (let row = 0; row < length; row += 1) {
      const at = this.#next + row;
      key[row] = this.#keys[at % this.#keys.length]!;
      value[row] = at & 0x3ff;
      time[row] = at;
    }
    this.#next += length;
    return { key: key.subarray(0, length), value: value.subarray(0, length), time: time.subarray(0, length) };
  }

  /** Somebody keeps the memory. */
  renew(): void {
    this.#columns = newColumns();
  }
}

function newColumns(): { readonly key: Int32Array; readonly value: Int32Array; readonly time: Float64Array } {
  return { key: new Int32Array(SHUFFLED_ROWS), value: new Int32Array(SHUFFLED_ROWS), time: new Float64Array(SHUFFLED_ROWS) };
}
