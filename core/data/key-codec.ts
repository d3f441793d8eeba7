import type { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { corrupt } from "../lib/errors.ts";
import { KEY_MARK, type KeyId, isStructured } from "./key.ts";
import { decodeStructuredKey } from "./structured-key.ts";

/** The forms of a key in bytes. */
const TEXT = 0;
const INTEGER = 1;
const DOUBLE = 2;
const FALSE = 3;
const TRUE = 4;
const STRUCTURED = 5;

export function writeKey(writer: ByteWriter, id: KeyId): void {
  if (typeof id === "number") {
    writer.u8(Number.isSafeInteger(id) ? INTEGER : DOUBLE);
    if (Number.isSafeInteger(id)) writer.zigzag(id);
    else writer.f64(id);
  } else if (typeof id === "boolean") {
    writer.u8(id ? TRUE : FALSE);
  } else if (isStructured(id)) {
    writer.u8(STRUCTURED);
    writer.varint(id.length - 1);
    for (let index = 1; index < id.length; index += 1) writer.u8(id.charCodeAt(index));
  } else {
    writer.u8(TEXT);
    writer.string(id);
  }
}

export function readKey(reader: ByteReader): KeyId {
  const form = reader.u8();
  switch (form) {
    case TEXT:
      return readTextKey(reader);
    case INTEGER:
      return reader.zigzag();
    case DOUBLE:
      return reader.f64() + 0;
    case FALSE:
      return false;
    case TRUE:
      return true;
    case STRUCTURED:
      return readStructuredKey(reader);
    default:
      throw corrupt(`${form} at byte ${reader.position - 1} is no form of a key`);
  }
}

function readTextKey(reader: ByteReader): string {
  const id = reader.string();
  if (isStructured(id)) throw corrupt(`the text of a key before byte ${reader.position} is not escaped`);
  return id;
}

function readStructuredKey(reader: ByteReader): string {
  let id = KEY_MARK;
  for (const byte of reader.rawView(reader.varint())) id += String.fromCharCode(byte);
  // Reading it once finds damage here rather than when the key is shown to a user function.
  decodeStructuredKey(id, 1);
  return id;
}
