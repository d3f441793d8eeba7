import { keyId } from "../../core/data/key.ts";
import {
  javaBooleanHash,
  javaDoubleHash,
  javaFloatHash,
  javaIntHash,
  javaLongHash,
  javaStringHash,
  murmurHash,
} from "../../core/lib/hash.ts";
import { defaultMaxParallelism, keyGroupOf, keyGroupRange, subtaskOf } from "../../core/state/key-groups.ts";
import { windowStart } from "../../core/windows/time-window.ts";
import type { NamedCase } from "./case-kind.ts";
import { type Outcome, PASSED, differs, skipped } from "./outcome.ts";

interface KeyCase {
  readonly type: string;
  readonly key: string | number | boolean;
  readonly javaHashCode: number;
  /** By `maxParallelism_N`: the key group, and by `operatorIndex_pN` the subtask at parallelism N. */
  readonly assign: { readonly [maxParallelism: string]: { readonly [name: string]: number } };
}

interface TupleCase {
  /** As in `Tuple2("a",1:int)`. */
  readonly key: string;
  readonly hashCode: number;
  readonly kg128: number;
}

interface RangesCase {
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly ranges: readonly (readonly [number, number])[];
}

interface WindowStartCase {
  readonly size: number;
  readonly offset: number;
  readonly timestamp: string;
  readonly start: string;
}

interface KeyGroupFile {
  readonly "int -> [input, murmurHash, bitMix, jenkinsHash]"?: readonly (readonly [number, number, number, number])[];
  readonly keys?: readonly KeyCase[];
  readonly tuples?: readonly TupleCase[];
  readonly "ranges (inclusive)"?: readonly RangesCase[];
  readonly "computeDefaultMaxParallelism [parallelism,max]"?: readonly (readonly [number, number])[];
  readonly "TimeWindow.getWindowStartWithOffset"?: readonly WindowStartCase[];
}

function rows<R>(name: string, table: readonly R[] = [], label: (row: R) => string, run: (row: R) => Outcome): NamedCase[] {
  return table.map((row) => ({ id: `${name} ${label(row)}`, run: () => run(row) }));
}

/** The cases of `keygroups_and_hash.json`, which is one object of tables: a case for each row. */
export function keyGroupCases(content: KeyGroupFile): NamedCase[] {
  return [
    ...rows("murmurHash", content["int -> [input, murmurHash, bitMix, jenkinsHash]"], ([input]) => `${input}`, runMurmur),
    ...rows("key", content.keys, ({ type, key }) => `${type} ${JSON.stringify(key)}`, runKey),
    ...rows("tuple", content.tuples, ({ key }) => key, runTuple),
    ...rows("ranges", content["ranges (inclusive)"], (row) => `${row.parallelism} of ${row.maxParallelism}`, runRanges),
    ...rows("default maximum of", content["computeDefaultMaxParallelism [parallelism,max]"], ([input]) => `${input}`, runDefault),
    ...rows("window start", content["TimeWindow.getWindowStartWithOffset"], (row) => JSON.stringify(row), runWindowStart),
  ];
}

/** bitMix and the hash of Jenkins are in the row too; key groups do not use them. */
function runMurmur([input, expected]: readonly [number, number, number, number]): Outcome {
  const actual = murmurHash(input);
  return actual === expected ? PASSED : differs("murmurHash", expected, actual);
}

const JAVA_HASHES: { readonly [type: string]: (key: string) => number } = {
  String: javaStringHash,
  Integer: (key) => javaIntHash(Number(key)),
  Short: (key) => javaIntHash(Number(key)),
  Byte: (key) => javaIntHash(Number(key)),
  Character: (key) => javaIntHash(key.charCodeAt(0)),
  Long: (key) => javaLongHash(BigInt(key)),
  Boolean: (key) => javaBooleanHash(key === "true"),
  Double: (key) => javaDoubleHash(Number(key)),
  Float: (key) => javaFloatHash(Number(key)),
};

/**
 * The value that `keyBy` is given for a key of Java; undefined for the types that JavaScript has no counterpart of, and for numbers
 * that are other keys here (whole Doubles are Longs) or none (Longs beyond 2^53): of those only the hash is checked.
 */
function keyByValue(type: string, key: string | number | boolean): string | number | boolean | undefined {
  if (type === "String" || type === "Boolean") return key;
  const number = Number(key);
  if (type === "Long" && Number.isSafeInteger(number)) return number;
  return type === "Double" && Number.isFinite(number) && !Number.isInteger(number) ? number : undefined;
}

function runKey({ type, key, javaHashCode, assign }: KeyCase): Outcome {
  const javaHash = JAVA_HASHES[type];
  if (javaHash === undefined) return skipped(`the runner does not know the Java type ${type}`);
  const hash = javaHash(String(key));
  if (hash !== javaHashCode) return differs("javaHashCode", javaHashCode, hash);
  const value = keyByValue(type, key);
  for (const [name, expected] of Object.entries(assign)) {
    const maxParallelism = numberAfter("maxParallelism_", name);
    const group = value === undefined ? murmurHash(hash) % maxParallelism : keyGroupOf(keyId(value), maxParallelism);
    for (const [field, index] of Object.entries(expected)) {
      const actual = field === "keyGroup" ? group : subtaskOf(group, numberAfter("operatorIndex_p", field), maxParallelism);
      if (actual !== index) return differs(`${name}.${field}`, index, actual);
    }
  }
  return PASSED;
}

/** Tuples are types of Java and no keys here: only the arithmetic of their hash is checked, which is that of a list. */
function runTuple({ key, hashCode, kg128 }: TupleCase): Outcome {
  let hash = 0;
  for (const [, text, number, type] of key.matchAll(/"([^"]*)"|(-?\d+):(int|long)/g)) {
    const javaHash = JAVA_HASHES[text !== undefined ? "String" : type === "long" ? "Long" : "Integer"]!;
    const part = javaHash(text ?? number!);
    hash = (Math.imul(31, hash) + part) | 0;
  }
  if (hash !== hashCode) return differs("hashCode", hashCode, hash);
  const group = murmurHash(hash) % 128;
  return group === kg128 ? PASSED : differs("key group of 128", kg128, group);
}

function numberAfter(prefix: string, name: string): number {
  return Number(name.slice(prefix.length));
}

function runRanges({ parallelism, maxParallelism, ranges }: RangesCase): Outcome {
  const actual = ranges.map((_range, subtask) => {
    const { first, last } = keyGroupRange(subtask, parallelism, maxParallelism);
    return [first, last];
  });
  return JSON.stringify(actual) === JSON.stringify(ranges) ? PASSED : differs("ranges", ranges, actual);
}

function runDefault([parallelism, expected]: readonly [number, number]): Outcome {
  const actual = defaultMaxParallelism(parallelism);
  return actual === expected ? PASSED : differs("default maximum parallelism", expected, actual);
}

function runWindowStart({ size, offset, timestamp, start }: WindowStartCase): Outcome {
  if (!Number.isSafeInteger(Number(timestamp))) return skipped("the timestamp is beyond ±2^53, where numbers are not exact");
  const actual = windowStart(Number(timestamp), offset, size);
  return actual === Number(start) ? PASSED : differs("window start", start, actual);
}
