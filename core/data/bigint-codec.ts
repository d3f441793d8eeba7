import type { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { corrupt } from "../lib/errors.ts";

const SAFE = 0;
const POSITIVE = 1;
const NEGATIVE = 2;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * One byte for the form, then a zigzag number where the value is a safe integer, else the bytes of its magnitude, the highest
 * first.
 */
export function writeBigint(writer: ByteWriter, value: bigint): void {
  if (-MAX_SAFE <= value && value <= MAX_SAFE) {
    writer.u8(SAFE);
    writer.zigzag(Number(value));
    return;
  }
  writer.u8(value < 0n ? NEGATIVE : POSITIVE);
  const digits = (value < 0n ? -value : value).toString(16);
  const padded = digits.length % 2 === 0 ? digits : `0${digits}`;
  writer.varint(padded.length / 2);
  for (let index = 0; index < padded.length; index += 2) writer.u8(Number.parseInt(padded.slice(index, index + 2), 16));
}

export function readBigint(reader: ByteReader): bigint {
  const form = reader.u8();
  if (form === SAFE) return BigInt(reader.zigzag());
  if (form !== POSITIVE && form !== NEGATIVE) throw corrupt(`${form} is no form of a bigint`);
  let digits = "0x0";
  for (const byte of reader.rawView(reader.varint())) digits += byte.toString(16).padStart(2, "0");
  return form === NEGATIVE ? -BigInt(digits) : BigInt(digits);
}
