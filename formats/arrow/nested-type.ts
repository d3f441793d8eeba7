import { bool, type Field, field, float64, int64, list, struct, timestamp, TimeUnit, utf8 } from "@uwdata/flechette";
import { JobError } from "../../core/lib/errors.ts";
import { show } from "../../core/lib/show.ts";

/** A type of Arrow. */
export type DataType = Field["type"];

type Kind = "number" | "bigint" | "boolean" | "string" | "date" | "list" | "object";

/**
 * The one Arrow type that all these values have: dates, lists and plain objects with what is in them. Strings are plain strings
 * there, without dictionaries; parts without any value count as strings.
 *
 * @throws JobError NOT_SERIALIZABLE where they have several types, or one that Arrow does not have.
 */
export function nestedType(name: string, values: readonly unknown[]): DataType {
  const present = values.filter((value) => value !== null && value !== undefined);
  const kinds = new Set(present.map((value) => kindOf(name, value)));
  if (1 < kinds.size) {
    const reason = `the field "${name}" holds objects whose parts are of several types (${[...kinds].join(", ")})`;
    throw new JobError("NOT_SERIALIZABLE", `${reason}, and a column of Arrow holds one type; map the records first`);
  }
  const [kind] = kinds;
  switch (kind) {
    case "number":
      return float64();
    case "bigint":
      return int64();
    case "boolean":
      return bool();
    case "date":
      return timestamp(TimeUnit.MILLISECOND);
    case "list":
      return list(nestedType(name, present.flatMap((elements) => Array.from(elements as ArrayLike<unknown>))));
    case "object": {
      const names = new Set(present.flatMap((object) => Object.keys(object as object)));
      return struct([...names].map((part) => field(part, nestedType(name, present.map((object) => (object as Record<string, unknown>)[part])))));
    }
    default:
      return utf8();
  }
}

/** What has no type must not lose its content silently. */
function kindOf(name: string, value: unknown): Kind {
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "string") return typeof value as Kind;
  if (typeof value === "bigint" && BigInt.asIntN(64, value) === value) return "bigint";
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) return "list";
  if (value instanceof Date && !Number.isNaN(value.getTime())) return "date";
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) return "object";
  const why = typeof value === "bigint" ? "does not fit 64 bits" : "has no type in Arrow";
  throw new JobError("NOT_SERIALIZABLE", `the field "${name}" holds ${show(value)}, which ${why}; map the records first`);
}
