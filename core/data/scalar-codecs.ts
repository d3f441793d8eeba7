import { corrupt } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { readBigint, writeBigint } from "./bigint-codec.ts";
import type { Codec } from "./coded-type.ts";
import { refuseExtraProperties } from "./plain-value.ts";
import { refusal } from "./refusal.ts";
import type { Literal } from "./scalar-types.ts";
import { isBytes, isDate } from "./value-kinds.ts";

function expected(what: string, value: unknown): unknown {
  return refusal(`${what} is expected, but got ${show(value)}`);
}

export const stringCodec: Codec<string> = {
  write(writer, value) {
    if (typeof value !== "string") throw expected("a string", value);
    writer.string(value);
  },
  read: (reader) => reader.string(),
};

export const numberCodec: Codec<number> = {
  write(writer, value) {
    if (typeof value !== "number") throw expected("a number", value);
    writer.f64(value);
  },
  read: (reader) => reader.f64(),
};

export const intCodec: Codec<number> = {
  write(writer, value) {
    if (!Number.isSafeInteger(value)) throw expected("a safe integer (at most 2^53 − 1; use types.bigint beyond)", value);
    writer.zigzag(value);
  },
  read: (reader) => reader.zigzag(),
};

export const booleanCodec: Codec<boolean> = {
  write(writer, value) {
    if (typeof value !== "boolean") throw expected("a boolean", value);
    writer.u8(value ? 1 : 0);
  },
  read(reader) {
    const byte = reader.u8();
    if (1 < byte) throw corrupt(`${byte} at byte ${reader.position - 1} is no boolean`);
    return byte === 1;
  },
};

export const bigintCodec: Codec<bigint> = {
  write(writer, value) {
    if (typeof value !== "bigint") throw expected("a bigint", value);
    writeBigint(writer, value);
  },
  read: (reader) => readBigint(reader),
};

export const dateCodec: Codec<Date> = {
  write(writer, value) {
    if (!isDate(value)) throw expected("a Date", value);
    refuseExtraProperties(value, "Date");
    writer.f64(value.getTime());
  },
  read: (reader) => new Date(reader.f64()),
};

export const bytesCodec: Codec<Uint8Array> = {
  write(writer, value) {
    if (!isBytes(value)) throw expected("a Uint8Array (not a subclass such as Buffer: new Uint8Array(buffer))", value);
    writer.bytes(value);
  },
  read: (reader) => reader.bytes(),
};

export function literalCodec<const L extends readonly Literal[]>(values: L, shown: string, placeOf: (value: unknown) => number): Codec<L[number]> {
  return {
    write(writer, value) {
      const place = placeOf(value);
      if (place < 0) throw expected(shown, value);
      writer.varint(place);
    },
    read(reader) {
      const place = reader.varint();
      if (values.length <= place) throw corrupt(`${place} before byte ${reader.position} is none of ${shown}`);
      return values[place];
    },
  };
}
