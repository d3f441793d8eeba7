const SHOWN_CHARACTERS_MAX = 200;

/** Prints any value on one line for an error message; never throws, never prints more than 200 characters. */
export function show(value: unknown): string {
  let text: string;
  try {
    text = typeof value === "string" ? JSON.stringify(value) : showValue(value);
  } catch {
    text = `[${typeof value} that cannot be printed]`;
  }
  return text.length <= SHOWN_CHARACTERS_MAX ? text : `${text.slice(0, SHOWN_CHARACTERS_MAX - 1)}…`;
}

function showValue(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `[function ${value.name || "anonymous"}]`;
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
  const text = JSON.stringify(value, (_key, field: unknown) => {
    if (typeof field === "bigint") return `${field}n`;
    if (field instanceof Map) return { Map: [...field] };
    if (field instanceof Set) return { Set: [...field] };
    return field;
  });
  return text ?? String(value);
}
