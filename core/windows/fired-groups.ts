import type { KeyId } from "../data/key.ts";
import { keyGroupOf, type KeyGroupRange } from "../state/key-groups.ts";

/** Up to which time the panes of these key groups have fired. */
export interface FiredRange extends KeyGroupRange {
  readonly until: number;
}

/**
 * Up to which time the panes of each key group have fired. Where subtasks become others, key groups come together whose subtasks stood at different times; each goes
 * on at its own, so that no pane fires twice, until time has passed all of them.
 */
export class FiredGroups {
  /** Ascending, without gaps. */
  readonly ranges: readonly FiredRange[];
  readonly least: number;
  readonly most: number;
  readonly #maxParallelism: number;

  constructor(ranges: readonly FiredRange[], maxParallelism: number) {
    this.ranges = ranges;
    this.least = Math.min(...ranges.map(({ until }) => until));
    this.most = Math.max(...ranges.map(({ until }) => until));
    this.#maxParallelism = maxParallelism;
  }

  of(key: KeyId): number {
    const group = keyGroupOf(key, this.#maxParallelism);
    return this.ranges.find(({ last }) => group <= last)?.until ?? this.least;
  }

  /** Whether what was due at this time is done for the key, or has begun to be; NaN is never due. */
  haveReached(key: KeyId, time: number): boolean {
    return time <= this.most && time <= this.of(key);
  }
}

/** What of these ranges lies within this one, ascending; all of it at `otherwise` where nothing is known. */
export function firedWithin(ranges: readonly FiredRange[], { first, last }: KeyGroupRange, otherwise: number): readonly FiredRange[] {
  const within = ranges
    .filter((range) => range.first <= last && first <= range.last)
    .map((range) => ({ first: Math.max(first, range.first), last: Math.min(last, range.last), until: range.until }))
    .sort((a, b) => a.first - b.first);
  return 0 < within.length ? within : [{ first, last, until: otherwise }];
}
