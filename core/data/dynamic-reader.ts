import type { ByteReader } from "../lib/bytes.ts";
import { corrupt } from "../lib/errors.ts";
import { readBigint } from "./bigint-codec.ts";
import * as tag from "./dynamic-format.ts";
import { type FieldReader, objectMaker, type ObjectMaker, setField } from "./object-shape.ts";

/** The reading side of one session of the self-describing form. */
export class DynamicReader {
  readonly #reader: ByteReader;
  readonly #makers: ObjectMaker[] = [];
  readonly #field: FieldReader = (_index, reader, depth) => this.#value(reader, depth);

  constructor(reader: ByteReader) {
    this.#reader = reader;
    const version = reader.u8();
    if (version !== tag.DYNAMIC_VERSION) {
      throw corrupt(`${version} is no version of the self-describing format that this release reads (${tag.DYNAMIC_VERSION})`);
    }
  }

  read(): unknown {
    return this.#value(this.#reader, 0);
  }

  #value(reader: ByteReader, depth: number): unknown {
    const head = reader.u8();
    if (tag.FIRST_INLINE_INT <= head) return head - tag.FIRST_INLINE_INT;
    if (tag.FIRST_INLINE_STRING <= head) return reader.utf8(head - tag.FIRST_INLINE_STRING);
    if (tag.FIRST_INLINE_SHAPE <= head) return this.#shaped(head - tag.FIRST_INLINE_SHAPE, reader, depth);
    switch (head) {
      case tag.F64:
        return reader.f64();
      case tag.INT:
        return reader.zigzag();
      case tag.STRING:
        return reader.string();
      case tag.UNDEFINED:
        return undefined;
      case tag.NULL:
        return null;
      case tag.FALSE:
        return false;
      case tag.TRUE:
        return true;
      case tag.BIGINT:
        return readBigint(reader);
      case tag.DATE:
        return new Date(reader.f64());
      case tag.ARRAY_BUFFER:
        return reader.bytes().buffer;
      case tag.TYPED_ARRAY:
        return readTypedArray(reader);
      default:
        return this.#container(head, reader, depth);
    }
  }

  #container(head: number, reader: ByteReader, depth: number): unknown {
    if (tag.NESTING_MAX <= depth) throw corrupt(`values nest deeper than ${tag.NESTING_MAX} levels at byte ${reader.position}`);
    switch (head) {
      case tag.NEW_SHAPE:
        return this.#newShape(reader, depth);
      case tag.SHAPED:
        return this.#shaped(reader.varint(), reader, depth);
      case tag.ARRAY:
        return this.#array(reader, depth);
      case tag.DICTIONARY:
        return this.#dictionary({}, reader, depth);
      case tag.BARE_DICTIONARY:
        return this.#dictionary(Object.create(null) as object, reader, depth);
      case tag.MAP:
        return this.#map(reader, depth);
      case tag.SET:
        return this.#set(reader, depth);
      default:
        throw corrupt(`${head} at byte ${reader.position - 1} is no tag of a value`);
    }
  }

  #shaped(shape: number, reader: ByteReader, depth: number): object {
    const make = this.#makers[shape];
    if (make === undefined || tag.NESTING_MAX <= depth) throw corrupt(`no shape ${shape} is known at byte ${reader.position}`);
    return make(this.#field, reader, depth + 1);
  }

  #newShape(reader: ByteReader, depth: number): object {
    const count = reader.count();
    if (tag.SHAPE_FIELDS_MAX < count || this.#makers.length === tag.SHAPES_MAX) {
      throw corrupt(`a shape of ${count} fields at byte ${reader.position} exceeds the bounds of the format`);
    }
    const names: string[] = [];
    for (let index = 0; index < count; index += 1) names.push(reader.string());
    const make = objectMaker(names);
    this.#makers.push(make);
    return make(this.#field, reader, depth + 1);
  }

  #dictionary(target: object, reader: ByteReader, depth: number): object {
    const count = reader.count();
    for (let index = 0; index < count; index += 1) setField(target, reader.string(), this.#value(reader, depth + 1));
    return target;
  }

  #array(reader: ByteReader, depth: number): unknown[] {
    const length = reader.count();
    const array: unknown[] = [];
    for (let index = 0; index < length; index += 1) array.push(this.#value(reader, depth + 1));
    return array;
  }

  #map(reader: ByteReader, depth: number): Map<unknown, unknown> {
    const size = reader.count();
    const map = new Map<unknown, unknown>();
    for (let index = 0; index < size; index += 1) {
      const key = this.#value(reader, depth + 1);
      map.set(key, this.#value(reader, depth + 1));
    }
    return map;
  }

  #set(reader: ByteReader, depth: number): Set<unknown> {
    const size = reader.count();
    const set = new Set<unknown>();
    for (let index = 0; index < size; index += 1) set.add(this.#value(reader, depth + 1));
    return set;
  }
}

function readTypedArray(reader: ByteReader): tag.AnyTypedArray {
  const index = reader.u8();
  const kind = tag.TYPED_ARRAYS[index];
  const bytes = reader.bytes();
  if (kind === undefined || bytes.length % kind.BYTES_PER_ELEMENT !== 0) {
    throw corrupt(`${bytes.length} bytes before byte ${reader.position} are no typed array of kind ${index}`);
  }
  // Elements are stored as memory holds them, which is little-endian on every platform that this runs on.
  return new kind(bytes.buffer);
}
