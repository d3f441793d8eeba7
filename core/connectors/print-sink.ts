import type { Sink } from "./sink.ts";

/**
 * Prints each record on a line of the host's output, as Flink's `print()`: with `N> ` before it where there are several subtasks
 * (counted from 1), `name> ` where the sink has a name, `name:N> ` where both.
 */
export function printSink<T>(name: string = ""): Sink<T> {
  return {
    describe: () => (name === "" ? "print" : `print ${name}`),
    createWriter({ subtaskIndex, parallelism, print }) {
      const prefix = [...(name === "" ? [] : [name]), ...(1 < parallelism ? [String(subtaskIndex + 1)] : [])].join(":");
      const start = prefix === "" ? "" : `${prefix}> `;
      return {
        write: (record) => print(start + printed(record)),
        flush() {},
        close() {},
      };
    },
  };
}

/** A record as text, whole: strings as they are, everything else as JSON, with what JSON lacks written as in JavaScript. */
export function printed(record: unknown): string {
  if (typeof record === "string") return record;
  if (typeof record !== "object" || record === null) return scalar(record);
  return JSON.stringify(record, (_name, field: unknown) => {
    if (field instanceof Map) return { Map: [...field] };
    if (field instanceof Set) return { Set: [...field] };
    if (typeof field === "bigint" || typeof field === "function" || typeof field === "symbol") return scalar(field);
    return typeof field === "number" && !Number.isFinite(field) ? scalar(field) : field;
  });
}

function scalar(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `[function ${value.name || "anonymous"}]`;
  return Object.is(value, -0) ? "-0" : String(value);
}
