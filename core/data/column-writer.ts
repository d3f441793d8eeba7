import { assert } from "../lib/assert.ts";
import { ByteWriter } from "../lib/bytes.ts";
import type { BatchLayout, ColumnBatch } from "./column-batch.ts";
import { aligned, bytesOfKind, COLUMN_KINDS, COLUMNS_VERSION, FLAG_UNDEFINED, FLAG_VALIDITY } from "./column-format.ts";
import type { Column, ColumnKind, ObjectColumn, StringColumn } from "./column.ts";
import { type Dictionary, StringInterner } from "./dictionary.ts";
import { dynamicType, writeWhole } from "./dynamic-type.ts";
import { fieldStep, under } from "./refusal.ts";
import { isValid, markValid, type Validity, validityLength } from "./validity.ts";

/** Dictionaries of batches whose ids a session knows already. More come together only where inputs are mixed. */
const SOURCES_MAX = 4;
const UNKNOWN = -1;
const NAN_HIGH_WORD = 0x7ff80000;

/** How a column is going to be written. */
interface Plan {
  readonly column: Column;
  readonly kind: ColumnKind;
  readonly validity: Validity | undefined;
  /** Of strings: for each record the id of the session; of objects: the bytes. */
  readonly encoded: Int32Array | Uint8Array | undefined;
}

/**
 * Writes batches in layout `columns`; column-format.ts says how. Selected rows are written, others are not.
 *
 * A writer with memory sends each string once per generation, and its bytes are read in order by one reader. What a writer
 * without memory writes is readable by itself.
 */
export class ColumnWriter {
  readonly #remembers: boolean;
  readonly #description = new ByteWriter();
  #layout: BatchLayout | undefined;
  #sessions: (DictionarySession | undefined)[] = [];
  #prepared: { readonly batch: ColumnBatch; readonly plans: readonly Plan[]; readonly sections: number } | undefined;

  constructor(options: { readonly remembers: boolean }) {
    this.#remembers = options.remembers;
  }

  /**
   * Looks at everything that is to be written, so that `write` cannot fail: a batch is either sent or refused as a whole.
   *
   * @throws JobError NOT_SERIALIZABLE for a value of an object column that cannot be stored; the session stays usable.
   */
  prepare(batch: ColumnBatch): void {
    assert(this.#prepared === undefined, "a batch that was prepared is written before the next one");
    this.#startBatch(batch.layout);
    const objects = batch.columns.map((column, index) => (column.kind === "object" ? objectBytes(column, batch, index) : undefined));
    const plans = batch.columns.map((column, index) => this.#plan(column, batch, index, objects[index]));
    this.#describe(batch, plans);
    const sections = plans.reduce((end, plan) => aligned(end) + sizeOf(plan, batch.length), 8 * batch.length);
    this.#prepared = { batch, plans, sections };
  }

  /** Bytes of the batch that has been prepared, but for padding. */
  get preparedLength(): number {
    return this.#prepared === undefined ? 0 : this.#description.length + this.#prepared.sections;
  }

  /** The batch that has been prepared behind a prefix, in one array of bytes. Watermarks are not part of it. */
  write(prefix: Uint8Array): Uint8Array<ArrayBuffer> {
    assert(this.#prepared !== undefined, "a batch is prepared before it is written");
    const { batch, plans, sections } = this.#prepared;
    this.#prepared = undefined;
    const start = aligned(prefix.length + this.#description.length);
    const bytes = new Uint8Array(start + sections);
    bytes.set(prefix);
    bytes.set(this.#description.view(), prefix.length);
    writeF64(bytes, start, batch, batch.timestamps, undefined);
    let position = start + 8 * batch.length;
    for (const plan of plans) {
      position = aligned(position);
      writeColumn(bytes, position, batch, plan);
      position += sizeOf(plan, batch.length);
    }
    return bytes;
  }

  /** Drops a batch that has been prepared. Its new strings will not arrive, so the next batch begins new generations. */
  drop(): void {
    if (this.#prepared === undefined) return;
    this.#prepared = undefined;
    for (const session of this.#sessions) session?.startBatch(false);
  }

  /** Ids of another layout, or of a generation that has grown full, are forgotten; the reader sees it by the first id 0. */
  #startBatch(layout: BatchLayout): void {
    const goesOn = this.#layout !== undefined && (layout === this.#layout || this.#layout.hasNames(layout.names));
    this.#layout = layout;
    if (!goesOn) this.#sessions = this.#sessions.slice(0, layout.columnCount);
    for (const session of this.#sessions) session?.startBatch(goesOn && this.#remembers);
  }

  #plan(column: Column, batch: ColumnBatch, index: number, objects: Uint8Array | undefined): Plan {
    const validity = column.validity !== undefined && absentAmong(column.validity, batch) ? column.validity : undefined;
    let kind = column.kind;
    let encoded: Plan["encoded"] = objects;
    if (column.kind === "f64" && fitsI32(column.values, batch, validity)) kind = "i32";
    if (column.kind === "string") {
      const session = (this.#sessions[index] ??= new DictionarySession());
      encoded = session.idsOf(column, batch, validity);
    }
    return { column, kind, validity, encoded };
  }

  #describe(batch: ColumnBatch, plans: readonly Plan[]): void {
    const writer = this.#description;
    writer.reset();
    writer.u8(COLUMNS_VERSION);
    writer.varint(batch.length);
    const { names } = batch.layout;
    writer.varint(names === undefined ? 0 : names.length + 1);
    for (const name of names ?? []) writer.string(name);
    plans.forEach(({ column, kind, validity, encoded }, index) => {
      writer.u8(COLUMN_KINDS.indexOf(kind));
      writer.u8((validity === undefined ? 0 : FLAG_VALIDITY) | (column.absent === undefined ? FLAG_UNDEFINED : 0));
      if (kind === "string") this.#sessions[index]!.writeNew(writer);
      else if (kind === "object") writer.varint(byteLengthOf(encoded));
    });
  }
}

/** The dictionary of one column in one session, and how the ids of batches translate into its own. */
class DictionarySession {
  readonly #interner = new StringInterner();
  /** For each dictionary met: its ids → ours, `UNKNOWN` where not translated yet. The oldest makes room. */
  readonly #sources = new Map<Dictionary, Int32Array>();
  #sent = 0;

  startBatch(goesOn: boolean): void {
    if (goesOn && !this.#interner.dictionary.isFull) return;
    this.#interner.startGeneration();
    this.#sources.clear();
    this.#sent = 0;
  }

  idsOf(column: StringColumn, batch: ColumnBatch, validity: Validity | undefined): Int32Array {
    const ids = new Int32Array(batch.length);
    const known = this.#translation(column.dictionary);
    const { strings } = column.dictionary;
    const { values } = column;
    const { selection } = batch;
    for (let index = 0; index < ids.length; index += 1) {
      const row = selection === undefined ? index : selection[index]!;
      if (validity !== undefined && !isValid(validity, row)) continue;
      const given = values[row]!;
      let id = known[given]!;
      if (id === UNKNOWN) {
        id = this.#interner.idOf(strings[given]!);
        known[given] = id;
      }
      ids[index] = id;
    }
    return ids;
  }

  /** The strings that got an id since this was called last. */
  writeNew(writer: ByteWriter): void {
    const { generation, strings } = this.#interner.dictionary;
    writer.varint(generation);
    writer.varint(this.#sent);
    writer.varint(strings.length - this.#sent);
    for (; this.#sent < strings.length; this.#sent += 1) writer.string(strings[this.#sent]!);
  }

  #translation(dictionary: Dictionary): Int32Array {
    const size = dictionary.strings.length;
    const known = this.#sources.get(dictionary);
    if (known !== undefined && size <= known.length) return known;
    const [oldest] = this.#sources.keys();
    if (known === undefined && oldest !== undefined && SOURCES_MAX <= this.#sources.size) this.#sources.delete(oldest);
    const grown = new Int32Array(known === undefined ? size : 2 * size).fill(UNKNOWN);
    if (known !== undefined) grown.set(known);
    this.#sources.set(dictionary, grown);
    return grown;
  }
}

function absentAmong(validity: Validity, batch: ColumnBatch): boolean {
  for (let index = 0; index < batch.length; index += 1) if (!isValid(validity, batch.rowOf(index))) return true;
  return false;
}

/** Numbers of which nothing is lost as integers of 32 bits; −0 is none of them. */
function fitsI32(values: Float64Array, { selection, length }: ColumnBatch, validity: Validity | undefined): boolean {
  for (let index = 0; index < length; index += 1) {
    const row = selection === undefined ? index : selection[index]!;
    const value = values[row]!;
    if (((value | 0) !== value || (value === 0 && 1 / value < 0)) && (validity === undefined || isValid(validity, row))) return false;
  }
  return true;
}

function objectBytes(column: ObjectColumn, batch: ColumnBatch, index: number): Uint8Array {
  const writer = new ByteWriter(16 * batch.length);
  try {
    for (let record = 0; record < batch.length; record += 1) writeWhole(dynamicType, writer, column.values[batch.rowOf(record)]);
  } catch (error) {
    const name = batch.layout.names?.[index];
    throw name === undefined ? error : under(fieldStep(name), error);
  }
  return writer.view();
}

function sizeOf({ kind, validity, encoded }: Plan, rowCount: number): number {
  const bits = validity === undefined ? 0 : aligned(validityLength(rowCount));
  return bits + (kind === "object" ? byteLengthOf(encoded) : bytesOfKind(kind) * rowCount);
}

function byteLengthOf(encoded: Plan["encoded"]): number {
  assert(encoded !== undefined, "objects are encoded when a batch is prepared");
  return encoded.byteLength;
}

function writeColumn(bytes: Uint8Array<ArrayBuffer>, position: number, batch: ColumnBatch, plan: Plan): void {
  const { column, validity, encoded } = plan;
  const count = batch.length;
  let start = position;
  if (validity !== undefined) {
    const bits = bytes.subarray(position, position + validityLength(count));
    for (let index = 0; index < count; index += 1) if (isValid(validity, batch.rowOf(index))) markValid(bits, index);
    start += aligned(bits.length);
  }
  switch (column.kind) {
    case "f64":
      if (plan.kind === "i32") writeI32(bytes, start, batch, column.values, validity);
      else writeF64(bytes, start, batch, column.values, validity);
      break;
    case "i32":
      writeI32(bytes, start, batch, column.values, validity);
      break;
    case "i64":
      writeI64(bytes, start, batch, column.values, validity);
      break;
    case "bool":
      for (let index = 0; index < count; index += 1) {
        const row = batch.rowOf(index);
        bytes[start + index] = validity === undefined || isValid(validity, row) ? column.values[row]! : 0;
      }
      break;
    case "string":
      new Int32Array(bytes.buffer, start, count).set(encoded as Int32Array);
      break;
    case "object":
      bytes.set(encoded as Uint8Array, start);
      break;
  }
}

function writeF64(bytes: Uint8Array<ArrayBuffer>, start: number, batch: ColumnBatch, values: Float64Array, validity: Validity | undefined): void {
  const target = new Float64Array(bytes.buffer, start, batch.length);
  copySelected(values, target, batch.selection);
  if (validity !== undefined) zeroAbsent(target, batch, validity, 0);
  for (let index = 0; index < target.length; index += 1) {
    // A platform may choose the bits of NaN.
    if (Number.isNaN(target[index])) new Uint32Array(bytes.buffer, start + 8 * index, 2).set([0, NAN_HIGH_WORD]);
  }
}

function writeI32(bytes: Uint8Array<ArrayBuffer>, start: number, batch: ColumnBatch, values: Float64Array | Int32Array, validity: Validity | undefined): void {
  const target = new Int32Array(bytes.buffer, start, batch.length);
  copySelected(values, target, batch.selection);
  if (validity !== undefined) zeroAbsent(target, batch, validity, 0);
}

function writeI64(bytes: Uint8Array<ArrayBuffer>, start: number, batch: ColumnBatch, values: BigInt64Array, validity: Validity | undefined): void {
  const target = new BigInt64Array(bytes.buffer, start, batch.length);
  const { selection } = batch;
  // A set copies bits; a loop makes a bigint of each.
  if (selection === undefined) target.set(values.subarray(0, target.length));
  else for (let index = 0; index < target.length; index += 1) target[index] = values[selection[index]!]!;
  if (validity !== undefined) zeroAbsent(target, batch, validity, 0n);
}

function copySelected(values: Float64Array | Int32Array, target: Float64Array | Int32Array, selection: Int32Array | undefined): void {
  if (selection === undefined) target.set(values.length === target.length ? values : values.subarray(0, target.length));
  else for (let index = 0; index < target.length; index += 1) target[index] = values[selection[index]!]!;
}

function zeroAbsent<V>(target: { readonly length: number; [index: number]: V }, batch: ColumnBatch, validity: Validity, zero: V): void {
  for (let index = 0; index < target.length; index += 1) if (!isValid(validity, batch.rowOf(index))) target[index] = zero;
}
