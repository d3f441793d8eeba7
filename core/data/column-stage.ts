import { assert } from "../lib/assert.ts";
import { ByteWriter } from "../lib/bytes.ts";
import type { Absent, BoolColumn, Column, ColumnKind, F64Column, I32Column, I64Column, StringColumn } from "./column.ts";
import { StringInterner } from "./dictionary.ts";
import { IdTable, UNKNOWN } from "./id-table.ts";
import { isValid, markAbsent, type Validity, validityLength } from "./validity.ts";

const ROWS_MIN = 64;
/** What is kept of the memory for objects from one buffer to the next. */
const OBJECT_BYTES_KEPT_MAX = 1 << 20;
const NAN_HIGH_WORD = 0x7ff80000;

/** Some records of a batch in order: rows `rows[from]` to `rows[to − 1]`; without `rows`, rows `from` to `to − 1`. */
export interface PickedRows {
  readonly rows: Int32Array | undefined;
  readonly from: number;
  readonly to: number;
}

/** The values of one column that are ready to be written, gathered from however many batches. Memory stays for the next buffer. */
export interface ColumnStage {
  /** As which kind they will be written. */
  readonly kind: ColumnKind;
  readonly absences: Absences;
  /** Whether the values of a column can follow those that are there. */
  takes(column: Column): boolean;
  /** Adds values behind the `at` that are there. */
  append(column: Column, picked: PickedRows, at: number): void;
  /** Bytes of the first `rowCount` values, without validity and padding. */
  byteLength(rowCount: number): number;
  /** Writes them. The position is a multiple of 8. */
  write(bytes: Uint8Array<ArrayBuffer>, position: number, rowCount: number): void;
  reset(): void;
}

export function stageFor(column: Column): ColumnStage {
  switch (column.kind) {
    case "f64":
    case "i32":
      return new NumberStage();
    case "i64":
      return new I64Stage();
    case "bool":
      return new BoolStage();
    case "string":
      return new StringStage();
    case "object":
      return new ObjectStage();
  }
}

/** Which of the values are absent. */
export class Absences {
  /** What stands where there is no value. */
  absent: Absent = null;
  /** Undefined as long as every row has a value. */
  #bits: Uint8Array<ArrayBuffer> | undefined;

  get any(): boolean {
    return this.#bits !== undefined;
  }

  takes(column: Column): boolean {
    return this.#bits === undefined || column.validity === undefined || column.absent === this.absent;
  }

  append({ validity, absent }: Column, { rows, from, to }: PickedRows, at: number): void {
    if (this.#bits !== undefined) this.#bits = this.#reaching(at + to - from);
    if (validity === undefined) return;
    for (let index = from; index < to; index += 1) {
      if (isValid(validity, rows === undefined ? index : rows[index]!)) continue;
      this.#bits ??= this.#reaching(at + to - from);
      this.absent = absent;
      markAbsent(this.#bits, at + index - from);
    }
  }

  write(bytes: Uint8Array<ArrayBuffer>, position: number, rowCount: number): void {
    assert(this.#bits !== undefined, "a column without absences has no bits");
    const length = validityLength(rowCount);
    bytes.set(this.#bits.subarray(0, length), position);
    // Bits behind the last row are zeros.
    if ((rowCount & 7) !== 0) bytes[position + length - 1]! &= (1 << (rowCount & 7)) - 1;
  }

  reset(): void {
    this.#bits = undefined;
  }

  #reaching(rowCount: number): Uint8Array<ArrayBuffer> {
    const length = validityLength(rowCount);
    if (this.#bits !== undefined && length <= this.#bits.length) return this.#bits;
    const grown = new Uint8Array(Math.max(2 * length, ROWS_MIN)).fill(0xff);
    if (this.#bits !== undefined) grown.set(this.#bits);
    return grown;
  }
}

/** Doubles, such as timestamps. */
export class F64Values {
  #values = new Float64Array(0);
  #hasNaN = false;

  append(values: Float64Array, validity: Validity | undefined, picked: PickedRows, at: number): void {
    this.reach(at, at + picked.to - picked.from);
    if (copyDoubles(values, validity, picked, this.#values, at)) this.#hasNaN = true;
  }

  appendIntegers(values: Int32Array, validity: Validity | undefined, picked: PickedRows, at: number): void {
    this.reach(at, at + picked.to - picked.from);
    const { rows, from, to } = picked;
    for (let index = from; index < to; index += 1) {
      const row = rows === undefined ? index : rows[index]!;
      this.#values[at + index - from] = validity === undefined || isValid(validity, row) ? values[row]! : 0;
    }
  }

  /** Takes over what was thought to be integers. */
  startWith(values: Int32Array): void {
    this.reach(0, values.length);
    this.#values.set(values);
  }

  write(bytes: Uint8Array<ArrayBuffer>, position: number, rowCount: number): void {
    const target = new Float64Array(bytes.buffer, position, rowCount);
    target.set(this.#values.subarray(0, rowCount));
    if (!this.#hasNaN) return;
    // A platform may choose the bits of NaN.
    for (let index = 0; index < rowCount; index += 1) {
      if (Number.isNaN(target[index])) new Uint32Array(bytes.buffer, position + 8 * index, 2).set([0, NAN_HIGH_WORD]);
    }
  }

  reset(): void {
    this.#hasNaN = false;
  }

  reach(rowCount: number, wanted: number): void {
    if (wanted <= this.#values.length) return;
    const grown = new Float64Array(Math.max(2 * wanted, ROWS_MIN));
    grown.set(this.#values.subarray(0, rowCount));
    this.#values = grown;
  }
}

/** Numbers: integers of 32 bits until the first that is none. */
class NumberStage implements ColumnStage {
  readonly absences = new Absences();
  readonly #doubles = new F64Values();
  #integers = new Int32Array(0);
  #areIntegers = true;

  get kind(): ColumnKind {
    return this.#areIntegers ? "i32" : "f64";
  }

  takes(column: Column): boolean {
    return (column.kind === "f64" || column.kind === "i32") && this.absences.takes(column);
  }

  append(column: F64Column | I32Column, picked: PickedRows, at: number): void {
    this.absences.append(column, picked, at);
    const { validity } = column;
    if (column.kind === "i32") {
      if (this.#areIntegers) copyIntegers(column.values, validity, picked, this.#reach(at, picked), at);
      else this.#doubles.appendIntegers(column.values, validity, picked, at);
      return;
    }
    let { from } = picked;
    if (this.#areIntegers) {
      from = copyWhileIntegers(column.values, validity, picked, this.#reach(at, picked), at);
      if (from === picked.to) return;
      this.#areIntegers = false;
      this.#doubles.startWith(this.#integers.subarray(0, at + from - picked.from));
    }
    this.#doubles.append(column.values, validity, { rows: picked.rows, from, to: picked.to }, at + from - picked.from);
  }

  byteLength(rowCount: number): number {
    return (this.#areIntegers ? 4 : 8) * rowCount;
  }

  write(bytes: Uint8Array<ArrayBuffer>, position: number, rowCount: number): void {
    if (!this.#areIntegers) return this.#doubles.write(bytes, position, rowCount);
    new Int32Array(bytes.buffer, position, rowCount).set(this.#integers.subarray(0, rowCount));
  }

  reset(): void {
    this.absences.reset();
    this.#doubles.reset();
    this.#areIntegers = true;
  }

  #reach(at: number, { from, to }: PickedRows): Int32Array {
    this.#integers = reaching(this.#integers, at, at + to - from);
    return this.#integers;
  }
}

/** As pairs of halves: nothing makes a bigint of them on the way. */
class I64Stage implements ColumnStage {
  readonly kind = "i64";
  readonly absences = new Absences();
  #halves = new Int32Array(0);

  takes(column: Column): boolean {
    return column.kind === "i64" && this.absences.takes(column);
  }

  append(column: I64Column, picked: PickedRows, at: number): void {
    this.absences.append(column, picked, at);
    const { rows, from, to } = picked;
    const { values, validity } = column;
    const source = new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
    const target = (this.#halves = reaching(this.#halves, 2 * at, 2 * (at + to - from)));
    if (rows === undefined && validity === undefined) return target.set(source.subarray(2 * from, 2 * to), 2 * at);
    for (let index = from; index < to; index += 1) {
      const row = rows === undefined ? index : rows[index]!;
      const place = 2 * (at + index - from);
      const isThere = validity === undefined || isValid(validity, row);
      target[place] = isThere ? source[2 * row]! : 0;
      target[place + 1] = isThere ? source[2 * row + 1]! : 0;
    }
  }

  byteLength(rowCount: number): number {
    return 8 * rowCount;
  }

  write(bytes: Uint8Array<ArrayBuffer>, position: number, rowCount: number): void {
    new Int32Array(bytes.buffer, position, 2 * rowCount).set(this.#halves.subarray(0, 2 * rowCount));
  }

  reset(): void {
    this.absences.reset();
  }
}

class BoolStage implements ColumnStage {
  readonly kind = "bool";
  readonly absences = new Absences();
  #values = new Uint8Array(0);

  takes(column: Column): boolean {
    return column.kind === "bool" && this.absences.takes(column);
  }

  append(column: BoolColumn, picked: PickedRows, at: number): void {
    this.absences.append(column, picked, at);
    const { rows, from, to } = picked;
    const { values, validity } = column;
    if (this.#values.length < at + to - from) {
      const grown = new Uint8Array(Math.max(2 * (at + to - from), ROWS_MIN));
      grown.set(this.#values.subarray(0, at));
      this.#values = grown;
    }
    for (let index = from; index < to; index += 1) {
      const row = rows === undefined ? index : rows[index]!;
      this.#values[at + index - from] = validity === undefined || isValid(validity, row) ? values[row]! : 0;
    }
  }

  byteLength(rowCount: number): number {
    return rowCount;
  }

  write(bytes: Uint8Array<ArrayBuffer>, position: number, rowCount: number): void {
    bytes.set(this.#values.subarray(0, rowCount), position);
  }

  reset(): void {
    this.absences.reset();
  }
}

/** Strings by ids of the session, which outlives the buffer: writer and reader learn each string once. */
export class StringStage implements ColumnStage {
  readonly kind = "string";
  readonly absences = new Absences();
  readonly #interner = new StringInterner();
  /** Ids of the dictionaries of batches → ids of the session. */
  readonly #translations = new IdTable();
  #ids = new Int32Array(0);
  #sent = 0;
  /** Of strings that have not been sent. */
  #newUnits = 0;

  takes(column: Column): boolean {
    return column.kind === "string" && this.absences.takes(column);
  }

  /** Before the first rows of a buffer. A generation that has grown full is left. */
  startBuffer(goesOn: boolean): void {
    if (goesOn && !this.#interner.dictionary.isFull) return;
    this.#interner.startGeneration();
    this.#translations.clear();
    this.#sent = 0;
    this.#newUnits = 0;
  }

  append(column: StringColumn, picked: PickedRows, at: number): void {
    this.absences.append(column, picked, at);
    const { rows, from, to } = picked;
    const { values, validity, dictionary } = column;
    const known = this.#translations.of(dictionary);
    const ids = (this.#ids = reaching(this.#ids, at, at + to - from));
    for (let index = from; index < to; index += 1) {
      const row = rows === undefined ? index : rows[index]!;
      let id = 0;
      if (validity === undefined || isValid(validity, row)) {
        const given = values[row]!;
        id = known[given]!;
        if (id === UNKNOWN) id = known[given] = this.#idOf(dictionary.strings[given]!);
      }
      ids[at + index - from] = id;
    }
  }

  /** The strings that got an id since this was called last. */
  writeNew(writer: ByteWriter): void {
    const { generation, strings } = this.#interner.dictionary;
    writer.varint(generation);
    writer.varint(this.#sent);
    writer.varint(strings.length - this.#sent);
    for (; this.#sent < strings.length; this.#sent += 1) writer.string(strings[this.#sent]!);
    this.#newUnits = 0;
  }

  byteLength(rowCount: number): number {
    return 4 * rowCount;
  }

  /** What the description will take for the strings that are new, roughly. */
  get newLength(): number {
    return this.#newUnits;
  }

  write(bytes: Uint8Array<ArrayBuffer>, position: number, rowCount: number): void {
    new Int32Array(bytes.buffer, position, rowCount).set(this.#ids.subarray(0, rowCount));
  }

  reset(): void {
    this.absences.reset();
  }

  #idOf(text: string): number {
    const id = this.#interner.idOf(text);
    if (this.#sent <= id) this.#newUnits += 1 + text.length;
    return id;
  }
}

/** Values that describe themselves, in one session. Whoever adds them writes them, since that may be refused. */
export class ObjectStage implements ColumnStage {
  readonly kind = "object";
  readonly absences = new Absences();
  writer = new ByteWriter();

  takes(column: Column): boolean {
    return column.kind === "object";
  }

  append(): void {}

  byteLength(): number {
    return this.writer.length;
  }

  write(bytes: Uint8Array<ArrayBuffer>, position: number): void {
    bytes.set(this.writer.view(), position);
  }

  reset(): void {
    if (OBJECT_BYTES_KEPT_MAX < this.writer.length) this.writer = new ByteWriter();
    else this.writer.reset();
  }
}

function reaching(values: Int32Array<ArrayBuffer>, used: number, wanted: number): Int32Array<ArrayBuffer> {
  if (wanted <= values.length) return values;
  const grown = new Int32Array(Math.max(2 * wanted, ROWS_MIN));
  grown.set(values.subarray(0, used));
  return grown;
}

/** Returns whether there was a NaN. */
function copyDoubles(values: Float64Array, validity: Validity | undefined, { rows, from, to }: PickedRows, target: Float64Array, at: number): boolean {
  let hasNaN = false;
  for (let index = from; index < to; index += 1) {
    const value = values[rows === undefined ? index : rows[index]!]!;
    if (value !== value) hasNaN = true;
    target[at + index - from] = value;
  }
  if (validity !== undefined) clearAbsent(validity, { rows, from, to }, target, at);
  return hasNaN;
}

function copyIntegers(values: Int32Array, validity: Validity | undefined, { rows, from, to }: PickedRows, target: Int32Array, at: number): void {
  if (rows === undefined) target.set(values.subarray(from, to), at);
  else for (let index = from; index < to; index += 1) target[at + index - from] = values[rows[index]!]!;
  if (validity !== undefined) clearAbsent(validity, { rows, from, to }, target, at);
}

/** What stands in a column where there is no value goes nowhere. */
function clearAbsent(validity: Validity, { rows, from, to }: PickedRows, target: Int32Array | Float64Array, at: number): void {
  for (let index = from; index < to; index += 1) if (!isValid(validity, rows === undefined ? index : rows[index]!)) target[at + index - from] = 0;
}

/** Copies numbers of which nothing is lost as integers of 32 bits, and returns the index of the first that is none; −0 is none. */
function copyWhileIntegers(values: Float64Array, validity: Validity | undefined, { rows, from, to }: PickedRows, target: Int32Array, at: number): number {
  for (let index = from; index < to; index += 1) {
    const row = rows === undefined ? index : rows[index]!;
    const value = validity === undefined || isValid(validity, row) ? values[row]! : 0;
    const integer = value | 0;
    if (integer !== value || (value === 0 && 1 / value < 0)) return index;
    target[at + index - from] = integer;
  }
  return to;
}
