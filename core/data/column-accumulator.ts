import { isInt64 } from "../lib/int64.ts";
import {
  type Absent,
  boolColumn,
  type Column,
  f64Column,
  i64Column,
  objectColumn,
  stringColumn,
} from "./column.ts";
import { StringInterner } from "./dictionary.ts";
import { allValid, hasAbsent, markAbsent, type Validity, validityLength } from "./validity.ts";

/** Builders write numbers as f64; i32 is for bytes and for sources that have it. `undecided`: no row has had a value yet. */
export type AccumulatedKind = "undecided" | "f64" | "i64" | "bool" | "string" | "object";

const NONE = { f64: new Float64Array(0), i64: new BigInt64Array(0), bool: new Uint8Array(0), codes: new Int32Array(0) };

/** One column being filled from rows. Its kind is that of the first value; what does not fit is refused. */
export class ColumnAccumulator {
  readonly #rowsMax: number;
  readonly #interner = new StringInterner();
  #kind: AccumulatedKind;
  #f64: Float64Array = NONE.f64;
  #i64: BigInt64Array = NONE.i64;
  #bool: Uint8Array = NONE.bool;
  #codes: Int32Array = NONE.codes;
  #objects: unknown[] = [];
  #validity: Validity | undefined = undefined;
  /** Which of null and undefined this column has met; both look alike in the bits, so a second one does not fit. */
  #absent: Absent | "unmet" = "unmet";

  constructor(rowsMax: number, kind: AccumulatedKind) {
    this.#rowsMax = rowsMax;
    this.#kind = kind;
  }

  get kind(): AccumulatedKind {
    return this.#kind;
  }

  /** Sets the value of the row after the last one. False: it is of another kind than those before, and no more rows may follow. */
  set(row: number, value: unknown): boolean {
    switch (this.#kind) {
      case "f64":
        if (typeof value !== "number") break;
        this.#f64[row] = value;
        return true;
      case "string":
        if (typeof value !== "string") break;
        this.#codes[row] = this.#interner.idOf(value);
        return true;
      case "object":
        this.#objects[row] = value;
        return true;
      case "bool":
        if (typeof value !== "boolean") break;
        this.#bool[row] = value ? 1 : 0;
        return true;
      case "i64":
        if (typeof value !== "bigint" || !isInt64(value)) break;
        this.#i64[row] = value;
        return true;
      case "undecided":
        if (value === null || value === undefined) break;
        return this.#decide(row, value) && this.set(row, value);
    }
    return (value === null || value === undefined) && this.#setAbsent(row, value);
  }

  /** The column of the first rows. With it goes the memory, unless little of it is used: then a copy goes. */
  finish(rowCount: number): Column {
    // Without any value the kind says nothing. Readers ask the validity first.
    if (this.#kind === "undecided") this.#f64 = this.#f64.length === 0 ? new Float64Array(this.#rowsMax) : this.#f64;
    const column = this.#column(rowCount, rowCount <= this.#rowsMax / 2);
    this.#validity = undefined;
    return column;
  }

  #column(rowCount: number, copies: boolean): Column {
    const validity = this.#finishedValidity(rowCount);
    const absent = this.#absent === "unmet" ? null : this.#absent;
    switch (this.#kind) {
      case "string":
        return this.#finishStrings(rowCount, copies, validity, absent);
      case "bool": {
        const values = part(this.#bool, rowCount, copies);
        if (!copies) this.#bool = new Uint8Array(this.#rowsMax);
        return boolColumn(values, validity, absent);
      }
      case "i64": {
        const values = part(this.#i64, rowCount, copies);
        if (!copies) this.#i64 = new BigInt64Array(this.#rowsMax);
        return i64Column(values, validity, absent);
      }
      case "object": {
        const values = this.#objects;
        values.length = rowCount;
        this.#objects = [];
        return objectColumn(values);
      }
      default: {
        const values = part(this.#f64, rowCount, copies);
        if (!copies) this.#f64 = new Float64Array(this.#rowsMax);
        return f64Column(values, validity, absent);
      }
    }
  }

  /** Between batches is the time to leave a full dictionary; strings that hardly repeat are from then on kept as they are. */
  #finishStrings(rowCount: number, copies: boolean, validity: Validity | undefined, absent: Absent): Column {
    const values = part(this.#codes, rowCount, copies);
    const { dictionary, pays } = this.#interner;
    if (dictionary.isFull && !pays) {
      this.#kind = "object";
      this.#codes = NONE.codes;
      this.#interner.startGeneration();
    } else {
      if (!copies) this.#codes = new Int32Array(this.#rowsMax);
      this.#interner.startBatch();
    }
    return stringColumn(values, dictionary, validity, absent);
  }

  #finishedValidity(rowCount: number): Validity | undefined {
    const validity = this.#validity;
    if (validity === undefined || !hasAbsent(validity, rowCount)) return undefined;
    return validity.subarray(0, validityLength(rowCount));
  }

  #setAbsent(row: number, value: Absent): boolean {
    if (this.#absent === "unmet") this.#absent = value;
    else if (this.#absent !== value) return false;
    this.#validity ??= allValid(this.#rowsMax);
    markAbsent(this.#validity, row);
    return true;
  }

  /** The rows before have no value, so nothing is lost by deciding late. */
  #decide(row: number, value: unknown): boolean {
    const kind = columnKindOf(value);
    if (kind === "object") {
      if (this.#absent !== "unmet") for (let before = 0; before < row; before += 1) this.#objects[before] = this.#absent;
      this.#validity = undefined;
    } else if (kind === "f64") this.#f64 = new Float64Array(this.#rowsMax);
    else if (kind === "i64") this.#i64 = new BigInt64Array(this.#rowsMax);
    else if (kind === "bool") this.#bool = new Uint8Array(this.#rowsMax);
    else this.#codes = new Int32Array(this.#rowsMax);
    this.#kind = kind;
    return true;
  }
}

/** The kind of column that a value begins. */
export function columnKindOf(value: unknown): Exclude<AccumulatedKind, "undecided"> {
  switch (typeof value) {
    case "number":
      return "f64";
    case "string":
      return "string";
    case "boolean":
      return "bool";
    case "bigint":
      return isInt64(value) ? "i64" : "object";
    default:
      return "object";
  }
}

/** The first elements: of the same memory, which goes with them, or copied. */
function part<A extends { slice(start: number, end: number): A; subarray(start: number, end: number): A }>(array: A, count: number, copies: boolean): A {
  return copies ? array.slice(0, count) : array.subarray(0, count);
}
