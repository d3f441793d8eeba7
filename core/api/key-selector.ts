import type { Partitioner } from "../graph/stream-graph.ts";
import { isExpression } from "../data/expression-compiler.ts";
import { columnKeySelector } from "../data/key-column.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";

/**
 * What a stream can be keyed by. Keys are equal by content: -0 is 0, NaN is one key, a bigint is the same key as the equal
 * number, and the order of an object's fields does not count. Inside arrays and objects null is a value.
 *
 * @example
 * ```ts
 * import { type Key, StreamExecutionEnvironment } from "tamias";
 *
 * const route = (flight: { from: string; to: string }): Key => [flight.from, flight.to];
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const routes = env
 *   .fromElements({ from: "JFK", to: "LAX" }, { from: "JFK", to: "LAX" })
 *   .keyBy(route)
 *   .countWindow(2)
 *   .apply((key, _window, _records, out) => out.collect(key));
 * console.log(await routes.executeAndCollect().toArray()); // [ [ 'JFK', 'LAX' ] ]
 * ```
 */
export type Key = string | number | boolean | bigint | StructuredKey;
type StructuredKey = readonly KeyPart[] | { readonly [field: string]: KeyPart };
type KeyPart = Key | null;

/** The fields of `T` that a stream can be keyed by: those that are always there. */
export type KeyField<T> = { [P in keyof T & string]-?: T[P] extends Key ? P : never }[keyof T & string];

/**
 * Chooses the subtask for a key, as a lambda or as Flink's object with `partition`.
 *
 * @example
 * ```ts
 * import { type CustomPartitioner, StreamExecutionEnvironment } from "tamias";
 *
 * const byLength: CustomPartitioner<string> = (key, parallelism) => key.length % parallelism;
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const words = env.fromElements("a", "bb").partitionCustom(byLength, (word) => word).map((word) => word).setParallelism(2);
 * console.log((await words.executeAndCollect().toArray()).sort()); // [ 'a', 'bb' ]
 * ```
 */
export type CustomPartitioner<K> =
  | ((key: K, parallelism: number) => number)
  | {
      /** @returns a whole number from 0 to parallelism − 1 */
      partition(key: K, parallelism: number): number;
    };

/**
 * A column by itself is the field of its name; any other expression is computed from each record.
 * @throws JobError INVALID_ARGUMENT for what is neither the name of a field nor a function nor an expression.
 */
export function keySelector<T>(step: string, key: unknown): (record: T) => unknown {
  if (typeof key === "string" && key !== "") return fieldSelector(key);
  if (typeof key === "function") return key as (record: T) => unknown;
  if (isExpression(key)) return key.node.op === "column" ? fieldSelector(key.node.name) : key.compiler.value(key).row;
  throw new JobError(
    "INVALID_ARGUMENT",
    `${step} takes the name of a field or a function such as (record) => record.user, but got ${show(key)}`,
  );
}

/** The columns that a key reads; none where a function computes it. */
export function keyColumns(key: unknown): Iterable<string> {
  if (typeof key === "string") return [key];
  return isExpression(key) ? key.columnNames : [];
}

function fieldSelector<T>(field: string): (record: T) => unknown {
  return columnKeySelector(field, (record: T) => fieldOf(record, field));
}

/** @throws JobError INVALID_KEY where the record has no such field, with those that it has. */
function fieldOf(record: unknown, field: string): unknown {
  if (typeof record !== "object" || record === null) {
    throw new JobError("INVALID_KEY", `the record has no field ${show(field)}, for it is no object: key it by a function, such as (record) => record`);
  }
  const value = (record as Readonly<Record<string, unknown>>)[field];
  if (value !== undefined || field in record) return value;
  throw new JobError("INVALID_KEY", `the record has no field ${show(field)}; it has ${Object.keys(record).map((name) => show(name)).join(", ")}`);
}

/** @throws JobError INVALID_ARGUMENT */
export function customPartitioner<T>(given: CustomPartitioner<never>, keyOf: (record: T) => unknown): Partitioner {
  if (typeof given === "function") return { kind: "custom", partition: given, keyOf };
  if (typeof given === "object" && given !== null && typeof given.partition === "function") {
    return { kind: "custom", partition: (key, parallelism) => given.partition(key, parallelism), keyOf };
  }
  throw new JobError(
    "INVALID_ARGUMENT",
    "partitionCustom takes a function such as (key, parallelism) => key % parallelism, or an object with the method partition, " +
      `but got ${show(given)}`,
  );
}
