import { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { type JobError, corrupt } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { setField } from "./object-shape.ts";
import { elementStep, fieldStep, keyRefusal, under } from "./refusal.ts";

/** Tags of the canonical bytes of a structured key. They are part of its identity and never change; none is 0. */
const NULL = 1;
const FALSE = 2;
const TRUE = 3;
const INTEGER = 4;
const DOUBLE = 5;
const STRING = 6;
const ARRAY = 7;
const OBJECT = 8;

/** Keys are small; what nests deeper is a mistake, a cycle most likely. */
const KEY_NESTING_MAX = 32;
/** A block of this many bytes fits any engine's limit on arguments. */
const BYTES_PER_CALL = 4096;

/** Used from start to end within one synchronous call, never across two. */
let scratch: ByteWriter | undefined;

/**
 * The canonical bytes of an array or plain object, one character each: equal content gives equal bytes, whatever the order of
 * fields.
 */
export function encodeStructuredKey(key: object): string {
  // A getter of a key may itself ask for a key, so the writer is taken out while it is in use.
  const writer = scratch ?? new ByteWriter();
  scratch = undefined;
  writer.reset();
  writeElement(writer, key, 0);
  const bytes = writer.view();
  let text = "";
  for (let start = 0; start < bytes.length; start += BYTES_PER_CALL) {
    text += String.fromCharCode.apply(null, bytes.subarray(start, start + BYTES_PER_CALL) as unknown as number[]);
  }
  // One huge key must not hold its memory for ever.
  if (bytes.length <= BYTES_PER_CALL) scratch = writer;
  return text;
}

/** The key behind the characters of `text` from `start` on. */
export function decodeStructuredKey(text: string, start: number): unknown {
  const bytes = new Uint8Array(text.length - start);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = text.charCodeAt(start + index);
  const reader = new ByteReader(bytes);
  const key = readElement(reader, 0);
  if (reader.remaining !== 0) throw corrupt(`${reader.remaining} bytes are left after a key`);
  return key;
}

function writeElement(writer: ByteWriter, element: unknown, depth: number): void {
  switch (typeof element) {
    case "string":
      writer.u8(STRING);
      return writer.string(element);
    case "number":
      return writeNumber(writer, element);
    case "boolean":
      return writer.u8(element ? TRUE : FALSE);
    case "bigint":
      if (!Number.isSafeInteger(Number(element))) throw notInKey(element, "use the digits, String(key)");
      return writeNumber(writer, Number(element));
    case "object":
      if (element === null) return writer.u8(NULL);
      return writeContainer(writer, element, depth);
    default:
      throw notInKey(element, element === undefined ? "leave it out, or use null" : "use a string, number or boolean");
  }
}

function writeNumber(writer: ByteWriter, value: number): void {
  if (Number.isSafeInteger(value)) {
    writer.u8(INTEGER);
    writer.zigzag(value);
  } else {
    writer.u8(DOUBLE);
    writer.f64(value);
  }
}

function writeContainer(writer: ByteWriter, element: object, depth: number): void {
  if (depth === KEY_NESTING_MAX) throw keyRefusal(`a key nests deeper than ${KEY_NESTING_MAX} levels, or contains itself`);
  if (Array.isArray(element)) {
    writer.u8(ARRAY);
    writer.varint(element.length);
    for (let index = 0; index < element.length; index += 1) writePart(writer, element[index], index, depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(element);
  if (prototype !== Object.prototype && prototype !== null) {
    if (element instanceof Date) throw notInKey(element, "use its time in ms, date.getTime()");
    throw notInKey(element, "use a string, or a plain object of its fields");
  }
  // The default order of sort is that of UTF-16 code units.
  const names = Object.keys(element).sort();
  writer.u8(OBJECT);
  writer.varint(names.length);
  for (const name of names) {
    writer.string(name);
    writePart(writer, (element as Record<string, unknown>)[name], name, depth + 1);
  }
}

function writePart(writer: ByteWriter, part: unknown, place: string | number, depth: number): void {
  try {
    writeElement(writer, part, depth);
  } catch (error) {
    throw under(typeof place === "number" ? elementStep(place) : fieldStep(place), error);
  }
}

function readElement(reader: ByteReader, depth: number): unknown {
  const tag = reader.u8();
  switch (tag) {
    case NULL:
      return null;
    case FALSE:
      return false;
    case TRUE:
      return true;
    case INTEGER:
      return reader.zigzag();
    case DOUBLE:
      return reader.f64();
    case STRING:
      return reader.string();
    case ARRAY:
    case OBJECT:
      if (depth === KEY_NESTING_MAX) throw corrupt(`a key nests deeper than ${KEY_NESTING_MAX} levels`);
      return tag === ARRAY ? readArray(reader, depth + 1) : readObject(reader, depth + 1);
    default:
      throw corrupt(`${tag} is no tag in a key`);
  }
}

function readArray(reader: ByteReader, depth: number): unknown[] {
  const length = reader.count();
  const array: unknown[] = [];
  for (let index = 0; index < length; index += 1) array.push(readElement(reader, depth));
  return array;
}

function readObject(reader: ByteReader, depth: number): object {
  const count = reader.count();
  const made = {};
  for (let index = 0; index < count; index += 1) setField(made, reader.string(), readElement(reader, depth));
  return made;
}

function notInKey(element: unknown, advice: string): JobError {
  return keyRefusal(`${show(element)} cannot be part of a key: ${advice}`);
}
