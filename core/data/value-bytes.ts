import { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { corrupt } from "../lib/errors.ts";
import type { Type } from "./type.ts";

/** One value as bytes that can be read by themselves. */
export function encodeValue<T>(type: Type<T>, value: T): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  type.write(writer, value);
  return writer.finish();
}

/** The value of bytes that `encodeValue` made with an equal type. */
export function decodeValue<T>(type: Type<T>, bytes: Uint8Array): T {
  const reader = new ByteReader(bytes);
  const value = type.read(reader);
  if (reader.remaining !== 0) throw corrupt(`${reader.remaining} bytes are left after a value of type ${type.name}`);
  return value;
}
