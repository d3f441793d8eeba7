import { corrupt, type JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { doubleText, integerText, KeyTextReader, stringText, varintText } from "./key-text.ts";
import { setField } from "./object-shape.ts";
import { elementStep, fieldStep, keyRefusal, under } from "./refusal.ts";

/** Tags of the canonical bytes of a structured key. They are part of its identity and never change; none is 0. */
const NULL = "\u0001";
const FALSE = "\u0002";
const TRUE = "\u0003";
const INTEGER = "\u0004";
const DOUBLE = "\u0005";
const STRING = "\u0006";
const ARRAY = "\u0007";
const OBJECT = "\u0008";

/** Keys are small; what nests deeper is a mistake, a cycle most likely. */
const KEY_NESTING_MAX = 32;

/**
 * The canonical bytes of an array or plain object, one character each: equal content gives equal bytes, whatever the order of
 * fields.
 */
export function encodeStructuredKey(key: object): string {
  return elementText(key, 0);
}

/** The key behind the characters of `text` from `start` on. */
export function decodeStructuredKey(text: string, start: number): unknown {
  const reader = new KeyTextReader(text, start);
  const key = readElement(reader, 0);
  if (reader.remaining !== 0) throw corrupt(`${reader.remaining} bytes are left after a key`);
  return key;
}

function elementText(element: unknown, depth: number): string {
  switch (typeof element) {
    case "string":
      return STRING + stringText(element);
    case "number":
      return numberText(element);
    case "boolean":
      return element ? TRUE : FALSE;
    case "bigint":
      if (!Number.isSafeInteger(Number(element))) throw notInKey(element, "use the digits, String(key)");
      return numberText(Number(element));
    case "object":
      return element === null ? NULL : containerText(element, depth);
    default:
      throw notInKey(element, element === undefined ? "leave it out, or use null" : "use a string, number or boolean");
  }
}

function numberText(value: number): string {
  return Number.isSafeInteger(value) ? INTEGER + integerText(value) : DOUBLE + doubleText(value);
}

function containerText(element: object, depth: number): string {
  if (depth === KEY_NESTING_MAX) throw keyRefusal(`a key nests deeper than ${KEY_NESTING_MAX} levels, or contains itself`);
  if (Array.isArray(element)) {
    let text = ARRAY + varintText(element.length);
    for (let index = 0; index < element.length; index += 1) text += partText(element[index], index, depth + 1);
    return text;
  }
  const prototype: unknown = Object.getPrototypeOf(element);
  if (prototype !== Object.prototype && prototype !== null) {
    if (element instanceof Date) throw notInKey(element, "use its time in ms, date.getTime()");
    throw notInKey(element, "use a string, or a plain object of its fields");
  }
  // The default order of sort is that of UTF-16 code units.
  const names = Object.keys(element).sort();
  let text = OBJECT + varintText(names.length);
  for (const name of names) text += stringText(name) + partText((element as Record<string, unknown>)[name], name, depth + 1);
  return text;
}

function partText(part: unknown, place: string | number, depth: number): string {
  try {
    return elementText(part, depth);
  } catch (error) {
    throw under(typeof place === "number" ? elementStep(place) : fieldStep(place), error);
  }
}

function readElement(reader: KeyTextReader, depth: number): unknown {
  const tag = String.fromCharCode(reader.byte());
  switch (tag) {
    case NULL:
      return null;
    case FALSE:
      return false;
    case TRUE:
      return true;
    case INTEGER:
      return reader.integer();
    case DOUBLE:
      return reader.double();
    case STRING:
      return reader.string();
    case ARRAY:
    case OBJECT:
      if (depth === KEY_NESTING_MAX) throw corrupt(`a key nests deeper than ${KEY_NESTING_MAX} levels`);
      return tag === ARRAY ? readArray(reader, depth + 1) : readObject(reader, depth + 1);
    default:
      throw corrupt(`${tag.charCodeAt(0)} is no tag in a key`);
  }
}

function readArray(reader: KeyTextReader, depth: number): unknown[] {
  const length = reader.count();
  const array: unknown[] = [];
  for (let index = 0; index < length; index += 1) array.push(readElement(reader, depth));
  return array;
}

function readObject(reader: KeyTextReader, depth: number): object {
  const count = reader.count();
  const made = {};
  for (let index = 0; index < count; index += 1) setField(made, reader.string(), readElement(reader, depth));
  return made;
}

function notInKey(element: unknown, advice: string): JobError {
  return keyRefusal(`${show(element)} cannot be part of a key: ${advice}`);
}
