/**
 * A copy of a record that shares nothing with it that could change: of plain objects, arrays, Maps, Sets, Dates and typed arrays, however deep. What has a class
 * of its own is taken as it is, since nothing is known of how to copy it.
 *
 * Between the operators of a chain a record is handed over, not copied: whoever emits it keeps no reference, and the next function may change it. So the engine
 * copies where it keeps a record that it emits, or gives one record to several. A flat object costs some 30 ns.
 */
export function copied<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  return copiedObject(value, undefined) as T;
}

/** `seen` knows the copies made so far, so that what is shared, or a cycle, is so in the copy too; only nested values need it. */
function copiedObject(value: object, seen: Map<object, object> | undefined): object {
  const present = seen?.get(value);
  if (present !== undefined) return present;
  if (Array.isArray(value)) return copiedArray(value, seen);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return copiedFields(value, seen);
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof Map) return copiedMap(value, seen);
  if (value instanceof Set) return copiedSet(value, seen);
  return ArrayBuffer.isView(value) && "slice" in value ? (value as Uint8Array).slice() : value;
}

function copiedFields(value: object, seen: Map<object, object> | undefined): object {
  const copy = (Object.getPrototypeOf(value) === null ? Object.assign(Object.create(null), value) : { ...value }) as Record<string, unknown>;
  let known = seen?.set(value, copy);
  for (const name in copy) {
    const field = copy[name];
    if (typeof field !== "object" || field === null) continue;
    known ??= new Map([[value, copy]]);
    copy[name] = copiedObject(field, known);
  }
  return copy;
}

function copiedArray(value: readonly unknown[], seen: Map<object, object> | undefined): object {
  const copy = value.slice();
  let known = seen?.set(value, copy);
  for (let index = 0; index < copy.length; index += 1) {
    const element = copy[index];
    if (typeof element !== "object" || element === null) continue;
    known ??= new Map<object, object>([[value, copy]]);
    copy[index] = copiedObject(element, known);
  }
  return copy;
}

function copiedMap(value: ReadonlyMap<unknown, unknown>, seen: Map<object, object> | undefined): object {
  const copy = new Map<unknown, unknown>();
  const known = (seen ?? new Map<object, object>()).set(value, copy);
  for (const [key, held] of value) copy.set(copiedHeld(key, known), copiedHeld(held, known));
  return copy;
}

function copiedSet(value: ReadonlySet<unknown>, seen: Map<object, object> | undefined): object {
  const copy = new Set<unknown>();
  const known = (seen ?? new Map<object, object>()).set(value, copy);
  for (const held of value) copy.add(copiedHeld(held, known));
  return copy;
}

function copiedHeld(held: unknown, known: Map<object, object>): unknown {
  return typeof held === "object" && held !== null ? copiedObject(held, known) : held;
}
