/** The rows of a batch to compute: those of the selection, or all of the first `count`. */
export interface Rows {
  readonly selection: Int32Array | undefined;
  readonly count: number;
}

/** Values lie at their row, whatever the selection. Where `nulls` is 1, and in rows that were not asked for, anything stands. */
export interface NumberVector {
  values: Float64Array;
  /** A byte a row; undefined: there is no null. */
  nulls: Uint8Array | undefined;
}

export interface BigintVector {
  values: BigInt64Array;
  nulls: Uint8Array | undefined;
}

export interface StringVector {
  ids: Int32Array;
  strings: readonly string[];
  nulls: Uint8Array | undefined;
}

export const FALSE = 0;
export const TRUE = 1;
export const NULL = 2;

/** Three-valued: `FALSE`, `TRUE` or `NULL`, a byte a row. */
export interface BooleanVector {
  values: Uint8Array;
  /** The values say it. */
  nulls?: undefined;
}

// One function an operator, with a loop over all rows and a loop over selected ones: the operator is compiled into the loop. A
// boolean as a number is `TRUE` or `FALSE`, without a branch.

export function addNumbers(a: Float64Array, b: Float64Array, out: Float64Array, { selection, count }: Rows): void {
  if (selection === undefined) for (let row = 0; row < count; row += 1) out[row] = a[row]! + b[row]!;
  else
    for (let index = 0; index < count; index += 1) {
      const row = selection[index]!;
      out[row] = a[row]! + b[row]!;
    }
}

export function subtractNumbers(a: Float64Array, b: Float64Array, out: Float64Array, { selection, count }: Rows): void {
  if (selection === undefined) for (let row = 0; row < count; row += 1) out[row] = a[row]! - b[row]!;
  else
    for (let index = 0; index < count; index += 1) {
      const row = selection[index]!;
      out[row] = a[row]! - b[row]!;
    }
}

export function multiplyNumbers(a: Float64Array, b: Float64Array, out: Float64Array, { selection, count }: Rows): void {
  if (selection === undefined) for (let row = 0; row < count; row += 1) out[row] = a[row]! * b[row]!;
  else
    for (let index = 0; index < count; index += 1) {
      const row = selection[index]!;
      out[row] = a[row]! * b[row]!;
    }
}

export function divideNumbers(a: Float64Array, b: Float64Array, out: Float64Array, { selection, count }: Rows): void {
  if (selection === undefined) for (let row = 0; row < count; row += 1) out[row] = a[row]! / b[row]!;
  else
    for (let index = 0; index < count; index += 1) {
      const row = selection[index]!;
      out[row] = a[row]! / b[row]!;
    }
}

export function lessNumbers(a: Float64Array, b: Float64Array, out: Uint8Array, { selection, count }: Rows): void {
  if (selection === undefined) for (let row = 0; row < count; row += 1) out[row] = +(a[row]! < b[row]!);
  else
    for (let index = 0; index < count; index += 1) {
      const row = selection[index]!;
      out[row] = +(a[row]! < b[row]!);
    }
}

export function atMostNumbers(a: Float64Array, b: Float64Array, out: Uint8Array, { selection, count }: Rows): void {
  if (selection === undefined) for (let row = 0; row < count; row += 1) out[row] = +(a[row]! <= b[row]!);
  else
    for (let index = 0; index < count; index += 1) {
      const row = selection[index]!;
      out[row] = +(a[row]! <= b[row]!);
    }
}

export function equalNumbers(a: Float64Array, b: Float64Array, out: Uint8Array, { selection, count }: Rows): void {
  if (selection === undefined) for (let row = 0; row < count; row += 1) out[row] = +(a[row] === b[row]);
  else
    for (let index = 0; index < count; index += 1) {
      const row = selection[index]!;
      out[row] = +(a[row] === b[row]);
    }
}

/** Loops whose work per row dwarfs the way to it: bigints and pairs of strings. */
export function forEachRow({ selection, count }: Rows, each: (row: number) => void): void {
  for (let index = 0; index < count; index += 1) each(selection === undefined ? index : selection[index]!);
}

/** Looks up for each row what its string gave; `verdicts` has an entry for each id. */
export function lookUp(ids: Int32Array, verdicts: Uint8Array, out: Uint8Array, { selection, count }: Rows): void {
  if (selection === undefined) for (let row = 0; row < count; row += 1) out[row] = verdicts[ids[row]!]!;
  else
    for (let index = 0; index < count; index += 1) {
      const row = selection[index]!;
      out[row] = verdicts[ids[row]!]!;
    }
}

/** Turns what was computed of nulls into null. */
export function maskNulls(out: Uint8Array, nulls: Uint8Array | undefined, { selection, count }: Rows): void {
  if (nulls === undefined) return;
  for (let index = 0; index < count; index += 1) {
    const row = selection === undefined ? index : selection[index]!;
    if (nulls[row] === 1) out[row] = NULL;
  }
}

/** Null where either is: a vector of its own where both have nulls, else one of the two. */
export function eitherNull(a: Uint8Array | undefined, b: Uint8Array | undefined, scratch: Uint8Array, rowCount: number): Uint8Array | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  for (let row = 0; row < rowCount; row += 1) scratch[row] = a[row]! | b[row]!;
  return scratch;
}

const AND = Uint8Array.of(FALSE, FALSE, FALSE, FALSE, FALSE, TRUE, NULL, FALSE, FALSE, NULL, NULL);
const OR = Uint8Array.of(FALSE, TRUE, NULL, FALSE, TRUE, TRUE, TRUE, FALSE, NULL, TRUE, NULL);

/** Kleene's logic, by a table with the left value times 4 plus the right one as its index. */
export function connect(op: "and" | "or", a: Uint8Array, b: Uint8Array, out: Uint8Array, { selection, count }: Rows): void {
  const table = op === "and" ? AND : OR;
  for (let index = 0; index < count; index += 1) {
    const row = selection === undefined ? index : selection[index]!;
    out[row] = table[4 * a[row]! + b[row]!]!;
  }
}

const NOT = Uint8Array.of(TRUE, FALSE, NULL);

export function negate(a: Uint8Array, out: Uint8Array, { selection, count }: Rows): void {
  for (let index = 0; index < count; index += 1) {
    const row = selection === undefined ? index : selection[index]!;
    out[row] = NOT[a[row]!]!;
  }
}
