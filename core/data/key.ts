import { JobError } from "../lib/errors.ts";
import { javaBooleanHash, javaDoubleHash, javaLongHash, javaStringHash } from "../lib/hash.ts";
import { show } from "../lib/show.ts";
import { decodeStructuredKey, encodeStructuredKey } from "./structured-key.ts";

/**
 * The canonical form of a key: what a Map compares is what makes two keys one. A number never is −0, and NaN is one key.
 *
 * Strings stand for themselves, except that "\u0000" at the start is doubled: a "\u0000" followed by anything else opens an
 * array or an object in its canonical bytes, one character each.
 */
export type KeyId = string | number | boolean;

/** What the identity of a structured key begins with. */
export const KEY_MARK = "\u0000";

/**
 * The identity of a key. Strings, numbers and booleans are keys; a bigint that is a safe integer is the same key as the equal
 * number; arrays and plain objects of such values (and null) are keys by content, whatever the order of their fields.
 *
 * @throws JobError INVALID_KEY for null, undefined, functions, symbols, larger bigints, dates and other objects.
 */
export function keyId(key: unknown): KeyId {
  if (typeof key === "string") return key.charCodeAt(0) === 0 ? KEY_MARK + key : key;
  // Adding 0 turns −0 into 0 and leaves every other number as it is.
  if (typeof key === "number") return key + 0;
  if (typeof key === "boolean") return key;
  if (typeof key === "bigint") return safeInteger(key);
  if (typeof key === "object" && key !== null) return KEY_MARK + encodeStructuredKey(key);
  throw new JobError("INVALID_KEY", `${show(key)} is no key; ${adviceFor(key)}`);
}

/** The key itself: equal to the one that `keyId` was given, a structured key with its fields in canonical order. */
export function keyValue(id: KeyId): unknown {
  if (typeof id !== "string" || id.charCodeAt(0) !== 0) return id;
  return isStructured(id) ? decodeStructuredKey(id, 1) : id.slice(1);
}

/**
 * `hashCode` of the same key in Java: String, Long for safe integers, Double for other numbers, Boolean, `byte[]` for
 * structured keys.
 */
export function keyHash(id: KeyId): number {
  if (typeof id === "number") return Number.isSafeInteger(id) ? javaLongHash(id) : javaDoubleHash(id);
  if (typeof id === "boolean") return javaBooleanHash(id);
  if (id.charCodeAt(0) !== 0) return javaStringHash(id);
  return isStructured(id) ? structuredHash(id) : javaStringHash(id.slice(1));
}

/** The key on one line, for messages. */
export function showKey(id: KeyId): string {
  return show(keyValue(id));
}

/** Whether the identity is that of an array or object: canonical bytes never begin with 0. */
export function isStructured(id: string): boolean {
  return id.charCodeAt(0) === 0 && id.charCodeAt(1) !== 0;
}

/** `Arrays.hashCode(byte[])` over the canonical bytes. */
function structuredHash(id: string): number {
  let hash = 1;
  for (let index = 1; index < id.length; index += 1) hash = (Math.imul(hash, 31) + ((id.charCodeAt(index) << 24) >> 24)) | 0;
  return hash;
}

function safeInteger(key: bigint): number {
  const number = Number(key);
  if (Number.isSafeInteger(number)) return number;
  throw new JobError("INVALID_KEY", `${show(key)} is no key: a bigint must be a safe integer; use its digits, String(key)`);
}

function adviceFor(key: unknown): string {
  if (key === null || key === undefined) {
    return "give records without a key one of their own, such as the empty string, or filter them out before keyBy";
  }
  return "return a string, a number, a boolean, or an array or plain object of these from the key selector";
}
