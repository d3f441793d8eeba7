import { corrupt } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { readBigint, writeBigint } from "./bigint-codec.ts";
import { refuseExtraProperties } from "./plain-value.ts";
import { refusal } from "./refusal.ts";
import type { Type } from "./type.ts";

function expected(what: string, value: unknown): unknown {
  return refusal(`${what} is expected, but got ${show(value)}`);
}

export const stringType: Type<string> = {
  name: "string",
  accepts: (value) => typeof value === "string",
  write(writer, value) {
    if (typeof value !== "string") throw expected("a string", value);
    writer.string(value);
  },
  read: (reader) => reader.string(),
};

export const numberType: Type<number> = {
  name: "f64",
  accepts: (value) => typeof value === "number",
  write(writer, value) {
    if (typeof value !== "number") throw expected("a number", value);
    writer.f64(value);
  },
  read: (reader) => reader.f64(),
};

export const intType: Type<number> = {
  name: "int",
  accepts: (value) => Number.isSafeInteger(value),
  write(writer, value) {
    if (!Number.isSafeInteger(value)) throw expected("a safe integer (at most 2^53 − 1; use types.bigint beyond)", value);
    writer.zigzag(value);
  },
  read: (reader) => reader.zigzag(),
};

export const booleanType: Type<boolean> = {
  name: "boolean",
  accepts: (value) => typeof value === "boolean",
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

export const bigintType: Type<bigint> = {
  name: "bigint",
  accepts: (value) => typeof value === "bigint",
  write(writer, value) {
    if (typeof value !== "bigint") throw expected("a bigint", value);
    writeBigint(writer, value);
  },
  read: (reader) => readBigint(reader),
};

function isDate(value: unknown): value is Date {
  return value instanceof Date && Object.getPrototypeOf(value) === Date.prototype;
}

export const dateType: Type<Date> = {
  name: "date",
  accepts: isDate,
  write(writer, value) {
    if (!isDate(value)) throw expected("a Date", value);
    refuseExtraProperties(value, "Date");
    writer.f64(value.getTime());
  },
  read: (reader) => new Date(reader.f64()),
};

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && Object.getPrototypeOf(value) === Uint8Array.prototype;
}

export const bytesType: Type<Uint8Array> = {
  name: "bytes",
  accepts: isBytes,
  write(writer, value) {
    if (!isBytes(value)) throw expected("a Uint8Array (not a subclass such as Buffer: new Uint8Array(buffer))", value);
    writer.bytes(value);
  },
  read: (reader) => reader.bytes(),
};

export type Literal = string | number | boolean | bigint | null | undefined;

/** One of a few fixed values, stored as its place among them. */
export function literalType<const L extends readonly Literal[]>(...values: L): Type<L[number]> {
  const shown = values.map((value) => show(value)).join("|");
  const placeOf = (value: unknown): number => values.findIndex((candidate) => Object.is(candidate, value));
  return {
    name: `literal(${shown})`,
    accepts: (value) => 0 <= placeOf(value),
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
