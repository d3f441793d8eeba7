import type { LocalJob } from "../runtime/local-job.ts";

/** What bytes are filled with. */
const POISON_BYTE = 0xdb;
const POISONED = "this state belongs to a job that was discarded: whoever reads it shares it with that job";

/**
 * Makes the state of a discarded job unusable: whatever it held throws when it is touched, and its bytes are overwritten. A job that was restored from a
 * snapshot of it must not notice, because only bytes that the snapshot owns cross from one to the other; whatever else the two share is found at once.
 *
 * Frozen objects stay: nobody can change what they share through them. Fields that are private to a class stay too, behind methods that throw.
 */
export function poisonState(job: LocalJob): void {
  const poisoned = new Set<object>();
  for (const task of job.tasks.flat()) {
    for (const { context } of task.chain.links) {
      for (const held of [...context.keyedState.heldObjects(), ...context.operatorState.heldObjects()]) poison(held, poisoned);
    }
  }
}

/** Makes the value and everything it holds unusable. */
export function poison(value: unknown, poisoned: Set<object> = new Set()): void {
  if (typeof value !== "object" || value === null || poisoned.has(value) || !Object.isExtensible(value)) return;
  poisoned.add(value);
  if (ArrayBuffer.isView(value)) {
    new Uint8Array(value.buffer, value.byteOffset, value.byteLength).fill(POISON_BYTE);
    return;
  }
  if (value instanceof Map) {
    for (const [key, held] of value) {
      poison(key, poisoned);
      poison(held, poisoned);
    }
    value.clear();
  } else if (value instanceof Set) {
    for (const held of value) poison(held, poisoned);
    value.clear();
  }
  for (const name of Reflect.ownKeys(value)) {
    const property = Reflect.getOwnPropertyDescriptor(value, name);
    if (property !== undefined && "value" in property) poison(property.value, poisoned);
    bar(value, name);
  }
  for (let above: unknown = Object.getPrototypeOf(value); isClass(above); above = Object.getPrototypeOf(above)) {
    for (const name of Reflect.ownKeys(above)) bar(value, name);
  }
}

/** Whether it has methods of its own kind; those that every object has stay usable, so that a failure can be shown. */
function isClass(prototype: unknown): prototype is object {
  return typeof prototype === "object" && prototype !== null && prototype !== Object.prototype;
}

function bar(owner: object, name: string | symbol): void {
  if (Reflect.getOwnPropertyDescriptor(owner, name)?.configurable === false) return;
  const refuse = (): never => {
    throw new Error(POISONED);
  };
  Reflect.defineProperty(owner, name, { configurable: true, get: refuse, set: refuse });
}
