import type { OptionalType, Type } from "./type.ts";

/** Values are taken for what they are only where nothing of them would be lost: an instance of a subclass is another thing. */
export function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

export function isMap(value: unknown): value is Map<unknown, unknown> {
  return value instanceof Map && Object.getPrototypeOf(value) === Map.prototype;
}

export function isSet(value: unknown): value is Set<unknown> {
  return value instanceof Set && Object.getPrototypeOf(value) === Set.prototype;
}

export function isDate(value: unknown): value is Date {
  return value instanceof Date && Object.getPrototypeOf(value) === Date.prototype;
}

export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && Object.getPrototypeOf(value) === Uint8Array.prototype;
}

/** Whether a value is worth a try. */
export function mayFit(member: Type<unknown>, value: unknown): boolean {
  return member.accepts?.(value) ?? true;
}

/** The type of a field where it is present; undefined for a field that must be. */
export function optionalElement(type: Type<unknown>): Type<unknown> | undefined {
  return (type as Partial<OptionalType<unknown>>).optional;
}
