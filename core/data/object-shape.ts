import type { ByteReader } from "../lib/bytes.ts";

/**
 * Reads the value of the field with this index from where `source` and `at` say: a reader and how deep the object lies, a batch
 * of columns and a row, expressions and a record.
 */
export type FieldReader<S = ByteReader, A = number> = (index: number, source: S, at: A) => unknown;

/** Makes an object with the fields of one shape, their values read in order. */
export type ObjectMaker<S = ByteReader, A = number> = (read: FieldReader<S, A>, source: S, at: A) => object;

const UNROLLED_FIELDS = 8;

/**
 * A maker for objects with these field names, in this order. All its objects share one hidden class, and each store has a site
 * of its own that sees few names: four times as fast as a loop over the names, and as fast as generated code, which edges
 * forbid.
 */
export function objectMaker<S = ByteReader, A = number>(names: readonly string[]): ObjectMaker<S, A> {
  // An assignment to `__proto__` would set the prototype and lose the field.
  if (names.includes("__proto__")) return (read, source, at) => defineFields({}, names, read, source, at);
  const [k0 = "", k1 = "", k2 = "", k3 = "", k4 = "", k5 = "", k6 = "", k7 = ""] = names;
  const count = names.length;
  return (read, source, at) => {
    const made: Record<string, unknown> = {};
    if (0 < count) made[k0] = read(0, source, at);
    if (1 < count) made[k1] = read(1, source, at);
    if (2 < count) made[k2] = read(2, source, at);
    if (3 < count) made[k3] = read(3, source, at);
    if (4 < count) made[k4] = read(4, source, at);
    if (5 < count) made[k5] = read(5, source, at);
    if (6 < count) made[k6] = read(6, source, at);
    if (7 < count) made[k7] = read(7, source, at);
    for (let index = UNROLLED_FIELDS; index < count; index += 1) made[names[index]!] = read(index, source, at);
    return made;
  };
}

function defineFields<S, A>(made: object, names: readonly string[], read: FieldReader<S, A>, source: S, at: A): object {
  for (let index = 0; index < names.length; index += 1) setField(made, names[index]!, read(index, source, at));
  return made;
}

/** Sets an own field whatever its name: an assignment to `__proto__` would set the prototype. */
export function setField(target: object, name: string, value: unknown): void {
  if (name === "__proto__") Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  else (target as Record<string, unknown>)[name] = value;
}
