import { assert } from "../lib/assert.ts";
import { type Allocate, ByteReader, ByteWriter, newBytes } from "../lib/bytes.ts";
import { corrupt } from "../lib/errors.ts";
import type { BatchCursor } from "./batch-cursor.ts";
import type { ColumnBatch } from "./column-batch.ts";
import { aligned } from "./column-format.ts";
import { ColumnReader } from "./column-reader.ts";
import { ColumnWriter } from "./column-writer.ts";
import { dynamicType, writeWhole } from "./dynamic-type.ts";
import { NO_PREVIOUS, readTime, writeTime } from "./time-codec.ts";
import type { Type } from "./type.ts";

/**
 * A channel carries buffers; each is one array of bytes. One with rows can be read by itself; one with columns names strings
 * that came with those before it.
 *
 *     magic, version, layout      a byte each
 *     row count                   varint
 *     length of the controls      varint, in bytes
 *     controls                    in order: kind (a byte), rows since the control before (varint), what the kind needs
 *     body                        layout `rows`: for each row its timestamp and its value; the values share one session
 *                                 layout `columns`: zeros up to a multiple of 8, then a batch as column-format.ts says
 *
 * A control at row `i` comes before row `i`; at the row count, after the last row.
 */
const MAGIC = 0x54;
const BUFFER_VERSION = 1;

/** What a builder keeps of its memory from one buffer to the next: one huge record must not hold its memory for ever. */
const BODY_BYTES_KEPT_MAX = 1 << 20;
const BODY_BYTES_MIN = 256;

/** Layouts of the body. */
export const LAYOUT_ROWS = 0;
/** Header, positions and credits are the same; one builder writes both kinds in turn. */
export const LAYOUT_COLUMNS = 1;

/** What `BufferReader.next` has come to. The numbers are part of the format. */
export const DONE = 0;
export const RECORD = 1;
export const WATERMARK = 2;
export const BARRIER = 3;
export const IDLE = 4;
export const ACTIVE = 5;
export const END_OF_INPUT = 6;

export type ElementKind =
  | typeof DONE
  | typeof RECORD
  | typeof WATERMARK
  | typeof BARRIER
  | typeof IDLE
  | typeof ACTIVE
  | typeof END_OF_INPUT;

/** An element of a buffer that is no record, before row `row`. */
export interface BufferControl {
  readonly row: number;
  readonly kind: ElementKind;
  /** Where `kind` is WATERMARK. */
  readonly watermark?: number;
  /** Where `kind` is BARRIER. */
  readonly checkpointId?: number;
  /** Where `kind` is BARRIER: what the snapshot is for, a number below 256. */
  readonly purpose?: number;
}

export interface BufferHeader {
  readonly layout: number;
  readonly rowCount: number;
  readonly controls: readonly BufferControl[];
  /** Index of the first byte of the body. */
  readonly bodyStart: number;
}

/** Fills buffers one after the other. It keeps its memory, within bounds, for the next one. */
export class BufferBuilder {
  readonly #type: Type<unknown>;
  #body = new ByteWriter(BODY_BYTES_MIN);
  readonly #controls = new ByteWriter();
  readonly #header = new ByteWriter();
  /** Made with the first batch of columns; what it has sent of strings stays known from buffer to buffer. */
  #columns: ColumnWriter | undefined;
  #hasBatch = false;
  #rowCount = 0;
  #controlRow = 0;
  #previousTimestamp = NO_PREVIOUS;
  #previousWatermark = NO_PREVIOUS;

  /** Without a type, values describe themselves. */
  constructor(type?: Type<unknown>) {
    this.#type = type ?? dynamicType;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Whether the records of the buffer are columns: then none can follow as a row. */
  get hasColumns(): boolean {
    return this.#hasBatch;
  }

  /** Whether there is nothing to send, neither rows nor anything else. */
  get isEmpty(): boolean {
    return this.#rowCount === 0 && this.#controls.length === 0;
  }

  /** What the buffer takes so far, but for its first few bytes. */
  get byteLength(): number {
    return this.#body.length + this.#controls.length + (this.#columns?.byteLength ?? 0);
  }

  /** Adds a record, or throws and leaves the buffer as it was. */
  addRecord(value: unknown, timestamp: number): void {
    assert(!this.#hasBatch, "a buffer holds records as rows or as columns");
    const body = this.#body;
    const length = body.length;
    writeTime(body, timestamp, this.#previousTimestamp);
    try {
      writeWhole(this.#type, body, value);
    } catch (error) {
      body.truncate(length);
      throw error;
    }
    this.#rowCount += 1;
    if (Number.isSafeInteger(timestamp)) this.#previousTimestamp = timestamp;
  }

  /** Whether records of a batch can follow what the buffer holds: nothing, or records that look alike. The type is not asked. */
  takes(batch: ColumnBatch): boolean {
    return this.#hasBatch ? this.#columns!.takes(batch) : this.#rowCount === 0;
  }

  /**
   * Adds the next records of a batch, `recordsMax` at most, with the watermarks before them, and behind the last record of the cursor those that are left.
   *
   * @throws JobError NOT_SERIALIZABLE for a value of an object column that cannot be stored; then nothing has been added.
   */
  addFrom(cursor: BatchCursor, recordsMax: number): void {
    const first = this.#rowCount;
    const picked = cursor.pick(recordsMax);
    if (picked.from < picked.to) {
      assert(this.takes(cursor.batch), "records in columns follow only such as look alike");
      this.#columns ??= new ColumnWriter({ remembers: true });
      this.#columns.append(cursor.batch, picked);
      this.#hasBatch = true;
    }
    cursor.move(picked.to, (watermark, record) => {
      this.#rowCount = first + record - picked.from;
      this.addWatermark(watermark);
    });
    this.#rowCount = first + picked.to - picked.from;
  }

  addWatermark(watermark: number): void {
    this.#addControl(WATERMARK);
    writeTime(this.#controls, watermark, this.#previousWatermark);
    if (Number.isSafeInteger(watermark)) this.#previousWatermark = watermark;
  }

  addBarrier(checkpointId: number, purpose: number): void {
    assert(Number.isSafeInteger(checkpointId) && 0 <= checkpointId, "a checkpoint id is a natural number");
    this.#addControl(BARRIER);
    this.#controls.varint(checkpointId);
    this.#controls.u8(purpose);
  }

  addIdle(idle: boolean): void {
    this.#addControl(idle ? IDLE : ACTIVE);
  }

  addEndOfInput(): void {
    this.#addControl(END_OF_INPUT);
  }

  /** The buffer, in memory that `allocate` gives, all of which is written; the builder is then empty again. */
  finish(allocate: Allocate = newBytes): Uint8Array<ArrayBuffer> {
    const header = this.#header;
    header.reset();
    header.u8(MAGIC);
    header.u8(BUFFER_VERSION);
    header.u8(this.#hasBatch ? LAYOUT_COLUMNS : LAYOUT_ROWS);
    header.varint(this.#rowCount);
    header.varint(this.#controls.length);
    header.raw(this.#controls.view());
    const bytes = this.#columns !== undefined && this.#hasBatch ? this.#finishBatch(this.#columns, allocate) : this.#finishRows(allocate);
    this.reset();
    return bytes;
  }

  #finishRows(allocate: Allocate): Uint8Array<ArrayBuffer> {
    const header = this.#header;
    const bytes = allocate(header.length + this.#body.length);
    bytes.set(header.view());
    bytes.set(this.#body.view(), header.length);
    return bytes;
  }

  #finishBatch(columns: ColumnWriter, allocate: Allocate): Uint8Array<ArrayBuffer> {
    const header = this.#header;
    while (header.length !== aligned(header.length)) header.u8(0);
    return columns.write(header.view(), allocate);
  }

  /** Forgets what was added since the last buffer. */
  reset(): void {
    if (BODY_BYTES_KEPT_MAX < this.#body.length) this.#body = new ByteWriter(BODY_BYTES_MIN);
    else this.#body.reset();
    this.#controls.reset();
    this.#columns?.drop();
    this.#hasBatch = false;
    this.#rowCount = 0;
    this.#controlRow = 0;
    this.#previousTimestamp = NO_PREVIOUS;
    this.#previousWatermark = NO_PREVIOUS;
  }

  #addControl(kind: ElementKind): void {
    this.#controls.u8(kind);
    this.#controls.varint(this.#rowCount - this.#controlRow);
    this.#controlRow = this.#rowCount;
  }
}

/**
 * Walks the elements of buffers in order, without an object per element: `next` says what comes, and the fields hold it.
 *
 * Keep one reader per channel and give it each buffer, once and in order, by `reset`: what it has learned about strings stays.
 * A buffer of columns can be walked like one of rows, or taken batch by batch.
 */
export class BufferReader {
  /** What `next` returned last. */
  kind: ElementKind = DONE;
  /** Of the last RECORD. */
  value: unknown = undefined;
  timestamp = Number.NEGATIVE_INFINITY;
  /** Of the last WATERMARK. */
  watermark = Number.NEGATIVE_INFINITY;
  /** Of the last BARRIER. */
  checkpointId = -1;
  purpose = 0;

  readonly #type: Type<unknown>;
  readonly #controls: ByteReader;
  readonly #body: ByteReader;
  #columns: ColumnReader | undefined;
  /** Of a buffer of columns. */
  #batch: ColumnBatch | undefined;
  #rowCount = 0;
  #row = 0;
  /** The control ahead; DONE where none is left. */
  #controlKind: ElementKind = DONE;
  #controlRow = 0;
  #previousTimestamp = NO_PREVIOUS;
  #previousWatermark = NO_PREVIOUS;

  /** The type must be that of the builder. */
  constructor(bytes: Uint8Array, type?: Type<unknown>) {
    this.#type = type ?? dynamicType;
    this.#controls = new ByteReader(bytes);
    this.#body = new ByteReader(bytes);
    this.reset(bytes);
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Whether the buffer is one of columns, which `takeBatch` gives. */
  get hasColumns(): boolean {
    return this.#batch !== undefined;
  }

  /** Starts with another buffer. */
  reset(bytes: Uint8Array): void {
    const controls = this.#controls;
    controls.reset(bytes);
    const layout = readLayout(controls);
    this.#rowCount = controls.varint();
    const controlsEnd = endOfControls(controls);
    if (layout === LAYOUT_COLUMNS) this.#readBatch(bytes, controlsEnd);
    else this.#startRows(bytes, controlsEnd);
    controls.reset(bytes, controls.position, controlsEnd);
    this.#row = 0;
    this.#controlRow = 0;
    this.#previousTimestamp = NO_PREVIOUS;
    this.#previousWatermark = NO_PREVIOUS;
    this.#nextControl();
  }

  /**
   * Of a buffer of columns, the records ahead up to the next control that is no watermark, with the watermarks before it. They
   * count as read. Undefined where the buffer has rows, or where such a control or the end is next.
   */
  takeBatch(): ColumnBatch | undefined {
    const kind = this.peek();
    if (this.#batch === undefined || (kind !== RECORD && kind !== WATERMARK)) return undefined;
    const first = this.#row;
    const rows: number[] = [];
    const watermarks: number[] = [];
    while (this.#controlKind === WATERMARK) {
      this.#row = this.#controlRow;
      rows.push(this.#row);
      this.#readControl(WATERMARK);
      watermarks.push(this.watermark);
    }
    this.#row = this.#controlKind === DONE ? this.#rowCount : this.#controlRow;
    return this.#columns!.part(this.#batch, first, this.#row, { rows, watermarks });
  }

  /** What `next` will return; nothing is read. */
  peek(): ElementKind {
    if (this.#controlKind !== DONE && this.#controlRow === this.#row) return this.#controlKind;
    return this.#row < this.#rowCount ? RECORD : DONE;
  }

  next(): ElementKind {
    const kind = this.peek();
    this.kind = kind;
    if (kind === RECORD) this.#readRow();
    else if (kind === DONE) this.#checkEnd();
    else this.#readControl(kind);
    return kind;
  }

  #startRows(bytes: Uint8Array, start: number): void {
    this.#batch = undefined;
    this.#body.reset(bytes, start);
    const { remaining } = this.#body;
    if (remaining < this.#rowCount) throw corrupt(`${this.#rowCount} rows cannot lie in ${remaining} bytes`);
  }

  #readBatch(bytes: Uint8Array, controlsEnd: number): void {
    this.#batch = undefined;
    const start = aligned(controlsEnd);
    if (bytes.length < start) throw corrupt(`no columns begin at byte ${start} of ${bytes.length}`);
    this.#columns ??= new ColumnReader();
    this.#batch = this.#columns.read(bytes, start);
    if (this.#batch.rowCount !== this.#rowCount) throw corrupt(`${this.#rowCount} rows are announced, but the columns have ${this.#batch.rowCount}`);
    this.#body.reset(bytes, bytes.length);
  }

  #readRow(): void {
    if (this.#batch !== undefined) {
      this.timestamp = this.#batch.timestamps[this.#row]!;
      this.value = this.#batch.rowAt(this.#row);
      this.#row += 1;
      return;
    }
    const body = this.#body;
    const timestamp = readTime(body, this.#previousTimestamp);
    if (Number.isSafeInteger(timestamp)) this.#previousTimestamp = timestamp;
    this.timestamp = timestamp;
    this.value = this.#type.read(body);
    this.#row += 1;
  }

  #readControl(kind: ElementKind): void {
    if (kind === WATERMARK) {
      this.watermark = readTime(this.#controls, this.#previousWatermark);
      if (Number.isSafeInteger(this.watermark)) this.#previousWatermark = this.watermark;
    } else if (kind === BARRIER) {
      this.checkpointId = this.#controls.varint();
      this.purpose = this.#controls.u8();
    }
    this.#nextControl();
  }

  #nextControl(): void {
    const controls = this.#controls;
    if (controls.remaining === 0) {
      this.#controlKind = DONE;
      return;
    }
    this.#controlKind = readControlKind(controls);
    this.#controlRow += controls.varint();
    if (this.#rowCount < this.#controlRow) throw corrupt(`a control lies at row ${this.#controlRow} of ${this.#rowCount}`);
  }

  #checkEnd(): void {
    // The last value must not outlive its buffer.
    this.value = undefined;
    this.#batch = undefined;
    if (this.#body.remaining !== 0) throw corrupt(`${this.#body.remaining} bytes are left after the last row`);
  }
}

/** What a buffer holds besides the values of its rows; the body is not touched. */
export function readHeader(bytes: Uint8Array): BufferHeader {
  const reader = new ByteReader(bytes);
  const layout = readLayout(reader);
  const rowCount = reader.varint();
  const controlsEnd = endOfControls(reader);
  const controls: BufferControl[] = [];
  let row = 0;
  let previous = NO_PREVIOUS;
  while (reader.position < controlsEnd) {
    const kind = readControlKind(reader);
    row += reader.varint();
    if (kind === WATERMARK) {
      const watermark = readTime(reader, previous);
      if (Number.isSafeInteger(watermark)) previous = watermark;
      controls.push({ row, kind, watermark });
    } else if (kind === BARRIER) {
      controls.push({ row, kind, checkpointId: reader.varint(), purpose: reader.u8() });
    } else {
      controls.push({ row, kind });
    }
  }
  return { layout, rowCount, controls, bodyStart: layout === LAYOUT_COLUMNS ? aligned(controlsEnd) : controlsEnd };
}

/** Checks the fixed bytes and returns the layout of the body. */
function readLayout(reader: ByteReader): number {
  if (reader.u8() !== MAGIC) throw corrupt("a channel buffer does not begin with its mark");
  const version = reader.u8();
  if (version !== BUFFER_VERSION) throw corrupt(`its version is ${version}, and this release reads ${BUFFER_VERSION}`);
  const layout = reader.u8();
  if (layout !== LAYOUT_ROWS && layout !== LAYOUT_COLUMNS) {
    throw corrupt(`its layout is ${layout}, and this release reads rows, ${LAYOUT_ROWS}, and columns, ${LAYOUT_COLUMNS}`);
  }
  return layout;
}

/** Reads the length of the controls and returns where they end. */
function endOfControls(reader: ByteReader): number {
  const length = reader.count();
  return reader.position + length;
}

function readControlKind(reader: ByteReader): ElementKind {
  const kind = reader.u8();
  if (kind < WATERMARK || END_OF_INPUT < kind) throw corrupt(`${kind} is no kind of control in a channel buffer`);
  return kind as ElementKind;
}
