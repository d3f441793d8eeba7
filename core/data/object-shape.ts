import type { ByteReader } from "../lib/bytes.ts";

/** Reads the value of the field with this index. */
export type FieldReader = (index: number, reader: ByteReader, depth: number) => unknown;

/** Makes an object with the fields of one shape, their values read in order. */
export type ObjectMaker = (read: FieldReader, reader: ByteReader, depth: number) => object;

const UNROLLED_FIELDS = 8;

/**
 * A maker for objects with these field names, in this order. All its objects share one hidden class, and each store has a site
 * of its own that sees few names: four times as fast as a loop over the names, and as fast as generated code, which edges
 * forbid.
 */
export function objectMaker(names: readonly string[]): ObjectMaker {
  // An assignment to `__proto__` would set the prototype and lose the field.
  if (names.includes("__proto__")) return (read, reader, depth) => defineFields({}, names, read, reader, depth);
  const [k0 = "", k1 = "", k2 = "", k3 = "", k4 = "", k5 = "", k6 = "", k7 = ""] = names;
  const count = names.length;
  return (read, reader, depth) => {
    const made: Record<string, unknown> = {};
    if (0 < count) made[k0] = read(0, reader, depth);
    if (1 < count) made[k1] = read(1, reader, depth);
    if (2 < count) made[k2] = read(2, reader, depth);
    if (3 < count) made[k3] = read(3, reader, depth);
    if (4 < count) made[k4] = read(4, reader, depth);
    if (5 < count) made[k5] = read(5, reader, depth);
    if (6 < count) made[k6] = read(6, reader, depth);
    if (7 < count) made[k7] = read(7, reader, depth);
    for (let index = UNROLLED_FIELDS; index < count; index += 1) made[names[index]!] = read(index, reader, depth);
    return made;
  };
}

function defineFields(made: object, names: readonly string[], read: FieldReader, reader: ByteReader, depth: number): object {
  for (let index = 0; index < names.length; index += 1) setField(made, names[index]!, read(index, reader, depth));
  return made;
}

/** Sets an own field whatever its name: an assignment to `__proto__` would set the prototype. */
export function setField(target: object, name: string, value: unknown): void {
  if (name === "__proto__") Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  else (target as Record<string, unknown>)[name] = value;
}
