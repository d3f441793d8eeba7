import { boolColumn, type Column, f64Column, objectColumn, stringColumn, valueAt } from "../../core/data/column.ts";
import { ByteInterner } from "../../core/data/byte-interner.ts";
import { allValid, hasAbsent, markAbsent, markValid, type Validity, validityLength } from "../../core/data/validity.ts";

/** What a column of a text file may hold. */
export type HeldKind = "number" | "string" | "boolean";

/** What a field of a text file may be declared to be. `timestamp`: a time written in ISO 8601, held as a number, ms since the epoch. */
export type FieldKind = HeldKind | "timestamp";

/** What a field with values of type V may be declared to be. */
export type FieldKindOf<V> = unknown extends V
  ? FieldKind
  : V extends number
    ? "number" | "timestamp"
    : V extends string
      ? "string"
      : V extends boolean
        ? "boolean"
        : never;

/** `undecided`: no row has had a value yet. `any`: values of several kinds, or nested ones. */
export type LineColumnKind = HeldKind | "undecided" | "any";

/** Times are numbers from here on. */
export function heldAs<K extends string>(kind: K): Exclude<K, "timestamp"> | "number" {
  return kind === "timestamp" ? "number" : (kind as Exclude<K, "timestamp">);
}

const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * One field of the rows of a file, being filled. Where a value is of another kind than those before, the column goes on with values
 * of any kind: nothing is lost, and no batch is cut. Rows may be set again until the next one comes.
 */
export class LineColumn {
  readonly name: string;
  readonly #rowsMax: number;
  readonly #interner = new ByteInterner();
  #kind: LineColumnKind;
  #numbers: Float64Array;
  #ids: Int32Array;
  #flags: Uint8Array;
  #values: unknown[] = [];
  #validity: Validity | undefined;

  constructor(name: string, kind: LineColumnKind, rowsMax: number) {
    this.name = name;
    this.#kind = kind;
    this.#rowsMax = rowsMax;
    this.#numbers = new Float64Array(kind === "number" ? rowsMax : 0);
    this.#ids = new Int32Array(kind === "string" ? rowsMax : 0);
    this.#flags = new Uint8Array(kind === "boolean" ? rowsMax : 0);
  }

  get kind(): LineColumnKind {
    return this.#kind;
  }

  setNumber(row: number, value: number): void {
    if (this.#kind !== "number" && !this.#becomes("number", row)) return this.#setAny(row, value);
    this.#numbers[row] = value;
    if (this.#validity !== undefined) markValid(this.#validity, row);
  }

  setBoolean(row: number, value: boolean): void {
    if (this.#kind !== "boolean" && !this.#becomes("boolean", row)) return this.#setAny(row, value);
    this.#flags[row] = value ? 1 : 0;
    if (this.#validity !== undefined) markValid(this.#validity, row);
  }

  /** UTF-8 in [start, end). */
  setText(row: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#kind !== "string" && !this.#becomes("string", row)) return this.#setAny(row, decoder.decode(bytes.subarray(start, end)));
    this.#ids[row] = this.#interner.idOfBytes(bytes, start, end);
    if (this.#validity !== undefined) markValid(this.#validity, row);
  }

  setNull(row: number): void {
    if (this.#kind === "any") {
      this.#values[row] = null;
      return;
    }
    this.#validity ??= allValid(this.#rowsMax);
    markAbsent(this.#validity, row);
  }

  /** A value as JSON has it. */
  setValue(row: number, value: unknown): void {
    if (value === null) this.setNull(row);
    else if (typeof value === "number") this.setNumber(row, value);
    else if (typeof value === "boolean") this.setBoolean(row, value);
    else if (typeof value !== "string" || (this.#kind !== "string" && !this.#becomes("string", row))) this.#setAny(row, value);
    else {
      this.#ids[row] = this.#interner.idOf(value);
      if (this.#validity !== undefined) markValid(this.#validity, row);
    }
  }

  /** The column of the first rows; its memory goes with it. */
  finish(rowCount: number): Column {
    const rowsMax = this.#rowsMax;
    const validity = this.#finishedValidity(rowCount);
    switch (this.#kind) {
      case "string":
        return this.#finishStrings(rowCount, validity);
      case "boolean": {
        const flags = this.#flags.subarray(0, rowCount);
        this.#flags = new Uint8Array(rowsMax);
        return boolColumn(flags, validity, null);
      }
      case "any": {
        const values = this.#values;
        values.length = rowCount;
        this.#values = [];
        return objectColumn(values);
      }
      case "undecided":
        // No row has a value, and readers ask the validity first.
        return f64Column(new Float64Array(rowCount), validity, null);
      case "number": {
        const numbers = this.#numbers.subarray(0, rowCount);
        this.#numbers = new Float64Array(rowsMax);
        return f64Column(numbers, validity, null);
      }
    }
  }

  /** Between batches is the time to leave a full dictionary; strings that hardly repeat are from then on kept as they are. */
  #finishStrings(rowCount: number, validity: Validity | undefined): Column {
    const ids = this.#ids.subarray(0, rowCount);
    const { dictionary, pays } = this.#interner;
    this.#ids = new Int32Array(this.#rowsMax);
    if (dictionary.isFull && !pays) this.#kind = "any";
    this.#interner.startBatch();
    return stringColumn(ids, dictionary, validity, null);
  }

  #finishedValidity(rowCount: number): Validity | undefined {
    const validity = this.#validity;
    this.#validity = undefined;
    if (validity === undefined || !hasAbsent(validity, rowCount)) return undefined;
    return validity.subarray(0, validityLength(rowCount));
  }

  /** Whether the column is of this kind now: rows before that had no value do not stand in the way. */
  #becomes(kind: HeldKind, row: number): boolean {
    if (this.#kind === "undecided") {
      this.#kind = kind;
      if (kind === "number") this.#numbers = new Float64Array(this.#rowsMax);
      else if (kind === "string") this.#ids = new Int32Array(this.#rowsMax);
      else this.#flags = new Uint8Array(this.#rowsMax);
      return true;
    }
    if (this.#kind !== "any") this.#widen(row);
    return false;
  }

  /** The rows before keep their values, now in a column that holds any. */
  #widen(rowCount: number): void {
    const column = this.finish(rowCount);
    const values: unknown[] = [];
    for (let row = 0; row < rowCount; row += 1) values.push(valueAt(column, row));
    this.#kind = "any";
    this.#values = values;
    this.#validity = undefined;
  }

  #setAny(row: number, value: unknown): void {
    if (this.#kind !== "any") this.#widen(row);
    this.#values[row] = value;
  }
}
