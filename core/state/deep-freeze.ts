/**
 * Freezes plain objects and arrays, and what they, maps and sets hold: a function that changes a value got from state
 * without `update` is then found at once. Elements of typed arrays cannot be frozen.
 */
export function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return;
  Object.freeze(value);
  if (value instanceof Map) {
    for (const [key, held] of value) {
      deepFreeze(key);
      deepFreeze(held);
    }
  } else if (value instanceof Set) {
    for (const held of value) deepFreeze(held);
  } else {
    for (const field of Object.values(value)) deepFreeze(field);
  }
}

/**
 * What to freeze of the values of a kind of state: those that users are given. Accumulators are theirs to change;
 * lists and maps themselves belong to the state, which changes them in place.
 */
export function freezerOf(kind: string): ((value: unknown) => void) | undefined {
  switch (kind) {
    case "value":
    case "reducing":
      return deepFreeze;
    case "list":
      return (list) => {
        for (const element of list as Iterable<unknown>) deepFreeze(element);
      };
    case "map":
      return (map) => {
        for (const value of (map as UserValues).values()) deepFreeze(value);
      };
    default:
      return undefined;
  }
}

interface UserValues {
  values(): Iterable<unknown>;
}
