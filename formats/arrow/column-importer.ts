import { type Batch, type Column as ArrowColumn, DateUnit, Precision, TimeUnit, Type } from "@uwdata/flechette";
import { JobError } from "../../core/lib/errors.ts";
import { ByteInterner } from "../../core/data/byte-interner.ts";
import { boolColumn, type Column, f64Column, i32Column, i64Column, objectColumn, stringColumn } from "../../core/data/column.ts";
import { copied } from "../../core/data/copied.ts";
import { Dictionary } from "../../core/data/dictionary.ts";
import { allValid, hasAbsent, isValid, markAbsent, type Validity, validityLength } from "../../core/data/validity.ts";

/** How integers of 64 bits come: as bigints without a copy, or as numbers, each of which must be a safe integer. */
export type Int64Values = "bigint" | "number";

/** What a field of a dictionary column stands on: the strings by id, and where they differ from the Arrow dictionary's numbers. */
interface ImportedDictionary {
  readonly dictionary: Dictionary;
  /** The id for each index of the Arrow dictionary, −1 for null; undefined: they are the same. */
  readonly ids: Int32Array | undefined;
}

/** Types of which each row has its values at its own place. */
const FIXED_WIDTH: ReadonlySet<number> = /* @__PURE__ */ new Set<number>([Type.Int, Type.Float, Type.Bool, Type.Date, Type.Timestamp, Type.Time, Type.Duration, Type.Dictionary]);
const DAY_MS = 86_400_000;
const HIGH = 2 ** 32;

/** The Arrow types as far as they matter here: flechette's union of types has no common fields. */
interface AnyType {
  readonly typeId: number;
  readonly bitWidth?: number;
  readonly signed?: boolean;
  readonly precision?: number;
  readonly unit?: number;
  readonly dictionary?: AnyType;
}

/** Makes columns of the record batches of one Arrow column; string ids go on from one to the next. */
export class ColumnImporter {
  readonly #name: string;
  readonly #type: AnyType;
  readonly #int64: Int64Values;
  readonly #interner = new ByteInterner();
  /** Strings that hardly repeat are from then on kept as they are. */
  #interns = true;
  #generation = 0;
  readonly #dictionaries = new Map<ArrowColumn<unknown>, ImportedDictionary>();

  constructor(name: string, type: unknown, int64: Int64Values) {
    this.#name = name;
    this.#type = type as AnyType;
    this.#int64 = int64;
  }

  /** The rows in [start, end) of a record batch. Where the layouts agree, the column is a view of the Arrow values. */
  columnOf(batch: Batch<unknown>, start: number, end: number): Column {
    const type = this.#type;
    this.#checkLengths(batch, end);
    const validity = validityOf(batch, start, end);
    switch (type.typeId) {
      case Type.Int:
        return this.#integers(batch, start, end, validity);
      case Type.Float:
        if (type.precision === Precision.DOUBLE) return f64Column(part<Float64Array>(batch, start, end), validity, null);
        if (type.precision === Precision.SINGLE) return f64Column(new Float64Array(part<Float32Array>(batch, start, end)), validity, null);
        return byValue(batch, start, end, validity);
      case Type.Bool:
        return boolColumn(unpackedBits(batch.values as Uint8Array, start, end), validity, null);
      case Type.Date:
        return f64Column(this.#dates(batch, start, end), validity, null);
      case Type.Timestamp:
        return f64Column(millisecondsOf(part<BigInt64Array>(batch, start, end), type.unit), validity, null);
      case Type.Time:
      case Type.Duration:
        if (type.bitWidth === 32) return i32Column(part<Int32Array>(batch, start, end), validity, null);
        return this.#longs(part<BigInt64Array>(batch, start, end), start, validity);
      case Type.Utf8:
      case Type.LargeUtf8:
      case Type.Utf8View:
        return this.#interns ? this.#strings(batch, start, end, validity) : objects(batch, start, end);
      case Type.Dictionary:
        if (isText(type.dictionary)) return this.#dictionaryStrings(batch as DictionaryBatch, start, end, validity);
        return objects(batch, start, end);
      case Type.Decimal:
        return byValue(batch, start, end, validity);
      default:
        return objects(batch, start, end);
    }
  }

  /** Damaged data may announce rows that it does not have; they must not become undefined. */
  #checkLengths({ nullCount, validity, values, offsets }: Batch<unknown>, end: number): void {
    const { typeId } = this.#type;
    const isText = typeId === Type.Utf8;
    const isThere =
      (nullCount === 0 || validity === undefined || validity.length === 0 || end <= 8 * validity.length) &&
      (!isText || end < (offsets as Int32Array).length) &&
      (!FIXED_WIDTH.has(typeId) || end <= (values as Uint8Array).length * (typeId === Type.Bool ? 8 : 1));
    if (!isThere) throw this.#damaged(`${end} rows are announced, and some of their values are missing`);
  }

  #damaged(reason: string): JobError {
    return new JobError("MALFORMED_RECORD", `column "${this.#name}": ${reason}; the Arrow data is damaged`);
  }

  #integers(batch: Batch<unknown>, start: number, end: number, validity: Validity | undefined): Column {
    const { bitWidth, signed } = this.#type;
    if (bitWidth === 64) {
      if (signed === true) return this.#longs(part<BigInt64Array>(batch, start, end), start, validity);
      const values = part<BigUint64Array>(batch, start, end);
      const asSigned = new BigInt64Array(values.buffer, values.byteOffset, values.length);
      if (!hasHighBit(asSigned, validity)) return this.#longs(asSigned, start, validity);
      // No column of numbers holds them.
      return objectColumn(Array.from(values, (value, row) => (validity === undefined || isValid(validity, row) ? value : null)));
    }
    const values = part<Int32Array>(batch, start, end);
    if (bitWidth === 32) return signed === true ? i32Column(values, validity, null) : f64Column(new Float64Array(values), validity, null);
    return i32Column(new Int32Array(values), validity, null);
  }

  #longs(values: BigInt64Array, start: number, validity: Validity | undefined): Column {
    if (this.#int64 === "bigint") return i64Column(values, validity, null);
    const numbers = numbersOf(values);
    const unsafe = numbers.findIndex((value, row) => !Number.isSafeInteger(value) && (validity === undefined || isValid(validity, row)));
    if (unsafe < 0) return f64Column(numbers, validity, null);
    const reason = `column "${this.#name}", row ${start + unsafe} of its record batch: ${values[unsafe]} is beyond the integers that a number holds exactly`;
    throw new JobError("MALFORMED_RECORD", `${reason}; read the column with int64: "bigint"`);
  }

  #dates(batch: Batch<unknown>, start: number, end: number): Float64Array {
    if (this.#type.unit !== DateUnit.DAY) return numbersOf(part<BigInt64Array>(batch, start, end));
    return Float64Array.from(part<Int32Array>(batch, start, end), (day) => day * DAY_MS);
  }

  #strings(batch: Batch<unknown>, start: number, end: number, validity: Validity | undefined): Column {
    const interner = this.#interner;
    if (interner.dictionary.isFull && !interner.pays) {
      this.#interns = false;
      return objects(batch, start, end);
    }
    interner.startBatch();
    const ids = new Int32Array(end - start);
    const isBytes = this.#type.typeId === Type.Utf8;
    const values = batch.values as Uint8Array;
    const offsets = batch.offsets as Int32Array;
    for (let row = start; row < end; row += 1) {
      if (validity !== undefined && !isValid(validity, row - start)) continue;
      if (!isBytes) ids[row - start] = interner.idOf(batch.value(row) as string);
      else {
        const from = offsets[row]!;
        const to = offsets[row + 1]!;
        if (from < 0 || to < from || values.length < to) throw this.#damaged(`row ${row} of a record batch lies at bytes ${from} to ${to} of ${values.length}`);
        ids[row - start] = interner.idOfBytes(values, from, to);
      }
    }
    return stringColumn(ids, interner.dictionary, validity, null);
  }

  #dictionaryStrings(batch: DictionaryBatch, start: number, end: number, validity: Validity | undefined): Column {
    const { dictionary, ids } = this.#imported(batch.dictionary);
    const indices = asInt32(part<Int32Array | BigInt64Array>(batch, start, end));
    checkIndices(indices, ids?.length ?? dictionary.strings.length, validity, this.#name);
    return ids === undefined ? stringColumn(indices, dictionary, validity, null) : remapped(indices, ids, dictionary, validity);
  }

  /** Each Arrow dictionary becomes one of ours, once: columns that share it share that. */
  #imported(column: ArrowColumn<unknown>): ImportedDictionary {
    const known = this.#dictionaries.get(column);
    if (known !== undefined) return known;
    const dictionary = new Dictionary(this, this.#generation);
    this.#generation += 1;
    const ids = new Int32Array(column.length);
    const numbers = new Map<string, number>();
    let isSame = true;
    for (let index = 0; index < column.length; index += 1) {
      const text = column.at(index) as string | null;
      // Arrow allows a string twice, and null; here an id is a string and a string one id.
      const id = text === null ? -1 : (numbers.get(text) ?? dictionary.append(text));
      if (text !== null) numbers.set(text, id);
      isSame &&= id === index;
      ids[index] = id;
    }
    const imported = { dictionary, ids: isSame ? undefined : ids };
    this.#dictionaries.set(column, imported);
    return imported;
  }
}

interface DictionaryBatch extends Batch<unknown> {
  readonly dictionary: ArrowColumn<unknown>;
}

function isText(type: AnyType | undefined): boolean {
  return type !== undefined && (type.typeId === Type.Utf8 || type.typeId === Type.LargeUtf8 || type.typeId === Type.Utf8View);
}

type Values = { subarray(start: number, end: number): unknown };

function part<A>(batch: Batch<unknown>, start: number, end: number): A {
  return (batch.values as Values).subarray(start, end) as A;
}

/** The bits of the rows: a view where they begin with a byte. */
function validityOf(batch: Batch<unknown>, start: number, end: number): Validity | undefined {
  if (batch.nullCount === 0 || batch.validity === undefined || batch.validity.length === 0) return undefined;
  const count = end - start;
  let bits: Validity = batch.validity.subarray(start >> 3, (start >> 3) + validityLength(count));
  if ((start & 7) !== 0) {
    bits = allValid(count);
    for (let row = 0; row < count; row += 1) if (!isValid(batch.validity, start + row)) markAbsent(bits, row);
  }
  return hasAbsent(bits, count) ? bits : undefined;
}

function unpackedBits(bits: Uint8Array, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  for (let row = start; row < end; row += 1) bytes[row - start] = (bits[row >> 3]! >> (row & 7)) & 1;
  return bytes;
}

/** Copies: lists and bytes are views of the Arrow buffers, rows of a dictionary share one object, and functions may change what is theirs. */
function objects(batch: Batch<unknown>, start: number, end: number): Column {
  const values: unknown[] = [];
  for (let row = start; row < end; row += 1) values.push(copied(batch.at(row)));
  return objectColumn(values);
}

/** What flechette makes numbers of, unless it was told otherwise. */
function byValue(batch: Batch<unknown>, start: number, end: number, validity: Validity | undefined): Column {
  const numbers = new Float64Array(end - start);
  for (let row = start; row < end; row += 1) {
    const value = batch.at(row);
    if (value === null) continue;
    if (typeof value !== "number") return objects(batch, start, end);
    numbers[row - start] = value;
  }
  return f64Column(numbers, validity, null);
}

function hasHighBit(values: BigInt64Array, validity: Validity | undefined): boolean {
  return values.some((value, row) => value < 0n && (validity === undefined || isValid(validity, row)));
}

/** As numbers, rounded once where they are beyond 2^53; by halves, since each BigInt would be an object. */
function numbersOf(values: BigInt64Array): Float64Array {
  const numbers = new Float64Array(values.length);
  const halves = new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
  for (let row = 0; row < numbers.length; row += 1) numbers[row] = halves[2 * row + 1]! * HIGH + (halves[2 * row]! >>> 0);
  return numbers;
}

function millisecondsOf(values: BigInt64Array, unit: number | undefined): Float64Array {
  if (unit === TimeUnit.NANOSECOND) {
    // Beyond 2^53: the whole milliseconds are taken before it becomes a number.
    return Float64Array.from({ length: values.length }, (_, row) => Number(values[row]! / 1_000_000n) + Number(values[row]! % 1_000_000n) / 1e6);
  }
  const numbers = numbersOf(values);
  if (unit === TimeUnit.SECOND) for (let row = 0; row < numbers.length; row += 1) numbers[row]! *= 1_000;
  if (unit === TimeUnit.MICROSECOND) for (let row = 0; row < numbers.length; row += 1) numbers[row]! /= 1_000;
  return numbers;
}

/** Indices of 32 bits are ids as they are; narrower ones are copied into that width. */
function asInt32(indices: Int32Array | Uint32Array | BigInt64Array): Int32Array {
  if (indices instanceof Int32Array) return indices;
  if (indices instanceof Uint32Array) return new Int32Array(indices.buffer, indices.byteOffset, indices.length);
  return Int32Array.from<number | bigint>(indices, Number);
}

/** A damaged index must not become a string of another row or undefined. */
function checkIndices(indices: Int32Array, length: number, validity: Validity | undefined, name: string): void {
  for (let row = 0; row < indices.length; row += 1) {
    const index = indices[row]!;
    if (0 <= index && index < length) continue;
    if (validity !== undefined && !isValid(validity, row)) continue;
    throw new JobError("MALFORMED_RECORD", `column "${name}": the index ${index} is outside of its dictionary of ${length} strings; the Arrow data is damaged`);
  }
}

function remapped(indices: Int32Array, ids: Int32Array, dictionary: Dictionary, validity: Validity | undefined): Column {
  const values = new Int32Array(indices.length);
  let valid = validity === undefined ? undefined : (validity.slice() as Validity);
  for (let row = 0; row < indices.length; row += 1) {
    const id = ids[indices[row]!] ?? -1;
    if (id < 0) markAbsent((valid ??= allValid(indices.length)), row);
    else values[row] = id;
  }
  return stringColumn(values, dictionary, valid, null);
}
