import { assert } from "../lib/assert.ts";
import { murmurHash } from "../lib/hash.ts";
import { type KeyId, keyHash } from "../data/key.ts";

/** The most key groups that a job can have, as in Flink. */
export const MAX_PARALLELISM_LIMIT = 32768;
const DEFAULT_MAX_PARALLELISM_MIN = 128;

/** Key groups `first…last` of a subtask, both inclusive. */
export interface KeyGroupRange {
  readonly first: number;
  readonly last: number;
}

/** The key group of a key: the same one as on Flink, wherever the key's hash is the same. */
export function keyGroupOf(id: KeyId, maxParallelism: number): number {
  return murmurHash(keyHash(id)) % maxParallelism;
}

/** The zero-based subtask that owns a key group. */
export function subtaskOf(group: number, parallelism: number, maxParallelism: number): number {
  return Math.floor((group * parallelism) / maxParallelism);
}

/** The key groups that a subtask owns: the inverse of `subtaskOf`. */
export function keyGroupRange(subtask: number, parallelism: number, maxParallelism: number): KeyGroupRange {
  assert(parallelism <= maxParallelism, "every subtask owns a key group");
  assert(0 <= subtask && subtask < parallelism, "a subtask's index is below the parallelism");
  return {
    first: Math.floor((subtask * maxParallelism + parallelism - 1) / parallelism),
    last: Math.floor(((subtask + 1) * maxParallelism - 1) / parallelism),
  };
}

/** Flink's formula: 1.5 times the parallelism, rounded up to a power of two, within 128…32768. */
export function defaultMaxParallelism(parallelism: number): number {
  const wanted = parallelism + Math.floor(parallelism / 2);
  let power = DEFAULT_MAX_PARALLELISM_MIN;
  while (power < wanted && power < MAX_PARALLELISM_LIMIT) power *= 2;
  return power;
}
