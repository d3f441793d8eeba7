import { assert } from "../lib/assert.ts";
import { ByteReader, ByteWriter, corrupt } from "../lib/bytes.ts";
import { dynamicType, writeWhole } from "./dynamic-type.ts";
import { NO_PREVIOUS, readTime, writeTime } from "./time-codec.ts";
import type { Type } from "./type.ts";

/**
 * A channel carries buffers; each is one array of bytes that can be read by itself.
 *
 *     magic, version, layout      a byte each
 *     row count                   varint
 *     length of the controls      varint, in bytes
 *     controls                    in order: kind (a byte), rows since the control before (varint), what the kind needs
 *     body                        layout `rows`: for each row its timestamp and its value; the values share one session
 *
 * A control at row `i` comes before row `i`; at the row count, after the last row.
 */
const MAGIC = 0x54;
const BUFFER_VERSION = 1;

/** Layouts of the body. */
export const LAYOUT_ROWS = 0;
/** Reserved: columns keep header, positions and credits as they are. */
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
}

export interface BufferHeader {
  readonly layout: number;
  readonly rowCount: number;
  readonly controls: readonly BufferControl[];
  /** Index of the first byte of the body. */
  readonly bodyStart: number;
}

/** Fills buffers one after the other. */
export class BufferBuilder {
  readonly #type: Type<unknown>;
  readonly #body = new ByteWriter(4096);
  readonly #controls = new ByteWriter();
  readonly #header = new ByteWriter();
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

  /** Whether there is nothing to send, neither rows nor anything else. */
  get isEmpty(): boolean {
    return this.#rowCount === 0 && this.#controls.length === 0;
  }

  /** What the buffer takes so far, but for its first few bytes. */
  get byteLength(): number {
    return this.#body.length + this.#controls.length;
  }

  /** Adds a record, or throws and leaves the buffer as it was. */
  addRecord(value: unknown, timestamp: number): void {
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

  addWatermark(watermark: number): void {
    this.#addControl(WATERMARK);
    writeTime(this.#controls, watermark, this.#previousWatermark);
    if (Number.isSafeInteger(watermark)) this.#previousWatermark = watermark;
  }

  addBarrier(checkpointId: number): void {
    assert(Number.isSafeInteger(checkpointId) && 0 <= checkpointId, "a checkpoint id is a natural number");
    this.#addControl(BARRIER);
    this.#controls.varint(checkpointId);
  }

  addIdle(idle: boolean): void {
    this.#addControl(idle ? IDLE : ACTIVE);
  }

  addEndOfInput(): void {
    this.#addControl(END_OF_INPUT);
  }

  /** The buffer; the builder is then empty again and keeps its memory. */
  finish(): Uint8Array<ArrayBuffer> {
    const header = this.#header;
    header.reset();
    header.u8(MAGIC);
    header.u8(BUFFER_VERSION);
    header.u8(LAYOUT_ROWS);
    header.varint(this.#rowCount);
    header.varint(this.#controls.length);
    header.raw(this.#controls.view());
    const bytes = new Uint8Array(header.length + this.#body.length);
    bytes.set(header.view());
    bytes.set(this.#body.view(), header.length);
    this.reset();
    return bytes;
  }

  /** Forgets what was added since the last buffer. */
  reset(): void {
    this.#body.reset();
    this.#controls.reset();
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
 * Keep one reader per channel and give it each buffer by `reset`: what it has learned about strings stays.
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

  readonly #type: Type<unknown>;
  readonly #controls: ByteReader;
  readonly #body: ByteReader;
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

  /** Starts with another buffer. */
  reset(bytes: Uint8Array): void {
    const controls = this.#controls;
    controls.reset(bytes);
    this.#rowCount = readPrefix(controls);
    const controlsEnd = endOfControls(controls);
    this.#body.reset(bytes, controlsEnd);
    const { remaining } = this.#body;
    if (remaining < this.#rowCount) throw corrupt(`${this.#rowCount} rows cannot lie in ${remaining} bytes`);
    controls.reset(bytes, controls.position, controlsEnd);
    this.#row = 0;
    this.#controlRow = 0;
    this.#previousTimestamp = NO_PREVIOUS;
    this.#previousWatermark = NO_PREVIOUS;
    this.#nextControl();
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

  #readRow(): void {
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
    if (this.#body.remaining !== 0) throw corrupt(`${this.#body.remaining} bytes are left after the last row`);
  }
}

/** What a buffer holds besides the values of its rows; the body is not touched. */
export function readHeader(bytes: Uint8Array): BufferHeader {
  const reader = new ByteReader(bytes);
  const rowCount = readPrefix(reader);
  const bodyStart = endOfControls(reader);
  const controls: BufferControl[] = [];
  let row = 0;
  let previous = NO_PREVIOUS;
  while (reader.position < bodyStart) {
    const kind = readControlKind(reader);
    row += reader.varint();
    if (kind === WATERMARK) {
      const watermark = readTime(reader, previous);
      if (Number.isSafeInteger(watermark)) previous = watermark;
      controls.push({ row, kind, watermark });
    } else if (kind === BARRIER) {
      controls.push({ row, kind, checkpointId: reader.varint() });
    } else {
      controls.push({ row, kind });
    }
  }
  return { layout: LAYOUT_ROWS, rowCount, controls, bodyStart };
}

/** Checks the fixed bytes and returns the row count. */
function readPrefix(reader: ByteReader): number {
  if (reader.u8() !== MAGIC) throw corrupt("a channel buffer does not begin with its mark");
  const version = reader.u8();
  if (version !== BUFFER_VERSION) throw corrupt(`its version is ${version}, and this release reads ${BUFFER_VERSION}`);
  const layout = reader.u8();
  if (layout !== LAYOUT_ROWS) throw corrupt(`its layout is ${layout}, and this release reads rows, ${LAYOUT_ROWS}`);
  return reader.varint();
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
