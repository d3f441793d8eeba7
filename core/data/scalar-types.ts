import { show } from "../lib/show.ts";
import { codedType } from "./coded-type.ts";
import type { Type } from "./type.ts";
import { isBytes, isDate } from "./value-kinds.ts";

export const stringType: Type<string> = /* @__PURE__ */ codedType("string", isString, (from) => from.stringCodec);
export const numberType: Type<number> = /* @__PURE__ */ codedType("f64", isNumber, (from) => from.numberCodec);
export const intType: Type<number> = /* @__PURE__ */ codedType("int", Number.isSafeInteger, (from) => from.intCodec);
export const booleanType: Type<boolean> = /* @__PURE__ */ codedType("boolean", isBoolean, (from) => from.booleanCodec);
export const bigintType: Type<bigint> = /* @__PURE__ */ codedType("bigint", isBigint, (from) => from.bigintCodec);
export const dateType: Type<Date> = /* @__PURE__ */ codedType("date", isDate, (from) => from.dateCodec);
export const bytesType: Type<Uint8Array> = /* @__PURE__ */ codedType("bytes", isBytes, (from) => from.bytesCodec);

export type Literal = string | number | boolean | bigint | null | undefined;

/** One of a few fixed values, stored as its place among them. */
export function literalType<const L extends readonly Literal[]>(...values: L): Type<L[number]> {
  const shown = values.map((value) => show(value)).join("|");
  const placeOf = (value: unknown): number => values.findIndex((candidate) => Object.is(candidate, value));
  return codedType(`literal(${shown})`, (value) => 0 <= placeOf(value), (from) => from.literalCodec(values, shown, placeOf));
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

function isBigint(value: unknown): value is bigint {
  return typeof value === "bigint";
}
