import { assert } from "../lib/assert.ts";
import { type Allocate, ByteWriter, newBytes } from "../lib/bytes.ts";
import type { BatchLayout, ColumnBatch } from "./column-batch.ts";
import { aligned, COLUMN_KINDS, COLUMNS_VERSION, FLAG_UNDEFINED, FLAG_VALIDITY } from "./column-format.ts";
import { type ColumnStage, F64Values, ObjectStage, type PickedRows, stageFor, StringStage } from "./column-stage.ts";
import type { ObjectColumn } from "./column.ts";
import { dynamicType, writeWhole } from "./dynamic-type.ts";
import { fieldStep, under } from "./refusal.ts";
import type { Type } from "./type.ts";
import { validityLength } from "./validity.ts";

/**
 * Writes batches in layout `columns`; column-format.ts says how. Records are gathered from one batch or several that look alike,
 * then written as one.
 *
 * A writer with memory sends each string once per generation, and its bytes are read in order by one reader. What a writer
 * without memory writes is readable by itself.
 */
export class ColumnWriter {
  readonly #remembers: boolean;
  readonly #description = new ByteWriter();
  readonly #timestamps = new F64Values();
  #layout: BatchLayout | undefined;
  /** One a column. */
  #stages: ColumnStage[] = [];
  /** By column, where it ever held strings: what was sent of them outlives a change of its kind. */
  #strings: (StringStage | undefined)[] = [];
  #rowCount = 0;

  constructor(options: { readonly remembers: boolean }) {
    this.#remembers = options.remembers;
  }

  /** Records that have been added since the last write. */
  get rowCount(): number {
    return this.#rowCount;
  }

  /** What they will take, but for names and padding. */
  get byteLength(): number {
    if (this.#rowCount === 0) return 0;
    let length = 8 * this.#rowCount;
    for (const stage of this.#stages) {
      length += this.#sizeOf(stage);
      if (stage instanceof StringStage) length += stage.newLength;
    }
    return length;
  }

  /** Whether records of a batch can follow those that are there. */
  takes(batch: ColumnBatch): boolean {
    if (this.#rowCount === 0) return true;
    if (!this.#hasLayout(batch.layout)) return false;
    for (let index = 0; index < this.#stages.length; index += 1) if (!this.#stages[index]!.takes(batch.columns[index]!)) return false;
    return true;
  }

  /**
   * Adds records of a batch: all of them, or those that are picked. Nothing of the batch is kept.
   *
   * @throws JobError NOT_SERIALIZABLE for a value of an object column that cannot be stored; then nothing has been added.
   */
  append(batch: ColumnBatch, picked: PickedRows = { rows: batch.selection, from: 0, to: batch.length }): void {
    assert(this.takes(batch), "records of one buffer look alike");
    if (this.#rowCount === 0) this.#start(batch);
    this.#appendObjects(batch, picked, 0);
    const { columns } = batch;
    for (let index = 0; index < columns.length; index += 1) this.#stages[index]!.append(columns[index]!, picked, this.#rowCount);
    this.#timestamps.append(batch.timestamps, undefined, picked, this.#rowCount);
    this.#rowCount += picked.to - picked.from;
  }

  /** The records that have been added, behind a prefix, in one array of bytes. Watermarks are not part of it. */
  write(prefix: Uint8Array, allocate: Allocate = newBytes): Uint8Array<ArrayBuffer> {
    const count = this.#rowCount;
    this.#describe();
    const described = prefix.length + this.#description.length;
    const start = aligned(described);
    const bytes = allocate(this.#stages.reduce((end, stage) => aligned(end) + this.#sizeOf(stage), start + 8 * count));
    assert(bytes.byteOffset === 0, "sections lie at the same positions in the bytes and in their memory");
    bytes.set(prefix);
    bytes.set(this.#description.view(), prefix.length);
    // Memory may have been used before, so what lies between the sections is cleared.
    bytes.fill(0, described, start);
    this.#timestamps.write(bytes, start, count);
    let end = start + 8 * count;
    for (const stage of this.#stages) {
      const position = aligned(end);
      bytes.fill(0, end, position);
      this.#writeStage(stage, bytes, position);
      end = position + this.#sizeOf(stage);
    }
    this.#reset();
    return bytes;
  }

  #writeStage(stage: ColumnStage, bytes: Uint8Array<ArrayBuffer>, position: number): void {
    const count = this.#rowCount;
    const values = position + this.#sizeOfValidity(stage);
    if (stage.absences.any) {
      stage.absences.write(bytes, position, count);
      bytes.fill(0, position + validityLength(count), values);
    }
    stage.write(bytes, values, count);
  }

  /** Drops what has been added. Its new strings will not arrive, so new generations begin. */
  drop(): void {
    if (this.#rowCount === 0) return;
    for (const strings of this.#strings) strings?.startBuffer(false);
    this.#reset();
  }

  /** Ids of another layout, or of a generation that has grown full, are forgotten; the reader sees it by the first id 0. */
  #start({ layout, columns }: ColumnBatch): void {
    const goesOn = this.#hasLayout(layout);
    this.#layout = layout;
    this.#strings.length = Math.min(this.#strings.length, columns.length);
    for (const strings of this.#strings) strings?.startBuffer(goesOn && this.#remembers);
    const before = this.#stages;
    this.#stages = columns.map((column, index) => {
      const stage = before[index];
      if (stage?.takes(column) === true) return stage;
      if (column.kind === "string") return (this.#strings[index] ??= new StringStage());
      return stageFor(column);
    });
  }

  #hasLayout(layout: BatchLayout): boolean {
    if (layout === this.#layout) return true;
    return this.#layout?.hasNames(layout.names) === true;
  }

  /** Column by column; where a value is refused, `writeWhole` takes back what those before have got. */
  #appendObjects(batch: ColumnBatch, picked: PickedRows, from: number): void {
    let index = from;
    while (index < this.#stages.length && !(this.#stages[index] instanceof ObjectStage)) index += 1;
    if (index === this.#stages.length) return;
    const { writer } = this.#stages[index] as ObjectStage;
    const all: Type<undefined> = {
      ...NAMELESS,
      write: () => {
        writeObjects(writer, batch, index, picked);
        this.#appendObjects(batch, picked, index + 1);
      },
    };
    writeWhole(all, writer, undefined);
  }

  #describe(): void {
    const writer = this.#description;
    writer.reset();
    writer.u8(COLUMNS_VERSION);
    writer.varint(this.#rowCount);
    const names = this.#layout?.names;
    writer.varint(names === undefined ? 0 : names.length + 1);
    for (const name of names ?? []) writer.string(name);
    for (const stage of this.#stages) {
      const { any, absent } = stage.absences;
      writer.u8(COLUMN_KINDS.indexOf(stage.kind));
      writer.u8(any ? FLAG_VALIDITY | (absent === undefined ? FLAG_UNDEFINED : 0) : 0);
      if (stage instanceof StringStage) stage.writeNew(writer);
      else if (stage instanceof ObjectStage) writer.varint(stage.byteLength());
    }
  }

  #sizeOf(stage: ColumnStage): number {
    return this.#sizeOfValidity(stage) + stage.byteLength(this.#rowCount);
  }

  #sizeOfValidity(stage: ColumnStage): number {
    return stage.absences.any ? aligned(validityLength(this.#rowCount)) : 0;
  }

  #reset(): void {
    for (const stage of this.#stages) stage.reset();
    this.#timestamps.reset();
    this.#rowCount = 0;
  }
}

const NAMELESS = { name: "objects", read: (): undefined => undefined };

function writeObjects(writer: ByteWriter, batch: ColumnBatch, index: number, { rows, from, to }: PickedRows): void {
  const { values } = batch.columns[index] as ObjectColumn;
  try {
    for (let record = from; record < to; record += 1) dynamicType.write(writer, values[rows === undefined ? record : rows[record]!]);
  } catch (error) {
    const name = batch.layout.names?.[index];
    throw name === undefined ? error : under(fieldStep(name), error);
  }
}
