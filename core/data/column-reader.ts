import { assert } from "../lib/assert.ts";
import { ByteReader } from "../lib/bytes.ts";
import { corrupt } from "../lib/errors.ts";
import { BatchLayout, ColumnBatch, NO_WATERMARKS, type WatermarkPositions } from "./column-batch.ts";
import { aligned, ALIGNMENT, bytesOfKind, COLUMN_KINDS, COLUMNS_VERSION, FLAG_UNDEFINED, FLAG_VALIDITY, FLAGS_END } from "./column-format.ts";
import {
  type Absent,
  boolColumn,
  type Column,
  type ColumnKind,
  f64Column,
  i32Column,
  i64Column,
  objectColumn,
  stringColumn,
} from "./column.ts";
import { Dictionary, DICTIONARY_STRINGS_MAX } from "./dictionary.ts";
import { dynamicType } from "./dynamic-type.ts";
import { SHAPE_FIELDS_MAX } from "./dynamic-format.ts";
import { isValid, type Validity, validityLength } from "./validity.ts";

/** What the description says of one column. */
interface Described {
  readonly kind: ColumnKind;
  readonly hasValidity: boolean;
  readonly absent: Absent;
  readonly dictionary: Dictionary | undefined;
  /** Of objects. */
  readonly byteLength: number;
}

/**
 * Reads what one `ColumnWriter` has written, in the same order. The columns of a batch are views of the bytes, which must not
 * change for as long as it is in use.
 *
 * Damaged bytes give CORRUPT_DATA. After that the session is lost: bytes that come later may name strings that never arrived.
 */
export class ColumnReader {
  readonly #description = new ByteReader(new Uint8Array(0));
  readonly #values = new ByteReader(new Uint8Array(0));
  #layout: BatchLayout | undefined;
  /** One a column, if it ever held strings. */
  #sessions: (ReadSession | undefined)[] = [];

  /** The batch whose description begins at `start`; it reaches to the end of the bytes. */
  read(given: Uint8Array, start: number): ColumnBatch {
    // A view of doubles begins at a multiple of their size only. A copy is made of bytes that lie elsewhere.
    const bytes = given.byteOffset % ALIGNMENT === 0 ? given : new Uint8Array(given);
    const reader = this.#description;
    reader.reset(bytes, start);
    const version = reader.u8();
    if (version !== COLUMNS_VERSION) throw corrupt(`its columns have version ${version}, and this release reads ${COLUMNS_VERSION}`);
    const rowCount = reader.varint();
    if (reader.remaining < 8 * rowCount) throw corrupt(`${rowCount} timestamps cannot lie in ${reader.remaining} bytes`);
    const layout = this.#readLayout(reader);
    const described: Described[] = [];
    for (let index = 0; index < layout.columnCount; index += 1) described.push(this.#describe(reader, index, rowCount));
    const sections = new Sections(bytes, reader.position);
    const timestamps = new Float64Array(bytes.buffer, sections.take(8 * rowCount), rowCount);
    const columns = described.map((column) => this.#column(column, sections, rowCount));
    sections.end();
    return new ColumnBatch({ layout, rowCount, columns, timestamps, watermarks: NO_WATERMARKS, selection: undefined });
  }

  /** Rows `first` to `end − 1` of a batch that has been read, with watermarks between them. */
  part({ layout, rowCount, columns, timestamps }: ColumnBatch, first: number, end: number, watermarks: WatermarkPositions): ColumnBatch {
    const isWhole = first === 0 && end === rowCount;
    const selection = isWhole ? undefined : Int32Array.from({ length: end - first }, (_, index) => first + index);
    return new ColumnBatch({ layout, rowCount, columns, timestamps, watermarks: watermarks.rows.length === 0 ? NO_WATERMARKS : watermarks, selection });
  }

  /** Most batches look like the one before: the same layout gives their objects the same hidden class. */
  #readLayout(reader: ByteReader): BatchLayout {
    const form = reader.varint();
    if (SHAPE_FIELDS_MAX + 1 < form) throw corrupt(`${form - 1} columns are more than the ${SHAPE_FIELDS_MAX} of the format`);
    let names: string[] | undefined;
    if (form !== 0) {
      names = [];
      for (let index = 1; index < form; index += 1) names.push(reader.string());
    }
    if (this.#layout?.hasNames(names) === true) return this.#layout;
    this.#sessions = [];
    this.#layout = new BatchLayout(names);
    return this.#layout;
  }

  #describe(reader: ByteReader, index: number, rowCount: number): Described {
    const code = reader.u8();
    const flags = reader.u8();
    const kind = COLUMN_KINDS[code];
    if (kind === undefined || FLAGS_END <= flags) throw corrupt(`${code} with flags ${flags} is no kind of a column`);
    const hasValidity = (flags & FLAG_VALIDITY) !== 0;
    const absent = (flags & FLAG_UNDEFINED) === 0 ? null : undefined;
    const dictionary = kind === "string" ? this.#readDictionary(reader, index) : undefined;
    const byteLength = kind === "object" ? reader.count() : 0;
    if (kind === "object" && (hasValidity || byteLength < rowCount)) throw corrupt(`${rowCount} objects cannot lie in ${byteLength} bytes`);
    return { kind, hasValidity, absent, dictionary, byteLength };
  }

  #readDictionary(reader: ByteReader, index: number): Dictionary {
    const generation = reader.varint();
    const first = reader.varint();
    const count = reader.count();
    const session = (this.#sessions[index] ??= new ReadSession());
    if (first === 0) session.start(generation);
    const { dictionary } = session;
    if (session.generation !== generation || dictionary.strings.length !== first) {
      throw corrupt(`a dictionary goes on at string ${first} of generation ${generation}, which is not where it ended: buffers are read once, in order`);
    }
    if (DICTIONARY_STRINGS_MAX <= first) throw corrupt(`a dictionary that has ${first} strings should have ended`);
    for (let string = 0; string < count; string += 1) dictionary.append(reader.string());
    return dictionary;
  }

  #column(described: Described, sections: Sections, rowCount: number): Column {
    const { kind, absent, dictionary, byteLength } = described;
    const { bytes } = sections;
    const buffer = bytes.buffer;
    let validity: Validity | undefined;
    if (described.hasValidity) validity = new Uint8Array(buffer, sections.take(validityLength(rowCount)), validityLength(rowCount));
    const start = sections.take(kind === "object" ? byteLength : bytesOfKind(kind) * rowCount);
    switch (kind) {
      case "f64":
        return f64Column(new Float64Array(buffer, start, rowCount), validity, absent);
      case "i32":
        return i32Column(new Int32Array(buffer, start, rowCount), validity, absent);
      case "i64":
        return i64Column(new BigInt64Array(buffer, start, rowCount), validity, absent);
      case "bool":
        return boolColumn(checkedBelow(new Uint8Array(buffer, start, rowCount), 2, undefined), validity, absent);
      case "string":
        assert(dictionary !== undefined, "a column of strings has a dictionary");
        return stringColumn(checkedBelow(new Int32Array(buffer, start, rowCount), dictionary.strings.length, validity), dictionary, validity, absent);
      case "object":
        return this.#objects(bytes, start - bytes.byteOffset, byteLength, rowCount);
    }
  }

  #objects(bytes: Uint8Array, start: number, byteLength: number, rowCount: number): Column {
    const reader = this.#values;
    reader.reset(bytes, start, start + byteLength);
    const values: unknown[] = [];
    for (let row = 0; row < rowCount; row += 1) values.push(dynamicType.read(reader));
    if (reader.remaining !== 0) throw corrupt(`${reader.remaining} bytes are left after a column of objects`);
    return objectColumn(values);
  }
}

/** The dictionary of one column. Its generations are counted here: batches that begin their own may come from several writers. */
class ReadSession {
  dictionary: Dictionary;
  /** As the writer counts; −1 before the first. */
  generation = -1;

  constructor() {
    this.dictionary = new Dictionary(this, 0);
  }

  start(generation: number): void {
    this.generation = generation;
    if (this.dictionary.strings.length !== 0) this.dictionary = new Dictionary(this, this.dictionary.generation + 1);
  }
}

/** Hands out the sections one after the other, as positions in the buffer behind the bytes. */
class Sections {
  readonly bytes: Uint8Array;
  #position: number;

  constructor(bytes: Uint8Array, position: number) {
    this.bytes = bytes;
    this.#position = position;
  }

  take(length: number): number {
    const start = aligned(this.#position);
    if (this.bytes.length < start + length) throw corrupt(`a section of ${length} bytes at byte ${start} reaches beyond the end, ${this.bytes.length}`);
    this.#position = start + length;
    return this.bytes.byteOffset + start;
  }

  end(): void {
    const rest = this.bytes.length - this.#position;
    if (rest !== 0) throw corrupt(`${rest} bytes are left after the last row`);
  }
}

/** Values that stand for one of `end` things; those of rows without value are not looked at. */
function checkedBelow<A extends Uint8Array | Int32Array>(values: A, end: number, validity: Validity | undefined): A {
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row]!;
    if ((value < 0 || end <= value) && (validity === undefined || isValid(validity, row))) throw corrupt(`${value} is none of the ${end} values of a column`);
  }
  return values;
}
